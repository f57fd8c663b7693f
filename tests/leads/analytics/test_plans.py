"""No figure reads a big table from end to end: an index finds what it is made of.

Where sequential scans are put last, a plan has one only if no index can answer: that
depends on the indexes, and neither on statistics nor on how many rows there are.
"""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from leads.analytics import facts
from tests.leads.factories import HitFactory, LeadFactory, delivered
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
BIG = {
    "leads_lead",
    "leads_submission",
    "leads_leadfacts",
    "leads_daybits",
    "leads_audiencecount",
    "leads_activity",
    "reports_copy",
    "reports_hit",
    "outbox_message",
}
FILTERS = [{}, {"type": "ch"}, {"type": "ch", "source": "salon", "campagne": "aucun"}]
PAGES = [
    ("mesure", {}),
    *(
        ("mesure_lines", {"tuile": key})
        for key in ("leads", "won", "submissions", "retrievals", "set_aside", "page")
    ),
    ("mesure_lines", {"tuile": "set_aside", "regle": "too-soon"}),
    ("measure-action", {}),
    ("measure-action-rows", {"etape": "rendez-vous", "delai": "3-5"}),
]


@pytest.mark.parametrize("asked", FILTERS, ids=["all", "one cut", "three"])
@pytest.mark.parametrize("group", ["Marketing", "Commercial"])
def test_an_index_finds_what_every_figure_is_made_of(client, sign_in, group, asked):
    user = sign_in(group)
    copy = delivered(lead=LeadFactory(owner=user, organisation_type="ch")).copy
    HitFactory(copy=copy)
    HitFactory(copy=copy, gateway=True)
    facts.refresh_all()
    today = timezone.localdate()
    year = {"du": str(today - timedelta(days=364)), "au": str(today)}
    statements = []

    def note(execute, sql, params, many, context):
        statements.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        for name, more in PAGES:
            response = client.get(page(name, **year, **asked, **more))
            assert response.status_code == 200

    # The view of the audience reads its hours.
    names = {*BIG, "leads_audience"}
    big = [row for row in statements if any(name in row[0] for name in names)]
    assert len(big) >= len(PAGES)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        for sql, params in big:
            cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
            plan = cursor.fetchone()[0]
            plan = json.loads(plan) if isinstance(plan, str) else plan
            for node in nodes(plan[0]["Plan"]):
                whole = node["Node Type"] == "Seq Scan"
                assert not whole or node["Relation Name"] not in BIG, (node, sql)


def nodes(node):
    yield node
    for child in node.get("Plans", ()):
        yield from nodes(child)
