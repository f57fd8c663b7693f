"""The public pages call their own origin only and keep nothing with the visitor.

`new_page` watches every page of every test; here is what it watches for, proved on
pages that misbehave, and the pages and states one after the other.
"""

from __future__ import annotations

import pytest

from tests.pages.states import STATES, TO_CORRECT

pytestmark = pytest.mark.browser

KEPT = "() => [document.cookie, localStorage.length, sessionStorage.length]"


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_no_page_calls_elsewhere_or_keeps_anything(new_page, javascript):
    page = new_page(javascript=javascript)
    for state in STATES.values():
        page.goto(state.path)
        if javascript:
            assert page.evaluate(KEPT) == ["", 0, 0], state.name
    assert not page.context.cookies()


def test_a_post_to_correct_keeps_nothing(new_page):
    page = new_page()
    page.goto("/")
    page.fill("#id_email", TO_CORRECT["email"])
    page.click("#envoyer")
    page.wait_for_selector("[role=alert]")

    assert page.evaluate(KEPT) == ["", 0, 0]
    assert not page.context.cookies()


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ("() => fetch('http://127.0.0.1:1/').catch(() => 0)", "called http://127"),
        ("() => { document.cookie = 'visitor=1' }", "cookie visitor"),
        ("() => { localStorage.visitor = 1 }", "storage of"),
        ("() => { setTimeout(() => { throw Error('lost') }) }", "script: "),
        ("() => { console.error('lost') }", "console: lost"),
        ("() => fetch('/absent').then(() => 0)", "404 for "),
        (
            "() => { document.body.setAttribute('style', 'color:red');"
            " document.head.appendChild(document.createElement('style')).textContent"
            " = 'p {color: red}' }",
            "policy: style-src-elem",
        ),
    ],
    ids=["origin", "cookie", "storage", "script", "console", "status", "policy"],
)
def test_what_is_watched_for_is_seen(new_page, act, told):
    # The policy stops a call before it is one.
    page = new_page(bypass_csp=told.startswith("called"))
    page.goto("/plan-du-site/")
    page.evaluate(act)
    page.wait_for_timeout(100)
    page.context.storage_state()

    new_page.close()

    assert any(told in fault for fault in new_page.faults), new_page.faults
    new_page.faults.clear()
