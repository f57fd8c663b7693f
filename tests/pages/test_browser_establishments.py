"""Names proposed while one is typed: a choice fills two fields in, never forced."""

from __future__ import annotations

import pytest

from leads.models import Establishment, Submission
from tests.browser import in_database
from tests.leads.establishments.extracts import extract
from tests.leads.establishments.test_finding import load
from tests.pages.states import COMPLETE
from tests.pages.test_browser_form import fill

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
FIELD = "#id_organisation"
OPTION = f"{FIELD}_list [role=option]"


@pytest.fixture
def typing(new_page, edition):
    """Open the form over a register, and type into the establishment's field."""
    in_database(load, extract())

    def typing(text, **options):
        page = new_page(**options)
        page.goto("/")
        page.focus(FIELD)
        page.wait_for_selector(f"{FIELD}[role=combobox]")
        page.keyboard.type(text)
        return page

    yield typing
    in_database(Establishment.objects.all().delete)


def test_a_choice_made_with_the_keyboard_fills_two_other_fields(typing):
    page = typing("ch exem")
    page.wait_for_selector(OPTION)
    assert page.get_attribute(FIELD, "aria-expanded") == "true"

    page.keyboard.press("ArrowDown")
    active = page.get_attribute(FIELD, "aria-activedescendant")
    assert page.get_attribute(f"#{active}", "aria-selected") == "true"
    page.keyboard.press("Enter")

    assert page.input_value(FIELD) == "CH Exemple-sur-Vilaine"
    assert page.input_value("[name=establishment]") == "359000010"
    assert page.input_value("select[name=organisation_type]") == "ch"
    assert page.input_value("select[name=region]") == "53"
    assert page.input_value("#id_region") == "Bretagne"
    assert "Vous pouvez le changer" in page.inner_text(".field.organisation")
    assert page.get_attribute(FIELD, "aria-expanded") == "false"


def test_what_was_chosen_by_hand_is_left_alone(typing, new_page):
    page = new_page()
    page.goto("/")
    fill(page, organisation_type="chu", organisation="")
    page.focus(FIELD)
    page.keyboard.type("ch exemple")
    page.click(OPTION)

    assert page.input_value("select[name=organisation_type]") == "chu"


def test_another_name_is_nobodys_number_and_is_taken_as_it_is(typing):
    page = typing("ch exemple")
    page.click(OPTION)
    page.keyboard.type(" annexe")

    assert page.input_value("[name=establishment]") == ""
    fill(page, organisation="Maison sans registre")
    page.click("button[data-sending]")
    page.wait_for_url("**/suivi/**")

    found = in_database(Submission.objects.get)
    assert (found.organisation, found.establishment_id) == (
        "Maison sans registre",
        None,
    )


def test_escape_closes_and_tab_leaves_what_was_typed(typing):
    page = typing("ch exemple")
    page.wait_for_selector(OPTION)
    page.keyboard.press("Escape")
    assert not page.is_visible(OPTION)
    page.keyboard.press("Tab")

    assert page.input_value(FIELD) == "ch exemple"


def test_without_the_register_a_name_is_typed_whole(new_page, edition):
    page = new_page()
    page.goto("/")
    page.route("**/etablissements/**", lambda route: route.abort())
    fill(page)
    page.click("button[data-sending]")
    page.wait_for_url("**/suivi/**")

    assert in_database(Submission.objects.get).organisation == COMPLETE["organisation"]


@pytest.mark.parametrize("width", [320, 1280])
def test_the_list_stays_on_the_page(typing, width):
    page = typing("exemple", width=width)
    page.wait_for_selector(OPTION)

    box = page.locator(f"{FIELD}_list").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth") <= width
