"""The page of a submission keeps itself true while somebody looks at it."""

from __future__ import annotations

import pytest
from django.test import Client

from leads.models import Submission
from tests.browser import in_database
from tests.pages.states import COMPLETE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def submit() -> str:
    """Post the form, and return the address of the submission's page."""
    answer = Client(headers={"sec-fetch-site": "same-origin"}).post("/", COMPLETE)
    assert answer.status_code == 303
    return answer.url


def test_the_state_changes_without_a_reload(new_page, work):
    page = new_page()
    page.goto(in_database(submit))
    page.evaluate("() => { window.sameDocument = true }")
    told = page.query_selector(".state")
    assert told.get_attribute("data-state") == "requested"

    work()
    page.wait_for_selector("[data-state=accepted]")

    assert page.evaluate("() => window.sameDocument")
    assert told.get_attribute("data-state") == "accepted", "the live region stays"
    assert "envoyée" in told.inner_text()
    assert page.query_selector(".steps .last.done")
    assert "pièce jointe" in page.inner_text(".next")


def test_nothing_is_changed_under_somebody_who_is_about_to_press(new_page, work):
    page = new_page()
    page.goto(in_database(submit))
    # A control such as the ones that offer to send again.
    page.evaluate(
        "() => { document.querySelector('.next').tabIndex = 0;"
        " document.querySelector('.next').focus() }"
    )

    work()
    with page.expect_response("**/suivi/**") as answer:
        pass
    assert answer.value.ok
    page.wait_for_timeout(200)
    assert page.get_attribute("[data-state]", "data-state") == "requested"

    page.evaluate("() => document.activeElement.blur()")
    page.wait_for_selector("[data-state=accepted]", timeout=15_000)


def test_a_server_that_is_away_leaves_the_page_as_it_is(
    new_page,
    edition,
):
    page = new_page()
    page.goto(in_database(submit))
    with page.expect_event("requestfailed"):
        page.route("**/suivi/**", lambda route: route.abort())

    assert page.get_attribute("[data-state]", "data-state") == "requested"
    assert in_database(Submission.objects.count) == 1
    new_page.close()
    # The browser itself tells of the answer that never came.
    assert all("ERR_FAILED" in fault for fault in new_page.faults)
    new_page.faults.clear()


def test_nothing_moves_while_nothing_has_changed(new_page, edition):
    page = new_page()
    page.goto(in_database(submit))
    page.wait_for_timeout(1100)  # For a second every page says the same (VEIL).
    page.evaluate(
        """() => {
          window.changes = 0;
          new MutationObserver((list) => { window.changes += list.length }).observe(
            document.querySelector("main"), { subtree: true, childList: true });
        }"""
    )
    for _ in range(2):
        with page.expect_response("**/suivi/**"):
            pass
    page.wait_for_timeout(100)

    assert page.evaluate("() => window.changes") == 0


def test_an_answer_that_never_comes_is_given_up(new_page, work):
    page = new_page(anew=True)  # Whose clock is ours.
    address = in_database(submit)
    page.clock.install()
    page.goto(address)
    held = []
    page.route("**/suivi/**", lambda route: held.append(route), times=1)
    page.clock.fast_forward(4_000)
    page.wait_for_timeout(500)
    assert held
    work()
    page.clock.fast_forward(11_000)  # No answer for ten seconds.
    page.wait_for_timeout(500)
    page.clock.fast_forward(31_000)  # Then half a minute until the next look.

    page.wait_for_selector("[data-state=accepted]")
    held[0].abort()
