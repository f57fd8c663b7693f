"""The banner of the alarm passes axe, day and night, on wide and narrow screens."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db.models.functions import Now

from leads.models import Probe
from tests.leads.factories import StaffFactory
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def cookie(client, settings):
    """The session of somebody of staff, while a step is late."""
    settings.SEED_MAILBOX = "sonde@santescopie.exemple.fr"
    Probe.objects.create(started_at=Now() - timedelta(minutes=12))
    client.force_login(StaffFactory(group=None, username="marketing"))
    return client.cookies[django_settings.SESSION_COOKIE_NAME].value


def test_axe_finds_nothing_in_the_banner(browser_thread, server, settings, cookie):
    settings.SESSION_COOKIE_NAME, settings.SESSION_COOKIE_SECURE = "sessionid", False

    def look():
        found = {}
        context = browser_thread.browser.new_context()
        context.add_cookies([{"name": "sessionid", "value": cookie, "url": server.url}])
        page = context.new_page()
        page.goto(f"{server.url}/admin/")
        page.evaluate(AXE)
        for theme, rules in (("light", None), ("dark", OF_COLOUR)):
            page.emulate_media(color_scheme=theme)
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 800})
                assert page.locator(".silence-alarm").is_visible()
                assert page.evaluate(
                    "document.documentElement.scrollWidth <= innerWidth"
                )
                asked = {"tags": TAGS, "rules": rules, "without": ()}
                if violations := page.evaluate(RUN, asked):
                    found[width, theme] = violations
        context.close()
        return found

    assert browser_thread.call(look) == {}
