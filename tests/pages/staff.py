"""Staff in a real browser: signed in without a form, and leaving nothing behind."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.test import Client
from django.utils import timezone

from leads import assigning, exchanges
from leads.models import Activity, ConsentEvent, Lead
from tests.browser import in_database
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)


def _session(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return str(client.cookies[settings.SESSION_COOKIE_NAME].value)


@contextmanager
def signed_in(new_page: Any, server: Any, user: Any, **options: Any) -> Iterator[Any]:
    """Open a page where somebody of the house is signed in."""
    page = new_page(**options)
    page.context.add_cookies(
        [
            {
                "name": settings.SESSION_COOKIE_NAME,
                "value": in_database(_session, user),
                "url": server.url.replace("http:", "https:"),
                "secure": True,  # As its name asks for; localhost is trusted.
            }
        ]
    )
    try:
        yield page
    finally:
        page.context.clear_cookies()
        if options.get("javascript", True):  # The admin remembers the theme.
            page.evaluate("() => localStorage.clear()")


# Django's own side bar and theme remember themselves there.
KEEP_NOTHING = "Storage.prototype.setItem = () => {};"
# Signed out, as that browser is, it would be the page to sign in. Its words do not
# matter there.
CATALOG = """
globalThis.gettext = globalThis.gettext_noop = (words) => words;
globalThis.pgettext = (context, words) => words;
globalThis.ngettext = (one, many, count) => (count === 1 ? one : many);
globalThis.interpolate = (words) => words;
globalThis.get_format = () => ["%d/%m/%Y"];
"""


def show(new_page: Any, html: str, **options: Any) -> Any:
    """Open what the test client was served under an address of the site.

    Rows and signing in stay out of the browser.
    """
    page = new_page(kept=True, script=KEEP_NOTHING, **options)
    kind = "text/html; charset=utf-8"
    page.route("**/apercu/", lambda route: route.fulfill(body=html, content_type=kind))
    page.route("**/jsi18n/", lambda route: route.fulfill(body=CATALOG))
    page.route("**/epreuves/**.png", lambda route: route.fulfill(body=""))
    page.goto("/apercu/")
    return page


def somebody() -> tuple[Any, Lead]:
    """Return a user, and a lead of theirs with some past."""
    user = StaffFactory(
        superuser=True, username="alix", first_name="Alix", last_name="Fictif"
    )
    now = timezone.now()
    lead = LeadFactory(
        first_name="Camille",
        last_name="Exemple",
        organisation="Centre hospitalier de démonstration",
        promised_on=timezone.localdate() + timedelta(days=2),
    )
    delivered(lead=lead, phone="+33199000000", source={"utm_campaign": ["rentree"]})
    for purpose in ("rappel", "actualites"):
        ConsentEvent.objects.create(
            lead=lead, purpose=purpose, granted=True, channel="web"
        )
    HitFactory(copy=lead.copies.get(), at=now - timedelta(days=1))
    lead.messages.get().record(
        "deferred", smtp_code=451, cause="4.7.1 Greylisting", reason="greylist"
    )
    assigning.assign([lead.pk], user, by=user, why="Pris par Alix Fictif")
    exchanges.plan(lead.pk, user, "Rappeler", timezone.localdate())
    Activity.objects.create(
        lead=lead,
        author=user,
        kind="appel",
        outcome="absent",
        at=now - timedelta(days=3),
        body="Standard joint, absente jusqu’à lundi.",
    )
    SubmissionFactory(lead=lead, copy=None, job_function="dg", region="11")
    for name, owner in (("Dominique", None), ("Sacha", user)):
        LeadFactory(
            first_name=name,
            last_name="Modèle",
            organisation=lead.organisation,
            owner=owner,
            job_function="soins",
        )
    lead.refresh_from_db()
    return user, lead
