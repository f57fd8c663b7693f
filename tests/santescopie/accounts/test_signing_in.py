"""Staff sign in with what they know and have; nobody learns who has an account."""

from __future__ import annotations

import time
from statistics import median
from unittest.mock import patch

import pytest
from allauth.mfa.models import Authenticator
from django.urls import reverse

from santescopie.accounts import sessions
from tests.santescopie.accounts.conftest import (
    PASSWORD,
    add_application,
    code_of,
    is_in,
    sign_in,
    sign_in_whole,
)

pytestmark = pytest.mark.django_db
WRONG = "Ces identifiants ne sont pas reconnus"


def test_the_back_office_leads_to_the_one_page_to_sign_in(client):
    response = client.get("/admin/leads/lead/?q=x")
    assert response.status_code == 302
    assert response.url.startswith(reverse("account_login"))
    assert client.get(response.url).status_code == 200
    assert reverse("admin:login") == reverse("account_login")


@pytest.mark.parametrize("login", ["camille", "CAMILLE", "camille@exemple.fr"])
def test_name_or_address_and_password_then_a_code_open_it(client, camille, login):
    secret = add_application(camille)

    response = sign_in(client, login, next="/admin/aide/")
    assert response.url == reverse("mfa_authenticate")
    assert not is_in(client)

    response = client.post(response.url, {"code": code_of(secret)})
    assert response.url == "/admin/aide/"
    assert is_in(client)


def test_s1_without_a_second_factor_nothing_opens_but_setting_one_up(client, camille):
    """S1: a second factor is required of each of staff."""
    sign_in(client, "camille")

    for path in ("/admin/", "/admin/leads/lead/", "/admin/compte/", "/admin/aide/"):
        response = client.get(path)
        assert (response.status_code, response.url) == (302, reverse("account_set_up"))
    posted = client.post(reverse("account_sign_out_everywhere"))
    assert posted.url == reverse("account_set_up")
    for name in ("account_set_up", "mfa_activate_totp", "mfa_add_webauthn"):
        assert client.get(reverse(name)).status_code == 200, name


@pytest.mark.django_db(transaction=True)
def test_s1_setting_an_application_up_opens_the_rest_and_gives_codes(client, camille):
    """S1"""
    sign_in(client, "camille")
    page = client.get(reverse("mfa_activate_totp"))
    secret = page.context["form"].secret
    assert "data:image/svg+xml;base64," in page.text
    key_before = client.session.session_key

    wrong = client.post(reverse("mfa_activate_totp"), {"code": "000000"})
    assert "Ce code n’est pas le bon" in wrong.text
    response = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})

    assert response.url == reverse("mfa_view_recovery_codes")
    codes = client.get(response.url)
    assert len(codes.context["unused_codes"]) == 10
    assert "no-store" in codes.headers["Cache-Control"]
    assert is_in(client)
    assert client.session.session_key != key_before


def test_s1_the_demo_asks_for_no_second_factor(client, camille, settings):
    """S1: its accounts are fictitious, and one press away."""
    settings.DEMO = True
    assert sign_in(client, "camille").url == "/admin/"
    assert is_in(client)


def test_s4_a_code_serves_once(client, camille, other_browser):
    """S4: TOTP single use."""
    secret = add_application(camille)
    code = code_of(secret)
    sign_in(client, "camille")
    assert client.post(reverse("mfa_authenticate"), {"code": code}).status_code == 302

    sign_in(other_browser, "camille")
    again = other_browser.post(reverse("mfa_authenticate"), {"code": code})
    assert "a déjà servi" in again.text
    assert not is_in(other_browser)


def test_s4_the_code_that_sets_up_opens_nothing_else(client, camille, other_browser):
    """S4"""
    sign_in(client, "camille")
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    code = code_of(secret)
    client.post(reverse("mfa_activate_totp"), {"code": code})

    sign_in(other_browser, "camille")
    other_browser.post(reverse("mfa_authenticate"), {"code": code})
    assert not is_in(other_browser)


@pytest.mark.parametrize("seconds", [-60, -30, 30, 60])
def test_s4_a_code_lasts_its_thirty_seconds(client, camille, monkeypatch, seconds):
    """S4: neither the one before nor the one after is taken."""
    now = 1_900_000_015
    monkeypatch.setattr(time, "time", lambda: now)
    secret = add_application(camille)
    sign_in(client, "camille")
    code = code_of(secret, now + seconds)
    client.post(reverse("mfa_authenticate"), {"code": code})
    assert sessions.FACTOR not in client.session


def test_a_recovery_code_serves_once(client, camille, other_browser):
    add_application(camille)
    codes = Authenticator.objects.get(type="recovery_codes").wrap().get_unused_codes()
    for browser, opens in ((client, True), (other_browser, False)):
        sign_in(browser, "camille")
        browser.post(reverse("mfa_authenticate"), {"code": codes[0]})
        assert is_in(browser) is opens


def test_secrets_of_factors_are_not_in_the_database_in_clear(camille, settings):
    secret = add_application(camille)
    kept = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in kept

    settings.LINK_KEY = "another key, as if the first were lost for good"
    wrapped = Authenticator.objects.get(type="totp").wrap()
    assert not wrapped.validate_code(code_of(secret))


