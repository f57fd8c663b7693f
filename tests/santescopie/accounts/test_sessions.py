"""A session of staff ends by itself, and at once when its account changes."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from santescopie.accounts import factors, sessions
from tests.santescopie.accounts.conftest import (
    PASSWORD,
    add_application,
    code_of,
    is_in,
    sign_in,
    sign_in_whole,
)

pytestmark = pytest.mark.django_db
OTHER = "une boussole de laiton verni"


@pytest.fixture
def signed_in(client, camille):
    """Return how to let time pass in the session of whoever is signed in."""
    sign_in_whole(client, camille, add_application(camille))
    assert is_in(client)

    def age(**keys):
        session = client.session
        for key, seconds in keys.items():
            session[key] -= seconds
        session.save()

    return age


def test_s4_a_session_ends_after_an_hour_without_a_page(client, signed_in):
    """S4: inactivity (ASVS 7.3.1)."""
    signed_in(seen_at=59 * 60)
    assert is_in(client)
    signed_in(seen_at=61 * 60)
    response = client.get("/admin/leads/lead/?q=x")
    assert response.status_code == 302
    assert "next=/admin/leads/lead/%3Fq%3Dx" in response.url
    assert "Votre session a pris fin" in client.get(response.url).text


def test_s4_a_session_ends_after_a_day_of_work(client, signed_in):
    """S4: absolute limit (ASVS 7.3.2), however busy it is."""
    signed_in(signed_in_at=12 * 3600 - 60)
    assert is_in(client)
    signed_in(signed_in_at=120)
    assert not is_in(client)


def test_a_page_is_not_a_write(client, signed_in, django_assert_num_queries):
    """Only the first page of a minute notes that somebody is there."""
    before = client.session[sessions.SEEN]
    assert is_in(client)
    assert client.session[sessions.SEEN] == before
    signed_in(seen_at=90)
    assert is_in(client)
    assert client.session[sessions.SEEN] >= before


@pytest.mark.parametrize("loss", [{"is_active": False}, {"is_staff": False}])
def test_s4_a_session_ends_at_once_when_the_account_closes(
    client, camille, signed_in, loss
):
    """S4: ASVS 7.4.2."""
    type(camille).objects.filter(pk=camille.pk).update(**loss)
    assert client.get("/admin/").url.startswith(reverse("account_login"))
    type(camille).objects.filter(pk=camille.pk).update(is_active=True, is_staff=True)


def test_s4_other_sessions_end_when_the_password_changes(
    client, camille, signed_in, other_browser
):
    """S4: ASVS 7.4.3."""
    other_browser.force_login(camille)
    assert is_in(other_browser)

    wrong = client.post(
        reverse("account_change_password"), {"oldpassword": "x", "password": OTHER}
    )
    assert "n’est pas l’actuel" in wrong.text
    response = client.post(
        reverse("account_change_password"), {"oldpassword": PASSWORD, "password": OTHER}
    )

    assert response.url == reverse("mfa_index")
    assert is_in(client)
    assert not is_in(other_browser)
    camille.refresh_from_db()
    assert camille.check_password(OTHER)


def test_s4_every_session_ends_when_factors_are_reset(client, camille, signed_in):
    """S4"""
    factors.reset(camille)
    assert not is_in(client)
    assert not Authenticator.objects.exists()
    sign_in(client, "camille")
    assert client.get("/admin/").url == reverse("account_set_up")


def test_one_signs_out_everywhere_with_one_press(
    client, camille, signed_in, other_browser
):
    other_browser.force_login(camille)
    response = client.post(reverse("account_sign_out_everywhere"), follow=True)
    assert "Toutes vos sessions sont fermées" in response.text
    assert not is_in(client)
    assert not is_in(other_browser)
    assert client.get(reverse("account_sign_out_everywhere")).status_code in (302, 405)


def test_a_factor_added_elsewhere_ends_a_session_that_gave_none(client, camille):
    """Whoever has but the password cannot add a factor beside the owner's."""
    sign_in(client, "camille")
    assert client.get(reverse("mfa_activate_totp")).status_code == 200
    add_application(camille)
    response = client.get(reverse("mfa_activate_totp"))
    assert response.url.startswith(reverse("account_login"))


def test_a_session_from_before_its_limits_is_over(client, camille):
    client.force_login(camille)
    session = client.session
    del session[sessions.BEGUN]
    session.save()
    assert not is_in(client)


def test_what_touches_the_access_asks_again_who_is_there(client, camille, signed_in):
    """Ten minutes after signing in, factors and codes want a proof (ASVS 7.5.1)."""
    pages = ("mfa_add_webauthn", "mfa_deactivate_totp", "mfa_view_recovery_codes")
    for name in pages:
        assert client.get(reverse(name)).status_code == 200, name
    signed_in(signed_in_at=11 * 60)
    for name in pages:
        response = client.get(reverse(name))
        assert response.url.startswith(reverse("account_reauthenticate")), name

    page = client.get(response.url)
    assert page.status_code == 200
    assert "avec un code" in page.text
    wrong = client.post(response.url, {"password": "x"})
    assert "n’est pas le vôtre" in wrong.text
    back = client.post(response.url, {"password": PASSWORD})
    assert back.url == reverse("mfa_view_recovery_codes")
    assert client.get(back.url).status_code == 200


def test_a_code_confirms_as_well_as_the_password(client, camille, signed_in):
    signed_in(signed_in_at=11 * 60)
    secret = Authenticator.objects.get(type="totp").wrap()
    from allauth.mfa.utils import decrypt
    from django.core.cache import cache

    cache.clear()  # The code that signed in would be the same.
    code = code_of(decrypt(secret.instance.data["secret"]))
    assert client.get(reverse("mfa_reauthenticate")).status_code == 200
    client.post(reverse("mfa_reauthenticate"), {"code": code})
    assert client.get(reverse("mfa_view_recovery_codes")).status_code == 200


def test_the_last_factor_stays(client, camille, signed_in):
    page = client.get(reverse("mfa_deactivate_totp"))
    assert "C’est votre seul second facteur" in page.text
    client.post(reverse("mfa_deactivate_totp"))
    assert factors.has_factor(camille)


def test_public_pages_open_no_session(client, camille, django_assert_num_queries):
    client.force_login(camille)
    client.get("/mentions-legales/")
    with django_assert_num_queries(0):
        response = client.get("/mentions-legales/")
    assert "Cookie" not in response.headers.get("Vary", "")


def test_sessions_last_what_the_settings_say(settings):
    assert timedelta(seconds=settings.SESSION_COOKIE_AGE) == timedelta(hours=12)
    assert timedelta(seconds=settings.SESSION_IDLE_SECONDS) == timedelta(hours=1)


@pytest.mark.parametrize(
    "name", ["mfa_index", "account_change_password", "mfa_add_webauthn"]
)
def test_pages_of_an_account_are_strict_and_cheap(client, camille, name):
    """S7: the policy of every page; twelve statements at most."""
    client.force_login(camille)
    client.get(reverse(name))
    with CaptureQueriesContext(connection) as queries:
        response = client.get(reverse(name))
    assert response.status_code == 200
    assert len(queries) <= 12
    policy = response.headers["Content-Security-Policy"]
    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=", response.text)
