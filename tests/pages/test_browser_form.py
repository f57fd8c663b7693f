"""What scripts add to the form: help beside a field, never a way of their own."""

from __future__ import annotations

import pytest

from leads.address_form import INVALID_EMAIL
from leads.addresses import suggestion
from leads.models import Submission
from tests.browser import in_database
from tests.pages.states import COMPLETE

pytestmark = pytest.mark.browser

COMBOBOX = "[role=combobox]"
SHOWN = """
() => [...document.querySelectorAll("[role=option]")]
  .filter((option) => option.checkVisibility())
  .map((option) => option.textContent)
"""


@pytest.fixture
def form_page(new_page):
    """Open the page at its form, once the scripts have taken hold of it."""

    def open_page(**options):
        page = new_page(**options)
        page.goto("/")
        page.wait_for_selector(COMBOBOX)
        return page

    return open_page


def fill(page, **changes):
    """Fill the form in as a visitor with scripts does."""
    answers = COMPLETE | changes
    for name in ("first_name", "last_name", "email", "organisation"):
        page.fill(f"#id_{name}", answers[name])
    for name in ("organisation_type", "job_function", "region"):
        option = page.locator(f"[name={name}] option[value='{answers[name]}']")
        page.fill(f"#id_{name}", option.text_content())
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")


# --- Fields -------------------------------------------------------------------------


def test_a_field_is_checked_when_it_is_left_and_never_while_typing(form_page, new_page):
    page = form_page()
    page.focus("#id_email")
    page.keyboard.type("zoe")
    assert not page.query_selector("#id_email_error")

    page.keyboard.press("Tab")
    assert INVALID_EMAIL in page.inner_text("#id_email_error")
    assert page.get_attribute("#id_email", "aria-invalid") == "true"
    described = page.get_attribute("#id_email", "aria-describedby").split()
    assert described == ["id_email_helptext", "id_email_error"]

    page.focus("#id_email")
    page.keyboard.press("End")
    page.keyboard.type("@chu-exemple.fr")
    assert not page.query_selector("#id_email_error")
    assert page.get_attribute("#id_email", "aria-invalid") == "false"
    assert page.get_attribute("#id_email", "aria-describedby") == "id_email_helptext"


def test_a_field_that_was_only_passed_through_is_not_blamed(form_page, new_page):
    page = form_page()
    page.focus("#id_first_name")
    for _ in range(8):
        page.keyboard.press("Tab")

    assert not page.query_selector(".error")


ADDRESSES = (
    "zoe@gmial.com",
    "zoe@gmail.fr",
    "zoe@orange.rf",
    "zoe@wandoo.fr",
    "zoe@lapsote.net",
    "zoe@hotmial.fr",
    "zoe@outlok.com",
    "zoe@frree.fr",
    "zoe@fere.fr",
    "zoe@chu-exemple.fr",
    "zoe@chu-exemple.con",
    "zoe@aphm.fr",
    "zoe@aphp.fr",
    "zoe@mail.com",
    "Zoe.Loeuf@Yaho.fr",
    "zoe@iclould.com",
    "zoe@sfr.fr",
    "zoe@a.fr",
)


def test_the_script_suggests_what_the_server_would(form_page, new_page):
    page = form_page()
    for address in ADDRESSES:
        page.fill("#id_email", address)
        page.focus("#id_organisation")
        button = page.query_selector(".suggestion button")
        assert (button.inner_text() if button else "") == suggestion(address), address


def test_a_suggestion_is_taken_by_a_press_and_the_focus_stays_near(form_page, new_page):
    page = form_page()
    page.fill("#id_email", "zoe@gmial.com")
    page.focus("#id_organisation")
    page.click(".suggestion button")

    assert page.input_value("#id_email") == "zoe@gmail.com"
    assert page.evaluate("() => document.activeElement.id") == "id_email"
    assert not page.query_selector(".suggestion button")


# --- The long lists -------------------------------------------------------------------


def test_typing_filters_a_list_whatever_the_accents(form_page, new_page):
    page = form_page()
    page.focus("#id_job_function")
    page.keyboard.type("systemes")
    shown = page.evaluate(SHOWN)
    assert shown == [
        "Direction des systèmes d’information",
        "Sécurité des systèmes d’information",
    ]
    assert page.get_attribute("#id_job_function", "aria-expanded") == "true"
    assert page.inner_text(".form > .unseen[role=status]") == "2 choix"

    page.keyboard.press("ArrowDown")
    active = page.get_attribute("#id_job_function", "aria-activedescendant")
    assert page.inner_text(f"[id='{active}']") == shown[0]
    page.keyboard.press("Enter")
    assert page.input_value("[name=job_function]") == "dsi"
    assert page.get_attribute("#id_job_function", "aria-expanded") == "false"


