"""Sign-in in a real browser: passkeys, axe, both themes, a phone, keys, no script."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.db import transaction
from django.urls import reverse

from outbox.models import Message
from santescopie.accounts import links, mail
from santescopie.accounts.models import AccountLink
from tests.browser import in_database
from tests.leads.factories import StaffFactory
from tests.leads.pages import page as address
from tests.pages.reading import Page
from tests.pages.staff import show
from tests.pages.test_browser_axe import AXE, NOT_OF_MAIL, OF_COLOUR, RUN, TAGS
from tests.pages.test_browser_keyboard import walk
from tests.santescopie.accounts.conftest import (
    PASSWORD,
    add_application,
    sign_in,
)

pytestmark = pytest.mark.browser
NAMES = [
    *("login", "login-wrong", "forgotten", "forgotten-done", "invitation", "closed"),
    *("invitation-wrong", "second", "second-wrong", "too-many", "set-up", "account"),
    *("application", "key", "codes", "new-codes", "password", "remove", "confirm"),
    *("confirm-key", "access", "invite"),
]


@pytest.fixture
def html(db, client, settings):
    """What staff are served, by name: rows and signing in stay out of the browser."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    user = StaffFactory(superuser=True, username="alix", first_name="Alix")
    user.set_password(PASSWORD)
    user.save()
    link = AccountLink.objects.open(user, "invitation")
    invitation = reverse("account_link_invitation", args=[link.token()])
    served = {
        "login": client.get(reverse("account_login")),
        "login-wrong": sign_in(client, "alix", "x"),
        "forgotten": client.get(reverse("account_reset_password")),
        "forgotten-done": client.get(reverse("account_reset_password_done")),
        "invitation": client.get(invitation),
        "invitation-wrong": client.post(invitation, {"password": "court"}),
    }
    sign_in(client, "alix")
    served["set-up"] = client.get(reverse("account_set_up"))
    for name in ("mfa_activate_totp", "mfa_add_webauthn"):
        served[{"mfa_activate_totp": "application"}.get(name, "key")] = client.get(
            reverse(name)
        )
    client.logout()
    add_application(user)
    Authenticator.objects.create(user=user, type="webauthn", data=KEY)
    AccountLink.objects.close(user)
    served["closed"] = client.get(invitation)
    sign_in(client, "alix")
    served["second"] = client.get(reverse("mfa_authenticate"))
    served["second-wrong"] = client.post(reverse("mfa_authenticate"), {"code": "0"})
    client.logout()
    settings.MFA_RATE_LIMITS = {"webauthn_login": "1/5m/ip"}
    for _ in range(2):
        served["too-many"] = client.post(reverse("mfa_login_webauthn"))
    client.force_login(user)
    key = Authenticator.objects.get(type="webauthn").pk
    for name, url in {
        "account": reverse("mfa_index"),
        "codes": reverse("mfa_view_recovery_codes"),
        "new-codes": reverse("mfa_generate_recovery_codes"),
        "password": reverse("account_change_password"),
        "remove": reverse("mfa_remove_webauthn", args=[key]),
        "confirm": reverse("account_reauthenticate"),
        "confirm-key": reverse("mfa_reauthenticate_webauthn"),
        "access": address("auth_user_access", user.pk),
        "invite": address("auth_user_add"),
    }.items():
        served[name] = client.get(url)
    assert set(served) == set(NAMES)
    return {name: response.text for name, response in served.items()}


# A key of the virtual authenticator of Chromium, as it was registered once.
KEY = {
    "name": "Téléphone",
    "credential": {
        "id": "AQ",
        "rawId": "AQ",
        "type": "public-key",
        "clientExtensionResults": {"credProps": {"rk": True}},
        "response": {},
    },
}


@pytest.fixture(autouse=True)
def _keys_are_readable(monkeypatch):
    """Leave the inner side of a key aside: no ceremony is done with the one above."""
    from allauth.mfa.webauthn.internal import auth

    if_whole = auth.get_credentials

    def get_credentials(user):
        kept = Authenticator.objects.filter(user=user, type="webauthn")
        if any(row.data is not None and row.data == KEY for row in kept):
            return []
        return if_whole(user)

    monkeypatch.setattr(auth, "get_credentials", get_credentials)


@pytest.mark.parametrize("dark", [False, True])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(new_page, html, dark):
    found = {}
    for name in NAMES:
        page = show(new_page, html[name], dark=dark)
        page.evaluate(AXE)
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                found[name, width] = wide
            asked = {"tags": TAGS, "rules": OF_COLOUR if dark else None, "without": ()}
            if width > 320 and (violations := page.evaluate(RUN, asked)):
                found[name, width, "axe"] = violations
    assert not found, found


@pytest.fixture
def mails(db):
    """What is written to staff about their account, as it leaves."""
    user = StaffFactory(first_name="Alix", last_name="Fictif")
    links.invite(user, by=None)
    invitation = mail.link_mail(Message.objects.latest("pk"))
    links.ask_reset(None, user.email)
    assert mail.link_mail(Message.objects.earliest("pk")) is None, "closed by the newer"
    reset = mail.link_mail(Message.objects.latest("pk"))
    mail.notify(user, mail.FACTORS_RESET)
    return invitation, reset, mail.notice_mail(Message.objects.latest("pk"))


def test_axe_finds_nothing_in_the_mail(new_page, mails):
    for content in mails:
        page = show(new_page, content.html, width=390)
        page.evaluate(AXE)
        asked = {"tags": TAGS, "rules": None, "without": NOT_OF_MAIL}
        assert page.evaluate(RUN, asked) == []


def test_every_control_is_reached_with_the_keyboard(new_page, html):
    for name in ("login-wrong", "second", "invitation-wrong"):
        stops = list(walk(show(new_page, html[name])))
        assert len(stops) >= 3
        for stop in stops:
            assert stop["ring"], stop


