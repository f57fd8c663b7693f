"""An objection to the measure takes the day out of every page and file, past included.

One retrieval is of a day that nothing else is of: it is looked for everywhere.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from leads import call_sheet
from leads.analytics import facts
from leads.analytics.tiles import TILES
from leads.models import ConsentEvent
from tests.leads.admin_pages import PAGES, address, everything, somebody_who_may_all
from tests.leads.factories import HitFactory
from tests.leads.pages import page
from tests.leads.test_call_sheet import pages as texts_of

pytestmark = [pytest.mark.django_db, pytest.mark.logs("django.request")]
DAY = datetime(2001, 2, 3, 10, tzinfo=UTC)
SAID = ("03/02/2001", "03/02/01", "2001-02-03", "3 février 2001")


@pytest.fixture
def rows(client):
    user = somebody_who_may_all()
    client.force_login(user)
    found = everything(user)
    found["reports_hit"].delete()
    found["reports_hit"] = HitFactory(copy=found["reports_copy"], at=DAY)
    facts.refresh_all()
    return found


def text_of(response):
    """Return what a page or a file says, whatever its spaces."""
    content = b"".join(response.streaming_content) if response.streaming else None
    return " ".join((content.decode() if content else response.text).split())


def pages_and_sheet(client, rows):
    yield from ((name, text_of(client.get(address(name, rows)))) for name in PAGES)
    sheet = "".join(texts_of(call_sheet.render([rows["leads_lead"].pk])))
    yield "call sheet", " ".join(sheet.split())


def figures(client):
    for tile in TILES:
        asked = {"tuile": tile.key}
        yield f"rows of {tile.key}", text_of(client.get(page("mesure_lines", **asked)))
        yield f"file of {tile.key}", text_of(client.post(page("mesure_csv", **asked)))


def naming_the_day(texts):
    return {name for name, text in texts if any(day in text for day in SAID)}


def test_the_day_of_who_objects_is_told_nowhere(client, rows):
    shown = naming_the_day(pages_and_sheet(client, rows))
    assert {"leads_lead_changelist", "leads_lead_change", "call sheet"} <= shown
    assert "reports_hit_changelist" in shown
    counted = naming_the_day(figures(client))
    assert {"rows of retrieved", "rows of retrievals"} <= counted
    assert {"file of retrieved", "file of retrievals"} <= counted

    ConsentEvent.objects.create(
        lead=rows["leads_lead"], purpose="mesure", granted=False
    )

    assert not naming_the_day(pages_and_sheet(client, rows))
    assert not naming_the_day(figures(client))  # Facts a minute old.
    facts.refresh_all()
    assert not naming_the_day(figures(client))
