"""The pages of an edition in a real browser: axe, both themes, a phone, the keys."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.utils import timezone
from PIL import Image

from reports import editions, inspection
from reports.models import Edition, Proof
from reports.personalisation import PERSONAS
from tests.leads.factories import StaffFactory, delivered
from tests.leads.pages import page as address
from tests.pages.staff import KEEP_NOTHING
from tests.pages.test_browser_axe import AXE, OF_COLOUR, RUN, TAGS

pytestmark = [pytest.mark.browser, pytest.mark.django_db]

CHECKS = [
    [s, s != "Poids du fichier", "En mots."] for s in inspection.SUBJECTS.values()
]
NAMES = ["proofs", "under way", "comparison", "publish", "erratum", "preview"]


@pytest.fixture
def html(client, monkeypatch):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    declared = editions.Declared("99.0", editions.fingerprint(), "Une note.")
    monkeypatch.setattr(editions, "PRESENT", declared)
    draft = Edition.objects.create(version="99.0")
    for persona in PERSONAS:
        Proof.objects.create(
            edition=draft, persona=persona, next_attempt_at=None, size=90_000,
            made_at=timezone.now(), folder="x", sha256="0" * 64, pages=3,
            mail_height=1000, changed=[2, 3], compared_with="98.0", checks=CHECKS,
            fingerprint=declared.fingerprint,
        )  # fmt: skip
    live = Edition.current()
    Proof.objects.create(edition=live, persona="dsi", pages=3)
    delivered()
    client.force_login(StaffFactory(group="Marketing"))
    erratum = address("edition_erratum", live.pk)
    served = {
        "proofs": client.get(address("edition_proofs", draft.pk)),
        "under way": client.get(address("edition_proofs", live.pk)),
        "comparison": client.get(address("edition_comparison", draft.pk, "dsi", 2)),
        "erratum": client.get(erratum),
        "preview": client.post(erratum, {"note": "Une ligne à corriger."}),
    }
    draft.proofs.update(checks=[])
    served["publish"] = client.get(address("edition_publish", draft.pk))
    return {name: response.text for name, response in served.items()}


@pytest.fixture
def open_page(new_page, html):
    """Open one of them under an address of the site, with images of their size."""
    image = BytesIO()
    Image.new("RGB", (661, 936), "#eef3f2").save(image, "PNG")

    def open_page(name, **options):
        page = new_page(kept=True, script=KEEP_NOTHING, **options)
        page.route(
            "**/epreuves/**.png",
            lambda route: route.fulfill(
                body=image.getvalue(), content_type="image/png"
            ),
        )
        page.route(
            "**/apercu/",
            lambda route: route.fulfill(
                body=html[name], content_type="text/html; charset=utf-8"
            ),
        )
        page.goto("/apercu/")
        return page

    return open_page


@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_on_the_pages_of_an_edition(new_page, open_page, name):
    # RGAA 13.1: who is disturbed by the reloading stops it with the link beside it.
    without = ("meta-refresh",) if name == "under way" else ()
    found = {}
    for dark, rules in ((False, None), (True, OF_COLOUR)):
        page = open_page(name, dark=dark)  # Before it reloads.
        page.evaluate(AXE)
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 800})
            asked = {"tags": TAGS, "rules": rules, "without": without}
            if violations := page.evaluate(RUN, asked):
                found[width, dark] = violations
    assert not found, found


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [320, 390, 1440])
def test_nothing_scrolls_sideways(new_page, open_page, name, width):
    page = open_page(name, width=width)
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= width


def test_the_reloading_of_a_page_under_way_can_be_stopped(new_page, open_page):
    page = open_page("under way", javascript=False)
    assert page.get_by_text("Ne plus recharger").get_attribute("href") == "?figer=1"


def test_the_gallery_is_walked_with_the_keyboard_without_javascript(
    new_page, open_page
):
    page = open_page("proofs", javascript=False)
    names = page.locator(".sheets a").all()
    assert len(names) == len(PERSONAS) * (3 + 2 + 2)
    for link in (names[0], names[-1]):
        link.focus()
        assert link.evaluate("e => e === document.activeElement")
        assert link.evaluate("e => e.textContent.trim() || e.querySelector('img').alt")
