"""Headers and surfaces: what every answer carries, and what no request obtains."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.urls import reverse

from leads.models import Submission
from outbox.models import Message
from tests.leads.factories import StaffFactory
from tests.leads.test_request import ANSWERS, post

pytestmark = pytest.mark.django_db
PUBLIC = ("/", "/confidentialite/", "/mentions-legales/", "/accessibilite/", "/v/")
REFUSED = ("/nulle-part/", "/suivi/inconnu/", "/exemplaire/inconnu/", "/admin/nulle/")
STAFF = ("/admin/login/", "/admin/")
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
    "object-src 'none'",
}


@pytest.fixture
def staff(client):
    client.force_login(StaffFactory(group="Marketing"))
    return client


@pytest.mark.parametrize("path", [*PUBLIC, *REFUSED, *STAFF, "/robots.txt", "/healthz"])
def test_every_answer_carries_the_headers_that_protect_it(staff, path):
    """S6, S7, S8: HSTS, a policy without unsafe-*, nosniff, COOP, permissions."""
    headers = staff.get(path, secure=True).headers

    said = {part.strip() for part in headers["Content-Security-Policy"].split(";")}
    assert said >= POLICY
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert "max-age=31536000" in headers["Strict-Transport-Security"]
    assert "includeSubDomains" in headers["Strict-Transport-Security"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["X-Frame-Options"] == "DENY"
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.parametrize("path", [*REFUSED, *STAFF])
def test_what_is_somebodys_is_neither_kept_nor_listed(staff, path):
    """S8: no-store and noindex wherever a page is not everybody's."""
    headers = staff.get(path, secure=True).headers

    assert "no-store" in headers["Cache-Control"]
    assert "noindex" in headers["X-Robots-Tag"]


def test_cookies_of_staff_are_bound_to_this_host_and_to_https(client):
    """S5: __Host-, Secure, HttpOnly, SameSite=Lax."""
    client.get(reverse("admin:login"), secure=True, follow=True)

    assert client.cookies
    for name, cookie in client.cookies.items():
        assert name.startswith("__Host-")
        assert cookie["secure"]
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert not cookie["domain"]
        assert cookie["path"] == "/"
    assert settings.SESSION_COOKIE_NAME.startswith("__Host-")


@pytest.mark.parametrize("path", PUBLIC)
def test_no_cookie_is_given_to_a_visitor(client, path):
    """R28: a visitor's browser keeps nothing."""
    assert not client.get(path).cookies


@pytest.mark.logs("django.security")
@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.exemple"},
        {"Host": "santescopie.exemple.fr@evil.exemple"},
        {"Host": "santescopie.exemple.fr:80:80"},
        {"Host": ""},
    ],
)
def test_a_false_host_is_refused(client, headers):
    """S9: the host is one of ours, or the request is refused."""
    assert client.get("/", headers=headers).status_code == 400


def test_links_come_from_the_settings_whatever_the_request_says(visitor, sink, send):
    """S9: absolute links in mails are never made of a request's host."""
    headers = {"X-Forwarded-Host": "evil.exemple", "X-Forwarded-For": "203.0.113.1"}
    visitor.post("/", ANSWERS, headers=headers)

    from reports.tasks import render_copy

    submission = Submission.objects.get()
    render_copy(submission.copy_id, submission.copy.lease_no)
    send(submission.messages.get())
    [received] = sink.messages
    assert settings.SITE_URL in received.mail.as_string()
    assert "evil.exemple" not in received.mail.as_string()


@pytest.mark.parametrize("name", ["first_name", "last_name", "organisation", "email"])
@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "%0d%0a", "\u2028"])
def test_no_field_reaches_a_header(visitor, name, break_):
    """S10: a line's end in a field is refused, or is a space; no header is added."""
    value = f"Zoé{break_}Bcc: x@exemple.fr"
    if name == "email":
        value = f"zoe@exemple.fr{break_}Bcc: x@exemple.fr"

    response = post(visitor, **{name: value})

    assert response.status_code in (303, 422)
    for submission in Submission.objects.all():
        stored = getattr(submission, name)
        assert "\n" not in stored
        assert "\r" not in stored
    assert not Message.objects.filter(recipient__contains="x@exemple.fr").exists()


@pytest.mark.parametrize(
    "url",
    [
        "/suivi/{}/renvoyer/",
        "/suivi/{}/corriger/",
        "/suivi/{}/rappel/",
        "/exemplaire/{}/telecharger/",
        "/exemplaire/{}/renouveler/",
        "/ce-n-est-pas-moi/{}/",
        "/",
    ],
)
def test_another_site_posts_nothing(client, url):
    """S18: a post that a browser says comes from elsewhere is refused."""
    client.defaults["HTTP_SEC_FETCH_SITE"] = "cross-site"

    response = client.post(url.format("inconnu"), ANSWERS)

    assert response.status_code in (403, 404, 405)
    assert not Submission.objects.exists()


def test_a_token_opens_what_it_was_made_for_and_nothing_else(visitor):
    """S17: a token of one purpose is not found under another."""
    post(visitor)
    submission = Submission.objects.get()
    copy = submission.copy
    mine, theirs = "/exemplaire/{}/ /ce-n-est-pas-moi/{}/", "/suivi/{}/"
    for token, others in ((submission.token, mine), (copy.token, theirs)):
        paths = [*others.split(), "/mes-donnees/{}/", "/desinscription/{}/"]
        for path in paths:
            assert visitor.get(path.format(token)).status_code in (200, 404, 410)
            assert ANSWERS["last_name"] not in visitor.get(path.format(token)).text


@pytest.mark.logs("django.security")
def test_every_form_of_staff_asks_for_a_csrf_token():
    """S18: Django's protection stands on every page of the admin."""
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(StaffFactory(group="Marketing"))
    response = client.post(reverse("admin:leads_savedview_changelist"), {"action": "x"})

    assert response.status_code == 403
