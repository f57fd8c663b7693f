"""The list, its views and its gestures in a real browser: axe, keyboard, width."""

from __future__ import annotations

import pytest
from django.test import Client

from leads import batches
from leads.models import Batch, Lead, SavedView
from leads.tasks import work_batch
from tests.browser import in_database
from tests.leads.factories import (
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page as address
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LIST = "leads_lead_changelist"


@pytest.fixture
def staff(transactional_db, edition):
    user = StaffFactory(superuser=True, first_name="Dominique", last_name="Exemple")
    functions = ["dsi", "dg", "qualite", "service", "soins"]
    for number in range(60):
        lead = LeadFactory(
            first_name=["Camille", "Alix", "Maxence-Emmanuelle"][number % 3],
            organisation=[
                "Centre hospitalier intercommunal de Démonstration",
                "CHU d’Exemple",
                "EHPAD Les Fictifs",
            ][number % 3],
            job_function=functions[number % 5],
            owner=user if number % 2 else None,
            promised_on=f"2026-{11 if number % 4 else 12}-{10 + number % 15}",
            next_action="Rappeler la direction" if number % 3 == 0 else "",
            next_action_on="2026-12-01" if number % 3 == 0 else None,
            status=["nouveau", "a-qualifier", "perdu"][number % 3],
            closed_because="budget" if number % 3 == 2 else "",
        )
        if number % 5 == 0:
            delivered(lead=lead, source={"utm_source": ["lettre"]})
    for _ in range(3):
        SubmissionFactory(suspect=True, news_consent=True)
    SavedView.objects.create(owner=user, name="Bretagne", query="region__exact=53")
    SavedView.objects.create(
        owner=StaffFactory(first_name="Alix", last_name="Test"),
        name="Remis, jamais appelés",
        query="remis=oui&status__exact=nouveau",
        is_shared=True,
    )
    return user


@pytest.fixture
def sign_in(staff, new_page, server, settings, browser_thread):
    """Open pages as somebody who is signed in; their cookies go before the end."""
    # The server of the tests speaks HTTP, where a browser takes no __Host- cookie.
    settings.SESSION_COOKIE_NAME, settings.CSRF_COOKIE_NAME = "session", "csrf"
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = False
    client = Client()
    client.force_login(staff)
    key = client.cookies[settings.SESSION_COOKIE_NAME].value
    opened = []

    def open_page(**options):
        page = new_page(**options)
        page.context.add_cookies(
            [{"name": settings.SESSION_COOKIE_NAME, "value": key, "url": server.url}]
        )
        opened.append(page)
        return page

    yield open_page

    def leave():
        for page in opened:
            page.evaluate("localStorage.clear()")  # Where Django keeps its side bar.
            page.context.clear_cookies()

    browser_thread.call(leave)


def look(page):
    """Let axe look at both widths and themes."""
    found = {}
    page.evaluate(AXE)
    for width in (1280, 390):
        page.set_viewport_size({"width": width, "height": 900})
        for theme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=theme)
            asked = {"tags": TAGS, "rules": rules, "without": ()}
            if violations := page.evaluate(RUN, asked):
                found[width, theme] = violations
        wide = page.evaluate("document.documentElement.scrollWidth")
        if width == 1280 and wide > 1280:
            found["wide"] = wide
        inner = page.evaluate(
            "[...document.querySelectorAll('.results')].map("
            "(table) => [table.scrollWidth, table.clientWidth])"
        )
        if width == 1280 and any(needed > has for needed, has in inner):
            found["table"] = inner
    assert not found, found


def test_the_list_its_views_and_its_empty_state(sign_in):
    page = sign_in()
    for query in (
        {},
        {"region__exact": "53"},
        {"status__exact": "perdu", "responsable": "moi"},
        {"q": "personne de ce nom", "remis": "oui"},
    ):
        page.goto(address(LIST, **query))
        look(page)


def test_the_suspects(sign_in):
    page = sign_in()
    page.goto(address("leads_suspect_changelist"))
    look(page)
    page.click("#result_list tbody a")
    look(page)


def test_views_are_managed(sign_in):
    page = sign_in()
    page.goto(address("leads_savedview_changelist"))
    look(page)
    page.click("#result_list a[href*=change]")
    look(page)


@pytest.mark.parametrize("javascript", [True, False])
def test_a_list_is_kept_under_a_name(sign_in, javascript):
    page = sign_in(javascript=javascript)
    page.goto(address(LIST, region__exact="53", q="camille"))
    page.click(".view-tools summary")
    page.fill(".view-tools input[name=name]", "Camille en Bretagne")
    page.check(".view-tools input[name=is_shared]")
    page.click(".view-tools button")
    assert page.inner_text(".views [aria-current]") == "Camille en Bretagne"
    assert in_database(SavedView.objects.filter(is_shared=True).count) == 2


@pytest.mark.parametrize("javascript", [True, False])
def test_a_gesture_is_chosen_confirmed_and_told(sign_in, javascript):
    page = sign_in(javascript=javascript)
    page.goto(address(LIST, responsable="personne"))
    boxes = page.locator("#result_list tbody input[type=checkbox]")
    for number in range(3):
        boxes.nth(number).check()
    page.select_option("select[name=action]", "assign_to")
    page.click("button[name=index]")
    assert "3\u00a0contacts" in page.inner_text("h1")
    if javascript:
        look(page)
        page.set_viewport_size({"width": 1280, "height": 900})
    page.click("button.default")
    assert "Rien n’a été fait" in page.inner_text(".errornote")
    page.select_option("select[name=to]", label="Dominique Exemple")
    page.click("button.default")
    assert "3 contacts confiés" in page.inner_text(".messagelist")
    assert page.url.endswith("responsable=personne")


@pytest.fixture
def long_batch(staff):
    keys = list(Lead.objects.values_list("pk", flat=True))
    batch = batches.draft(staff, "test", keys, back=address(LIST))
    batches.confirm(batch)
    return batch


def test_a_long_gesture_is_watched_to_its_end(sign_in, long_batch):
    page = sign_in()
    page.goto(address("leads_batch_change", long_batch.pk))
    look(page)
    page.set_viewport_size({"width": 1280, "height": 900})

    in_database(work_batch, long_batch.pk, long_batch.lease_no)

    page.wait_for_selector(".outcomes")
    assert "63 sur 63 contacts, terminée." in page.inner_text(".told")
    assert page.get_attribute("progress", "value") == "63"
    assert not page.query_selector("button[name=ordre]")
    look(page)
    page.goto(address("leads_batch_changelist"))
    look(page)


def test_a_long_gesture_is_stopped_and_resumed_without_scripts(sign_in, long_batch):
    page = sign_in(javascript=False)
    page.goto(address("leads_batch_change", long_batch.pk) + "?figer=1")
    page.click("button[value=arreter]")
    assert "arrêtée" in page.inner_text(".told")
    page.click("button[value=reprendre]")
    assert "en attente" in page.inner_text(".told")
    assert in_database(Batch.objects.get).next_attempt_at