def test_the_code_of_an_application_is_drawn(new_page, html):
    page = show(new_page, html["application"])
    assert page.locator("img.code").evaluate("image => image.naturalWidth") > 200


def test_main_actions_are_large_enough_on_a_phone(new_page, html):
    for name in ("login", "second", "set-up", "account", "access"):
        page = show(new_page, html[name], width=390)
        for target in page.locator("#content-main .button").all():
            if target.is_visible():
                assert target.bounding_box()["height"] >= 44, name


def test_words_are_set_as_french_is(html):
    """Every page says « Erreur : » in its title where something is wrong."""
    for name, text in html.items():
        said = Page(text).flow
        assert " ?" not in said, name
        assert " ;" not in said, name
        assert " !" not in said, name
    for name in ("login-wrong", "invitation-wrong", "second-wrong"):
        assert "<title>Erreur\u00a0:" in html[name], name


@pytest.fixture
def somebody_here(transactional_db, settings, groups):
    settings.SITE_URL = "http://localhost"  # Where the server of tests is.
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()
    user = StaffFactory(superuser=True, username="alix", email="alix@exemple.fr")
    user.set_password(PASSWORD)
    user.save()
    return user


def with_a_device(page):
    """Give a browser a device that knows its owner (a phone's lock, as it were)."""
    devices = page.context.new_cdp_session(page)
    devices.send("WebAuthn.enable")
    return devices.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal",
                "hasResidentKey": True,
                "hasUserVerification": True,
                "isUserVerified": True,
                "automaticPresenceSimulation": True,
            }
        },
    )


def leave_nothing(page):
    page.context.clear_cookies()
    page.evaluate("() => localStorage.clear()")


@pytest.mark.django_db(transaction=True)
def test_s1_a_passkey_is_set_up_then_signs_in_alone(new_page, server, somebody_here):
    """S1: WebAuthn, as a second factor and in place of the password."""
    page = new_page(width=390)
    with_a_device(page)
    page.goto("/admin/leads/lead/")
    page.get_by_label("Adresse électronique ou nom").fill("alix@exemple.fr")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").press("Enter")

    page.get_by_role("link", name="Une clé d’accès").press("Enter")
    page.get_by_label("Nom de la clé").fill("Téléphone")
    page.get_by_role("button", name="Créer la clé d’accès").press("Enter")
    page.wait_for_url("**/admin/compte/codes/")
    assert page.locator(".codes li").count() == 10
    assert in_database(
        lambda: set(Authenticator.objects.values_list("type", flat=True))
    ) == {"webauthn", "recovery_codes"}
    page.get_by_role("link", name="Continuer").press("Enter")
    page.wait_for_url("**/admin/")

    page.get_by_role("link", name="Mon compte").press("Enter")
    assert "Téléphone" in page.locator(".factors").inner_text()
    page.get_by_role("button", name="Me déconnecter partout").press("Enter")
    assert "Toutes vos sessions" in page.locator(".messagelist").inner_text()

    page.get_by_role("button", name="Utiliser une clé d’accès").press("Enter")
    page.wait_for_url("**/admin/")
    assert page.get_by_role("link", name="Mon compte").is_visible()
    page.get_by_role("button", name="Déconnexion").press("Enter")

    page.goto("/admin/login/")  # The same key, after the password.
    page.get_by_label("Adresse électronique ou nom").fill("alix")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_role("button", name="Se connecter").press("Enter")
    page.wait_for_url("**/verification/")
    page.get_by_role("button", name="Utiliser une clé d’accès").press("Enter")
    page.wait_for_url("**/admin/")
    leave_nothing(page)


@pytest.mark.django_db(transaction=True)
def test_a_device_that_does_not_answer_is_told(new_page, server, somebody_here):
    page = new_page()
    with_a_device(page)  # It holds no key of ours.
    page.goto("/admin/login/")
    page.get_by_role("button", name="Utiliser une clé d’accès").press("Enter")
    said = page.locator("[data-said]")
    said.wait_for()
    assert "n’a pas répondu" in said.inner_text()
    leave_nothing(page)


@pytest.mark.django_db(transaction=True)
def test_a_password_and_a_code_open_it_without_script(new_page, server, somebody_here):
    from tests.santescopie.accounts.conftest import code_of

    secret = in_database(add_application, somebody_here)
    page = new_page(javascript=False)
    page.goto("/admin/aide/")
    assert not page.get_by_role("button", name="Utiliser une clé").is_visible()
    page.get_by_label("Adresse électronique ou nom").fill("alix")
    page.get_by_label("Mot de passe").fill(PASSWORD)
    page.get_by_label("Mot de passe").press("Enter")
    page.get_by_label("Code de l’application").fill(code_of(secret))
    page.get_by_label("Code de l’application").press("Enter")
    page.wait_for_url("**/admin/aide/")
    page.context.clear_cookies()


@pytest.mark.django_db(transaction=True)
def test_s1_an_invitation_is_accepted_from_a_real_browser(
    new_page, server, somebody_here
):
    """S1: Django asks where the form comes from, and a browser must be let say it."""
    open_link = transaction.atomic(AccountLink.objects.open)
    link = in_database(open_link, somebody_here, "invitation")
    address = reverse("account_link_invitation", args=[link.token()])
    page = new_page(width=390)
    page.goto(address)
    assert page.evaluate("document.referrer") == ""
    page.get_by_label("Mot de passe").fill("grande-ourse-verte-2026")
    page.get_by_role("button", name="Enregistrer et continuer").press("Enter")

    page.wait_for_url("**/second-facteur/")
    # The token went nowhere with it.
    assert address not in page.evaluate("document.referrer")
    leave_nothing(page)