def test_a_code_or_a_word_that_means_one_choice_is_enough(form_page, new_page):
    page = form_page()
    for typed, code in (("dsi", "dsi"), ("pharma", "pharmacie"), ("CME", "cme")):
        page.fill("#id_job_function", typed)
        page.keyboard.press("Tab")
        assert page.input_value("[name=job_function]") == code


def test_what_means_nothing_is_told_beside_the_field(form_page, new_page):
    page = form_page()
    page.focus("#id_region")
    page.keyboard.type("Atlantide")
    assert len(page.evaluate(SHOWN)) == 20, "nothing found: all of them"
    told = "Aucun choix ne correspond\u00a0: les 20 sont montrés."
    assert page.inner_text(".form > .unseen[role=status]") == told
    page.keyboard.press("Tab")

    assert page.input_value("[name=region]") == ""
    assert "Choisissez votre région." in page.inner_text("#id_region_error")
    assert page.get_attribute("#id_region", "aria-describedby") == "id_region_error"


def test_escape_closes_a_list_and_keeps_the_choice(form_page, new_page):
    page = form_page()
    page.fill("#id_region", "Bretagne")
    page.keyboard.press("Tab")
    page.focus("#id_region")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")

    assert page.get_attribute("#id_region", "aria-expanded") == "false"
    assert page.input_value("[name=region]") == "53"
    assert page.input_value("#id_region") == "Bretagne"


def test_a_hospital_is_found_by_the_word_that_everybody_has(form_page):
    page = form_page()
    page.fill("#id_organisation_type", "hôpital")

    shown = page.evaluate(SHOWN)
    assert {"CHU ou CHR", "Centre hospitalier", "Hôpital de proximité"} <= set(shown)
    assert "EHPAD" not in shown


def test_what_is_shown_is_what_is_sent(form_page):
    page = form_page()
    page.fill("#id_region", "Bretagne")
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=alert]")  # The other answers are missing.
    assert page.input_value("[name=region]") == "53"

    # A browser fills a field in without giving it the focus.
    page.evaluate(
        """() => {
          const input = document.querySelector("#id_job_function");
          document.activeElement.blur();
          input.value = "Direction générale";
          input.dispatchEvent(new Event("input", { bubbles: true }));
        }"""
    )
    assert page.input_value("[name=job_function]") == "dg"


# --- Sending --------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_pressing_twice_sends_once_and_the_button_says_so(form_page, edition, new_page):
    page, posts = form_page(), []
    page.on(
        "request",
        lambda asked: (
            asked.is_navigation_request()
            and asked.method == "POST"
            and posts.append(asked)
        ),
    )
    fill(page)
    page.evaluate(
        "() => { const button = document.querySelector('#envoyer');"
        " button.click(); button.click();"
        " window.name = button.textContent + button.ariaDisabled }"
    )
    page.wait_for_url("**/suivi/**")

    assert len(posts) == 1
    assert page.evaluate("() => window.name") == "Envoi en cours…true"
    assert in_database(Submission.objects.count) == 1
    page.go_back()
    assert page.inner_text("#envoyer") == "Recevoir la synthèse"
    assert page.get_attribute("#envoyer", "aria-disabled") is None


def test_a_sending_that_was_stopped_can_be_tried_again(form_page):
    page = form_page(anew=True)  # Whose clock is ours.
    page.clock.install()
    # An answer without a page leaves this one where it is, as pressing Escape does.
    page.route("**/", lambda route: route.fulfill(status=204))
    fill(page)
    page.click("#envoyer", no_wait_after=True)
    page.wait_for_function("() => document.querySelector('#envoyer').ariaDisabled")
    page.clock.fast_forward(11_000)

    page.wait_for_function("() => !document.querySelector('#envoyer').ariaDisabled")
    assert page.inner_text("#envoyer") == "Recevoir la synthèse"


@pytest.mark.django_db(transaction=True)
def test_without_script_a_slip_is_asked_about_once(new_page, edition):
    page = new_page(javascript=False)
    page.goto("/")
    for name in ("first_name", "last_name", "organisation"):
        page.fill(f"#id_{name}", COMPLETE[name])
    for name in ("organisation_type", "job_function", "region"):
        page.select_option(f"#id_{name}", COMPLETE[name])
    page.fill("#id_email", "zoe@gmial.com")
    page.click("#envoyer")

    assert "Vouliez-vous dire zoe@gmail.com" in page.inner_text(".suggestion")
    page.check("#id_email_mended")
    page.click("#envoyer")

    assert "/suivi/" in page.url
    stored = in_database(Submission.objects.get)
    assert stored.email == "zoe@gmail.com"
