"""What a real browser tells of a visit: each step once, and nothing without scripts."""

from __future__ import annotations

from urllib.parse import parse_qs

import pytest

from leads.models import AudienceCount
from tests.browser import in_database

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
# A browser that is driven says so; a visitor's says nothing.
NOT_DRIVEN = (
    "Object.defineProperty(Navigator.prototype, 'webdriver', {get: () => false})"
)
# A headless one says so in its agent string too.
AGENT = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36"
)


@pytest.fixture
def counting(new_page, settings):
    """The site as it is: elsewhere nothing stands behind the audience's address."""
    settings.ROOT_URLCONF = "santescopie.urls"


@pytest.fixture
def visit(new_page):
    """Open the landing page and return (page, what it tells, as it tells it)."""

    def open_page(address="/?utm_source=LinkedIn&utm_campaign=rien&nom=Zoe", **options):
        page, told = new_page(user_agent=AGENT, **options), []
        if options.get("javascript", True):
            page.add_init_script(NOT_DRIVEN)
        page.on(
            "request",
            lambda asked: (
                told.append(parse_qs(asked.post_data, keep_blank_values=True))
                if asked.url.endswith("/mesure/")
                else None
            ),
        )
        page.goto(address, wait_until="networkidle")
        return page, told

    return open_page


def steps(told):
    return [said["step"][0] for said in told]


def counted():
    rows = AudienceCount.objects.order_by("pk")
    return [(row.step, row.field, row.origin, row.robot) for row in rows]


def test_each_step_is_told_once_and_nothing_else(counting, visit):
    page, told = visit(height=700)
    assert steps(told) == ["page"]

    page.locator("form.form").scroll_into_view_if_needed()
    page.wait_for_timeout(200)
    page.evaluate("scrollTo(0, 0)")
    page.locator("form.form").scroll_into_view_if_needed()
    page.fill("#id_first_name", "Zoë")
    page.fill("#id_last_name", "Fictif")
    page.click("#envoyer")
    page.wait_for_load_state("networkidle")

    assert page.title().startswith("Erreur")
    assert steps(told[:4]) == ["page", "form", "started", "submitted"]
    # The page of errors tells of its fields, once each, and of no second visit.
    assert set(steps(told[4:])) == {"error"}
    assert [said["field"][0] for said in told[4:]] == [
        "email", "organisation", "organisation_type", "job_function", "region",
    ]  # fmt: skip
    assert {key for said in told for key in said} == {
        "step", "field", "source", "campaign",
    }  # fmt: skip
    assert "Zo" not in str(told)

    page.fill("#id_email", "zoe@exemple.fr")
    page.click("#envoyer")
    page.wait_for_load_state("networkidle")
    assert set(steps(told[9:])) == {"error"}

    rows = in_database(counted)
    assert {row[:2] for row in rows} >= {("page", ""), ("error", "email")}
    assert {row[2:] for row in rows} == {("reseau-social", False)}


def test_a_driven_browser_says_so_and_counts_as_a_robot(counting, new_page):
    page = new_page(user_agent=AGENT)
    page.goto("/", wait_until="networkidle")

    assert {row[0::3] for row in in_database(counted)} >= {("page", True)}
    assert {row[3] for row in in_database(counted)} == {True}


def test_without_scripts_nothing_is_told(counting, visit):
    page, told = visit(javascript=False)
    page.fill("#id_first_name", "Zoë")
    page.click("#envoyer")
    page.wait_for_load_state("networkidle")

    assert told == []
    assert not in_database(counted)


def test_other_pages_tell_nothing(visit):
    for address in ("/confidentialite/", "/etats/erreur-429-formulaire/", "/v/"):
        assert visit(address)[1] == [], address


def test_a_beacon_that_fails_is_nobodys_trouble(visit, new_page):
    page, _ = visit()
    page.route("**/mesure/", lambda route: route.abort())
    page.fill("#id_first_name", "Zoë")

    assert page.input_value("#id_first_name") == "Zoë"
