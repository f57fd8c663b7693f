"""The page of a person, during a call: keyboard, phone, night, no script."""

from __future__ import annotations

import pytest
from django.urls import reverse

from leads.models import Activity
from tests.browser import in_database
from tests.pages.staff import signed_in, somebody
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS
from tests.pages.test_browser_keyboard import FROM_THE_TOP, walk
from tests.pages.test_browser_layout import SMALL, SPILLS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.usefixtures("edition"),
]
LOG = ".lead-log"


@pytest.fixture
def scene():
    user, lead = somebody()
    return user, lead, reverse("admin:leads_lead_change", args=[lead.pk])


def test_a_call_and_the_next_date_take_three_presses(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user, javascript=False) as page:
        page.goto(url)
        page.click(f"{LOG} label:has-text('message laissé')")
        page.click(f"{LOG} label:has-text('dans 3 jours')")
        page.click(f"{LOG} button:has-text('Enregistrer')")

        assert page.inner_text(".messagelist").startswith("Noté. Appel")
        assert "Appel\u00a0: message laissé" in page.inner_text(".lead-timeline")
    assert in_database(Activity.objects.filter(outcome="message").count) == 1


def test_the_keyboard_alone_logs_a_call(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user) as page:
        page.goto(url)
        page.focus("#id_call_outcome_0")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("Rappeler après le comité.")
        page.keyboard.press("Tab")
        page.keyboard.type("Rappeler")
        page.keyboard.press("Tab")
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.wait_for_selector(".messagelist")

        told = page.inner_text(".lead-timeline")
        assert "Rappeler après le comité." in told
        assert "Rappeler" in page.inner_text(".lead-due")


def test_the_focus_is_always_seen(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user, reduced_motion="reduce") as page:
        page.goto(url)
        page.evaluate(FROM_THE_TOP)
        inside = "() => document.activeElement.closest('#content') !== null"
        stops = [stop for stop in walk(page) if page.evaluate(inside)]
        assert len(stops) > 15
        for stop in stops:
            assert stop["ring"], f"no visible focus: {stop}"
            assert stop["seen"], f"out of sight: {stop}"


def test_what_came_of_it_is_asked_of_what_is_logged(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user, javascript=False) as page:
        page.goto(url)
        assert page.is_visible(".call_outcome")
        assert not page.is_visible(".mail_outcome")
        page.click(f"{LOG} .kind label:has-text('courriel')")
        assert page.is_visible(".mail_outcome")
        assert not page.is_visible(".call_outcome")


def test_an_error_is_said_where_it_is_and_keeps_what_was_typed(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user) as page:
        page.goto(url)
        page.fill(f"{LOG} textarea", "Ce qui s’est dit.")
        page.click(f"{LOG} button:has-text('Enregistrer')")

        assert page.title().startswith("Erreur")
        focused = page.evaluate("() => document.activeElement.className")
        assert focused == "errornote"
        assert page.input_value(f"{LOG} textarea") == "Ce qui s’est dit."
        page.evaluate(AXE)
        asked = {"tags": TAGS, "rules": None, "without": ()}
        assert page.evaluate(RUN, asked) == []


@pytest.mark.parametrize("width", [320, 390, 1024, 1280])
def test_nothing_spills_and_targets_can_be_hit(new_page, server, scene, width):
    user, _, url = scene
    with signed_in(new_page, server, user, width=width) as page:
        page.goto(url)
        page.click("summary")
        wide = "() => document.documentElement.scrollWidth - innerWidth"
        assert page.evaluate(wide) <= 0, page.evaluate(SPILLS)
        ours = "document.querySelector('#content').querySelectorAll("
        small = page.evaluate(SMALL.replace("document.querySelectorAll(", ours))
        assert not small, small


def test_on_a_phone_it_reads_who_log_next_then_the_past(new_page, server, scene):
    user, _, url = scene
    with signed_in(new_page, server, user, width=390) as page:
        page.goto(url)
        parts = (".lead-head", LOG, ".lead-follow-up", ".lead-timeline", ".lead-more")
        tops = [page.locator(part).bounding_box()["y"] for part in parts]
        assert tops == sorted(tops)
        page.set_viewport_size({"width": 1280, "height": 800})
        log = page.locator(LOG).bounding_box()
        beside = page.locator(".lead-follow-up").bounding_box()
        assert beside["x"] > log["x"] + log["width"] - 1
        assert beside["y"] == log["y"]


def test_axe_finds_nothing_day_and_night(new_page, server, scene):
    user, _, url = scene
    found = {}
    with signed_in(new_page, server, user) as page:
        page.goto(url)
        page.click("summary")
        page.evaluate(AXE)
        for theme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=theme)
            for width in (1280, 360):
                page.set_viewport_size({"width": width, "height": 800})
                asked = {"tags": TAGS, "rules": rules, "without": ()}
                if violations := page.evaluate(RUN, asked):
                    found[theme, width] = violations
    assert not found, found
