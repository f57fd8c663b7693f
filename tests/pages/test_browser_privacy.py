"""The public pages call their own origin only and keep nothing with the visitor.

`new_page` watches every page of every test; here is what it watches for, proved on
pages that misbehave, and the pages and states one after the other.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from django.test import Client

from reports.models import Copy
from tests.browser import in_database
from tests.pages.states import COMPLETE, STATES, TO_CORRECT

pytestmark = pytest.mark.browser

# Wherever a browser may keep something of a visit; and what a banner would be.
KEPT = """async () => ({
  cookie: document.cookie,
  local: localStorage.length,
  session: sessionStorage.length,
  databases: (await indexedDB.databases()).length,
  caches: (await caches.keys()).length,
  workers: (await navigator.serviceWorker.getRegistrations()).length,
  banner: document.querySelectorAll(
    "dialog, [role=dialog], [role=alertdialog], [aria-modal], [id*=cookie]"
  ).length,
})"""
NOTHING = dict.fromkeys(
    ("local", "session", "databases", "caches", "workers", "banner"), 0
) | {"cookie": ""}
LIVE = (
    *("/", "/v/", "/confidentialite/", "/mentions-legales/", "/accessibilite/"),
    *("/plan-du-site/", "/mes-donnees/", "/mes-donnees/demande/"),
    *("/mes-donnees/effacees/", "/nulle-part/"),
)
OPENED = {"exemplaire", "v", "ce-n-est-pas-moi", "choix", "desinscription"} | {
    "mes-donnees"
}
# Of somebody's pages, one press each.
PRESSED = {
    "/choix/": "main form button",
    "/mes-donnees/": "main form button",
    "/desinscription/": "main form button",
}


def everything_that_is_somebodys(work, sink):
    """Post the form; return where that leads, and each page of that person."""
    from leads import unsubscribe
    from leads.models import Lead
    from tests.leads.rights import open_link

    visitor = Client(headers={"sec-fetch-site": "same-origin"})
    address = visitor.post("/", COMPLETE).url
    work()
    text = sink.messages[-1].mail.get_body(("plain",)).get_content()
    paths = [urlsplit(link).path for link in re.findall(r"https?://\S+/", text)]
    paths = [path for path in paths if path.split("/")[1] in OPENED]
    lead, copy = Lead.objects.get(), Copy.objects.get()
    paths.append(f"/v/{copy.reference}/")
    paths.append(f"/desinscription/{unsubscribe.token_of(lead.pk)}/")
    paths.append(open_link(visitor, lead.email, sink))
    return address, paths


@pytest.mark.parametrize("javascript", [True, False], ids=["script", "no script"])
def test_no_page_calls_elsewhere_or_keeps_anything(new_page, javascript):
    """R28, S26: every public page and state; `new_page` watches where they call."""
    page = new_page(javascript=javascript)
    for state in STATES.values():
        page.goto(state.path)
        if javascript:
            assert page.evaluate(KEPT) == NOTHING, state.name
    assert not page.context.cookies()


def test_a_post_to_correct_keeps_nothing(new_page):
    page = new_page()
    page.goto("/")
    page.fill("#id_email", TO_CORRECT["email"])
    page.click("#envoyer")
    page.wait_for_selector("[role=alert]")

    assert page.evaluate(KEPT) == NOTHING
    assert not page.context.cookies()


@pytest.mark.django_db(transaction=True)
def test_the_pages_that_are_served_keep_nothing(new_page, work, sink):
    """R28: the form posted, then every page that its mail leads to, and its posts."""
    page = new_page()
    for path in LIVE:
        page.goto(path)
        assert page.evaluate(KEPT) == NOTHING, path
    address, paths = in_database(everything_that_is_somebodys, work, sink)
    assert {path.split("/")[1] for path in paths} == OPENED
    for path in [address, *paths]:
        assert page.goto(path).status == 200, path
        assert page.evaluate(KEPT) == NOTHING, path
    for path, button in PRESSED.items():
        page.goto(next(one for one in paths if one.startswith(path)))
        with page.expect_navigation():
            page.click(button)
        assert page.evaluate(KEPT) == NOTHING, path
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
