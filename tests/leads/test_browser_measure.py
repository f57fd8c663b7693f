"""The pages of campaigns and of action in a real browser: axe, themes, a phone."""

from __future__ import annotations

import os
import random
from datetime import timedelta

import pytest
from django.utils import timezone

from leads.analytics import facts
from leads.models import Activity, Campaign, ConsentEvent, Lead
from tests.leads.factories import LeadFactory, StaffFactory, delivered
from tests.leads.pages import page as address
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
NAMES = ["action", "rows", "campaign", "unknown"]
CAMPAIGNS = ["rennes-2026", "lettre-automne", "Rennes 26", "Congres_Exempleville", ""]


def people():
    """Invent twelve weeks of people who asked, some of whom were called."""
    rng = random.Random(4)
    staff = [
        StaffFactory(first_name=first, last_name="Exemple", group="Commercial")
        for first in ("Alix", "Dominique", "Sacha")
    ]
    for number in range(60):
        at = timezone.now() - timedelta(days=rng.randrange(80), hours=rng.randrange(24))
        lead = LeadFactory(
            owner=rng.choice([*staff, None]),
            organisation=f"Établissement de démonstration {number}",
        )
        campaign, source = rng.choice(CAMPAIGNS), rng.choice(["salon", "linkedin", ""])
        delivered(
            lead=lead,
            created_at=at,
            source={"utm_campaign": [campaign], "utm_source": [source]},
        )
        called = at + timedelta(days=rng.choice([0, 1, 2, 4, 9, 20]))
        if called < timezone.now() and rng.random() < 0.8:
            Lead.objects.filter(pk=lead.pk).update(first_contact_at=called)
            if rng.random() < 0.3:
                met = called + timedelta(days=2)
                Activity.objects.create(lead=lead, kind="rendez-vous", at=met)
    ConsentEvent.objects.create(
        lead=Lead.objects.filter(first_contact_at=None).first(),
        purpose="mesure",
        granted=False,
    )
    facts.refresh_all()


@pytest.fixture
def html(client):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    rennes = Campaign.objects.create(
        code="rennes-2026", name="Congrès de Rennes 2026", origin="salon"
    )
    Campaign.objects.create(
        code="lettre-automne", name="Lettre d’automne", origin="lettre"
    )
    people()
    client.force_login(StaffFactory(group="Marketing", username="marketing"))
    served = {
        "action": address("measure-action"),
        "rows": address("measure-action-rows", etape="contact", delai="3-5"),
        "campaign": address("leads_campaign_change", rennes.pk),
        "unknown": address("leads_campaign_unknown"),
    }
    return {name: client.get(url).text for name, url in served.items()}


@pytest.fixture
def open_page(new_page, html):
    """Open one of them under an address of the site."""

    def open_page(name, **options):
        page = new_page(**options)
        # Django's own side bar and theme remember themselves there.
        page.add_init_script("Storage.prototype.setItem = () => {}")
        page.route(
            "**/apercu/",
            lambda route: route.fulfill(
                body=html[name], content_type="text/html; charset=utf-8"
            ),
        )
        page.route(
            "**/jsi18n/", lambda route: route.fulfill(content_type="text/javascript")
        )
        page.goto("/apercu/")
        return page

    return open_page


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_day_and_night_at_any_width(open_page, name):
    page = open_page(name)
    page.evaluate(AXE)
    found = {}
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 800})
        for theme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=theme)
            if folder := os.environ.get("PICTURES"):
                page.screenshot(
                    path=f"{folder}/{name}-{width}-{theme}.png", full_page=True
                )
            asked = {"tags": TAGS, "rules": rules, "without": ()}
            if violations := page.evaluate(RUN, asked):
                found[width, theme] = violations
        wide = page.evaluate("() => document.documentElement.scrollWidth")
        assert wide <= width, (width, wide)
    assert not found, found
