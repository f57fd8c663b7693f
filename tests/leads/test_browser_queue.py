"""« Ma file » in a real browser: axe, both themes, a phone, the keys, no script."""

from __future__ import annotations

import pytest

from leads.models import Lead
from tests.browser import in_database
from tests.leads.factories import LeadFactory, StaffFactory, delivered
from tests.leads.pages import page as address
from tests.leads.test_work_queue import cast, days, wish
from tests.pages.staff import show, signed_in
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS
from tests.pages.test_browser_keyboard import walk

LONG = "Groupement hospitalier de territoire de démonstration-sur-l’Exemple"
NAMES = ["queue", "said", "section", "empty", "team", "login"]
pytestmark = pytest.mark.browser


@pytest.fixture
def html(db, client):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    user = StaffFactory(group="Commercial", first_name="Alix", last_name="Fictif")
    cast(user)
    late = LeadFactory(owner=user, next_action_on=days(-9), organisation=LONG)
    wish(delivered(lead__owner=user, lead__phone="+33199000000").lead)
    client.force_login(user)
    served = {
        "queue": client.get(address("index")),
        "section": client.get(address("index", section="promesse")),
        "said": client.post(
            address("leads_lead_postpone", late.pk), {"dans": "jour"}, follow=True
        ),
    }
    client.force_login(StaffFactory(group="Marketing"))
    served["team"] = client.get(address("index"))
    Lead.objects.update(is_test=True)
    served["empty"] = client.get(address("index"))
    client.logout()
    served["login"] = client.get(address("login"))
    return {name: response.text for name, response in served.items()}


@pytest.fixture
def open_page(new_page, html):
    return lambda name, **options: show(new_page, html[name], **options)


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing(new_page, open_page, name):
    found = {}
    page = open_page(name)
    page.evaluate(AXE)
    for dark, rules in ((False, None), (True, OF_COLOUR)):
        page.emulate_media(color_scheme="dark" if dark else "light")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            asked = {"tags": TAGS, "rules": rules, "without": ()}
            if violations := page.evaluate(RUN, asked):
                found[width, dark] = violations
    assert not found, found


@pytest.mark.parametrize("name", NAMES)
def test_nothing_scrolls_sideways(new_page, open_page, name):
    page = open_page(name)
    for width in (320, 390, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= width, width


@pytest.mark.parametrize("javascript", [True, False])
def test_every_line_is_walked_with_the_keyboard(new_page, open_page, javascript):
    page = open_page("said", javascript=javascript)
    page.evaluate("document.querySelectorAll('section:nth-of-type(n+3)')"
                  ".forEach(section => section.remove())")  # fmt: skip
    stops = list(walk(page))
    for stop in stops:
        assert stop["seen"] or "Aller" in stop["at"], stop
        assert stop["ring"], stop
    said = " ".join(stop["at"] for stop in stops)
    for name in ("Annuler", "Fait", "Reporter", "Autre date", "Ma file", "Contacts"):
        assert name in said, name


def test_targets_are_large_enough(new_page, open_page):
    page = open_page("queue", width=390)
    for selector in (".gestures .button", ".gestures summary", "tbody th a"):
        for target in page.locator(f".part {selector}").all():
            if target.is_visible():
                assert target.bounding_box()["height"] >= (
                    32 if "th" in selector else 44
                ), selector
    page.set_viewport_size({"width": 1280, "height": 800})
    for target in page.locator(".part :is(.button, summary)").all():
        if target.is_visible():
            assert target.bounding_box()["height"] >= 24


@pytest.fixture
def late(groups):
    """One of the sales staff, and whom they are late to call."""
    user = StaffFactory(group="Commercial")
    return user, [LeadFactory(owner=user, next_action_on=days(-2)) for _ in range(3)]


@pytest.mark.django_db(transaction=True)
def test_one_press_does_it_without_script(new_page, server, late):
    user, (first, second, third) = late
    with signed_in(new_page, server, user, javascript=False) as page:
        page.goto("/admin/")
        walk_without_script(page, first, second, third)


def walk_without_script(page, first, second, third):
    rows = page.locator("#retard tbody tr")
    assert rows.count() == 3

    rows.nth(0).get_by_role("button", name="Reporter").first.press("Enter")
    assert page.url.endswith(f"#ligne-{second.pk}")
    assert page.locator(".messagelist").inner_text().startswith(f"{first} : reporté"
        .replace(" :", "\u00a0:"))  # fmt: skip
    assert rows.count() == 2

    page.get_by_role("button", name="Annuler le report").press("Enter")
    assert rows.count() == 3

    rows.nth(1).get_by_role("button", name="Fait").press("Enter")
    assert "Appel noté" in page.locator(".messagelist").inner_text()
    assert page.url.endswith(f"#ligne-{third.pk}")

    rows.nth(1).locator("summary").press("Enter")
    rows.nth(1).get_by_label("Reporter au").fill(days(30).isoformat())
    rows.nth(1).get_by_label("Reporter au").press("Enter")
    assert rows.count() == 1
    planned = in_database(lambda: Lead.objects.get(pk=third.pk).next_action_on)
    assert planned == days(30)
