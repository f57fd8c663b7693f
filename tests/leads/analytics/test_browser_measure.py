"""The measure in a real browser: axe, both themes, a phone, no script, on paper."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from leads import fictitious
from leads.analytics import facts
from leads.models import Activity, AudienceCount, Lead, MeasureRun
from tests.leads.analytics.test_dashboard import audience
from tests.leads.factories import StaffFactory
from tests.leads.pages import page as address
from tests.pages.staff import KEEP_NOTHING
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
NAMES = ["dashboard", "filtered", "lines", "aggregates"]
OPEN = "for (const d of document.querySelectorAll('details')) d.open = {}"
SHOTS = os.environ.get("SHOTS")  # A folder: what the pages look like is kept there.


@pytest.fixture
def html(client):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    user = StaffFactory(group="Marketing", first_name="Claude", last_name="Exemple")
    fictitious.generate(120, seed=1)
    Lead.objects.filter(pk__in=Lead.objects.order_by("pk")[:40].values("pk")).update(
        owner=user
    )
    for lead in Lead.objects.order_by("pk")[:9]:
        Activity.objects.create(lead=lead, kind=Activity.Kind.MEETING)
    audience(random.Random(1))
    facts.refresh_all()
    failure = {
        "what": "remis du 3 novembre",
        "told": 12,
        "truth": 11,
        "by": "les envois",
    }
    MeasureRun.note(MeasureRun.Kind.CHECK, [failure])
    MeasureRun.note(MeasureRun.Kind.REFRESH)
    assert AudienceCount.objects.exists()
    client.force_login(user)
    served = {
        "dashboard": client.get(address("mesure", du="2026-11-01", au="2026-11-28")),
        "filtered": client.get(address("mesure", type="ch", region="53")),
        "lines": client.get(
            address("mesure_lines", tuile="retrieved", du="2026-09-01")
        ),
        "aggregates": client.get(
            address("mesure_lines", tuile="page", du="2026-03-01")
        ),
        "action": client.get(address("measure-action", du="2026-03-01")),
    }
    return {name: response.text for name, response in served.items()}


@pytest.fixture
def open_page(new_page, html):
    def open_page(name, **options):
        page = new_page(kept=True, script=KEEP_NOTHING, **options)
        page.route(
            "**/apercu/",
            lambda route: route.fulfill(
                body=html[name], content_type="text/html; charset=utf-8"
            ),
        )
        page.goto("/apercu/")
        return page

    return open_page


def test_axe_finds_nothing_and_nothing_scrolls_sideways(new_page, open_page):
    found = {}
    for name in NAMES:
        page = open_page(name)
        page.evaluate(AXE)
        for dark, rules in ((False, None), (True, OF_COLOUR)):
            page.emulate_media(color_scheme="dark" if dark else "light")
            page.evaluate(OPEN.format("true"))
            for width in (1280, 390, 320):
                page.set_viewport_size({"width": width, "height": 800})
                wide = page.evaluate("document.documentElement.scrollWidth")
                asked = {"tags": TAGS, "rules": rules, "without": ()}
                # Each run takes seconds: colours once, everything at both ends.
                told = width == 1280 or (width == 320 and not dark)
                violations = page.evaluate(RUN, asked) if told else []
                if violations or wide > width:
                    found[name, width, dark] = violations, wide
            page.evaluate(OPEN.format("false"))
            if SHOTS:
                shoot(page, f"{name}{'-dark' * dark}")
    assert not found, found


def test_people_and_cohorts_fit_a_phone_without_scrolling_sideways(open_page):
    for name in ("lines", "aggregates", "action"):
        page = open_page(name)
        page.set_viewport_size({"width": 390, "height": 800})
        wide = page.evaluate(
            "[...document.querySelectorAll('.wide')]"
            ".filter((box) => box.scrollWidth > box.clientWidth).length"
        )
        assert not wide, name
        assert page.locator(".stacked tbody tr").count() > 3


def shoot(page, name):
    """Keep what a page looks like, wide, on a phone and on paper."""
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 800})
        page.screenshot(path=Path(SHOTS) / f"{name}-{width}.png", full_page=True)
    page.emulate_media(media="print")
    page.set_viewport_size({"width": 794, "height": 1123})
    page.screenshot(path=Path(SHOTS) / f"{name}-print.png", full_page=True)
