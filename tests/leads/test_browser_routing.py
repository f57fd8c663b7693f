"""The pages of the rules in a real browser: axe, both themes, a phone, the keys."""

from __future__ import annotations

import pytest
from django.utils import timezone

from leads.models import StaffProfile
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import page as address
from tests.leads.routing import away, rule, sales
from tests.pages.staff import show
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db]
NAMES = [
    "rules", "form", "simulated", "current", "deletion", "delete", "route",
    "profiles", "profile", "absences", "absence",
]  # fmt: skip


@pytest.fixture
def html(client):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    camille, dominique = sales("Camille", cap=3), sales("Dominique")
    first = rule(camille, types=["chu", "ch"], regions=["53"])
    rule(dominique, functions=["dsi", "rssi"], campaign="salon exemple")
    rule(dominique)
    away(dominique, before=-30, after=40)
    for number in range(6):
        owner = [camille, dominique, None][number % 3]
        LeadFactory(owner=owner, routed_at=timezone.now())
    client.force_login(StaffFactory(group="Marketing"))
    form = address("leads_routingrule_change", first.pk)
    data = {"person": dominique.pk, "is_active": "on", "_simulate": "1"}
    profile = StaffProfile.objects.get()
    served = {
        "rules": client.get(address("leads_routingrule_changelist")),
        "form": client.get(form),
        "simulated": client.post(form, data),
        "current": client.get(address("rules_simulate")),
        "deletion": client.get(address("rule_without", first.pk)),
        "delete": client.get(address("leads_routingrule_delete", first.pk)),
        "route": client.get(address("rules_route")),
        "profiles": client.get(address("leads_staffprofile_changelist")),
        "profile": client.get(address("leads_staffprofile_change", profile.pk)),
        "absences": client.get(address("leads_absence_changelist")),
        "absence": client.get(address("leads_absence_add")),
    }
    return {name: response.text for name, response in served.items()}


@pytest.fixture
def open_page(new_page, html):
    return lambda name, **options: show(new_page, html[name], **options)


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(new_page, open_page, name):
    found = {}
    page = open_page(name)
    page.evaluate(AXE)
    for dark, rules in ((False, None), (True, OF_COLOUR)):
        page.emulate_media(color_scheme="dark" if dark else "light")
        for width in (1280, 320):
            page.set_viewport_size({"width": width, "height": 800})
            asked = {"tags": TAGS, "rules": rules, "without": ()}
            if violations := page.evaluate(RUN, asked):
                found[width, dark] = violations
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[width, dark, "wide"] = wide
    assert not found, found


def test_the_keys_alone_check_a_box_and_find_the_button(new_page, open_page):
    page = open_page("form", javascript=False)
    page.focus("#id_types_0_0")
    page.keyboard.press("Space")
    assert not page.is_checked("#id_types_0_0")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "id_types_0_1"
    page.focus("#id_campaign")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "_simulate"


def test_a_button_of_the_list_is_large_enough_and_says_which_rule(new_page, open_page):
    page = open_page("rules", width=390)
    buttons = page.locator("#result_list button")
    assert buttons.all_inner_texts()[0].endswith("la règle n°\u00a01")
    for box in (button.bounding_box() for button in buttons.all()):
        assert box["height"] >= 44
