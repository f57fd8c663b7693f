"""Every page of the admin, one by one: axe, day and night, wide and narrow."""

from __future__ import annotations

import pytest

from tests.leads.admin_pages import PAGES, address, everything, somebody_who_may_all
from tests.pages.staff import show
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

# Django's own chooser of permissions, which nobody but an administrator opens.
NOT_OURS = {"auth": ("aria-prohibited-attr",)}


@pytest.fixture(scope="module")
def responses():
    """What the house was served, once for all these tests: rows take time to write."""
    return {}


@pytest.fixture
def html(client, responses, name):
    if not responses:
        user = somebody_who_may_all()
        client.force_login(user)
        everything(user)
        rows = everything(user)
        responses.update({name: client.get(address(name, rows)) for name in PAGES})
    assert responses[name].status_code == 200
    return responses[name].text


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_nothing_and_nothing_scrolls_sideways(new_page, html, name):
    found = {}
    without = NOT_OURS.get(name.partition("_")[0], ())
    page = show(new_page, html)
    page.evaluate(AXE)
    for dark, rules in ((False, None), (True, OF_COLOUR)):
        page.emulate_media(color_scheme="dark" if dark else "light")
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            asked = {"tags": TAGS, "rules": rules, "without": without}
            if violations := page.evaluate(RUN, asked):
                found[width, dark] = violations
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[width, dark, "wide"] = wide
    assert not found, found