def test_s1_under_another_key_no_factor_opens_for_anybody(client, camille, settings):
    """S1: a secret that cannot be read is not an empty one, whose codes all know."""
    add_application(camille)
    settings.LINK_KEY = "another key, as if the first were lost for good"
    nothing = Authenticator(type="recovery_codes", data={"seed": "", "used_mask": 0})
    with patch("allauth.mfa.recovery_codes.internal.auth.decrypt", str):
        guesses = [code_of(""), *nothing.wrap().generate_codes()[:3]]
    sign_in(client, "camille")

    for guess in guesses:
        client.post(reverse("mfa_authenticate"), {"code": guess})

    assert not is_in(client)


@pytest.mark.parametrize("case", ["unknown", "wrong", "closed", "not staff", "invited"])
def test_s16_the_answer_is_the_same_whatever_is_wrong(client, somebody, case):
    """S2, S16: one message, for a known, an unknown and a closed account."""
    user = somebody(username="camille", is_staff=case != "not staff")
    if case == "invited":
        user.set_unusable_password()
    user.is_active = case != "closed"
    user.save()
    login = "personne" if case == "unknown" else "camille"
    password = PASSWORD if case not in ("wrong",) else "un autre mot de passe"

    response = sign_in(client, login, password)

    assert response.status_code == 200
    assert WRONG in response.text
    said = response.text.replace(login, "").split("<main")[1]
    assert "fermé" not in said
    assert not is_in(client)


def test_s16_the_time_is_the_same_for_a_known_and_an_unknown_account(
    client, camille, somebody, settings
):
    """S2, S16: one hash each."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "login_failed": ""}
    camille.set_password(PASSWORD)
    camille.save()
    closed = somebody(username="ferme", is_active=False)
    closed.set_unusable_password()
    closed.save()
    times = {name: [] for name in ("camille", "personne", "ferme", "x@exemple.fr")}
    for _ in range(5):
        for name, taken in times.items():
            begun = time.thread_time()  # Of this thread alone: others may be busy.
            sign_in(client, name, "ce n’est pas lui")
            taken.append(time.thread_time() - begun)

    medians = [median(taken) for taken in times.values()]
    assert max(medians) < 1.6 * min(medians), times


def test_s4_signing_in_begins_a_new_session(client, camille):
    """S4: a session's key from before is of no use (ASVS 7.2.4)."""
    secret = add_application(camille)
    client.get(reverse("mfa_login_webauthn"), headers={"accept": "application/json"})
    before = client.session.session_key
    assert before
    sign_in_whole(client, camille, secret)
    assert client.session.session_key != before
    assert is_in(client)


def test_whoever_is_signed_in_is_led_on(client, camille):
    sign_in_whole(client, camille, add_application(camille))
    assert client.get(reverse("account_login")).url == "/admin/"


@pytest.mark.parametrize("back", ["https://ailleurs.exemple/", "//ailleurs.exemple/"])
def test_signing_in_leads_to_no_other_site(client, camille, back):
    secret = add_application(camille)
    sign_in(client, "camille", next=back)
    response = client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
    assert response.url == "/admin/"


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"login": "\0", "password": "x"},
        {"login": "x" * 5000, "password": "x"},
        {"login": "camille", "password": "x" * 5000},
    ],
)
def test_nothing_that_is_typed_breaks_the_page(client, camille, data):
    response = client.post(reverse("account_login"), data)
    assert response.status_code == 200
    assert "Erreur" in response.text


@pytest.mark.parametrize(
    "credential",
    [
        "",
        "x",
        "[]",
        "{}",
        '"x"',
        "null",
        '{"id": 1}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"userHandle":null,'
        '"clientDataJSON":"AA","authenticatorData":"AA","signature":"AA"}}',
        '{"id":"AA","rawId":"AA","type":"public-key","response":{"userHandle":'
        '"enp6enp6enp6enp6enp6enp6enp6eno","clientDataJSON":"e30","authenticatorData":'
        '"AAAA","signature":"AA"}}',
    ],
)
def test_nothing_that_is_said_to_be_a_key_breaks_the_page(client, camille, credential):
    address = reverse("mfa_login_webauthn")
    client.get(address, headers={"accept": "application/json"})
    response = client.post(address, {"credential": credential}, follow=True)
    assert response.status_code == 200
    assert "n’est pas reconnue" in response.text
    assert not is_in(client)

    sign_in(client, "camille")
    add = reverse("mfa_add_webauthn")
    client.get(add)
    assert client.post(add, {"credential": credential}).status_code == 200
    assert not Authenticator.objects.exists()


@pytest.mark.parametrize("path", ["signup/", "email/", "password/set/", "login/code/"])
@pytest.mark.logs("django.request")
def test_only_what_staff_need_has_an_address(client, path):
    """S24: no sign-up, no address to change, no code by mail."""
    for prefix in ("/accounts/", "/admin/compte/"):
        assert client.get(prefix + path).status_code in (302, 404)
    assert client.get("/accounts/" + path).status_code == 404
