"""No page of the admin costs more statements where there are more rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.leads.admin_pages import PAGES, address, everything, somebody_who_may_all
from tests.leads.factories import StaffFactory

pytestmark = pytest.mark.django_db
# Session, user and two queries of permissions included; and the line of the journal.
MOST = 12 + 1
MANY = 8
# As one of them sees it; the guide's and the figures' cost does not depend on who.
EVERYBODY = ["Commercial", "Marketing", "DPO", None]


def costs(client, rows):
    """Return how many statements each page takes; None where it is refused."""
    found = {}
    for name in PAGES:
        with CaptureQueriesContext(connection) as queries:
            response = client.get(address(name, rows))
        found[name] = len(queries) if response.status_code == 200 else None
    return found


@pytest.mark.logs("django.request")
@pytest.mark.parametrize("group", EVERYBODY)
def test_no_page_costs_more_than_twelve_statements_few_rows_or_many(client, group):
    user = StaffFactory(group=group) if group else somebody_who_may_all()
    client.force_login(user)
    few = costs(client, everything(user))
    for _ in range(MANY):
        rows = everything(user)
    many = costs(client, rows)

    opened = [name for name, cost in many.items() if cost]
    assert opened == PAGES if group is None else len(opened) > 20
    dear = {name: (few[name], many[name]) for name in opened if many[name] > MOST}
    assert not dear
    growing = {n: (few[n], many[n]) for n in opened if many[n] > few[n] + 1}
    assert not growing
