"""Whoever keeps accounts opens and closes them, and never knows a password."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.core.management import CommandError, call_command
from django.db.models import Q
from django.urls import reverse

from outbox.sending import content_of
from santescopie.accounts import events, factors, mail
from santescopie.accounts.models import AccountLink
from tests.leads.factories import StaffFactory
from tests.leads.pages import form_data, notices, page
from tests.santescopie.accounts.conftest import (
    add_application,
    is_in,
    last_message,
    sign_in,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def boss(client):
    user = StaffFactory(superuser=True, username="admin")
    client.force_login(user)
    return user


@pytest.fixture
def told():
    """What a journal would hear."""
    heard = []

    def hear(sender, kind, user, by, details, **kwargs):
        heard.append((kind, getattr(user, "pk", None), getattr(by, "pk", None)))

    events.account_event.connect(hear)
    yield heard
    events.account_event.disconnect(hear)


def test_nobody_sees_or_sets_the_password_of_somebody_else(client, boss, camille):
    html = client.get(page("auth_user_change", camille.pk)).text
    assert camille.password not in html
    assert 'type="password"' not in html
    response = client.get(page("auth_user_password_change", camille.pk))
    assert response.url == page("auth_user_access", camille.pk)


def test_no_page_of_the_admin_shows_a_secret_of_a_factor():
    names = {model._meta.label for model in admin.site._registry}
    assert "mfa.Authenticator" not in names
    assert "account.EmailAddress" not in names


def test_a_lost_factor_is_taken_away_by_an_administrator(
    client, boss, camille, other_browser, told
):
    """S4: the procedure for a lost factor."""
    add_application(camille)
    other_browser.force_login(camille)
    opened = client.get(page("auth_user_access", camille.pk))
    assert "Application d’authentification" in opened.text

    response = client.post(
        page("auth_user_access", camille.pk), {"geste": "retirer"}, follow=True
    )

    assert "Ses seconds facteurs sont retirés" in notices(response)[0]
    assert not Authenticator.objects.filter(user=camille).exists()
    assert not is_in(other_browser)
    entry = LogEntry.objects.get(object_id=str(camille.pk))
    assert (entry.user, entry.get_change_message()[:6]) == (boss, "Ses se")
    assert last_message().recipient == camille.email
    said = content_of(last_message())
    assert said.subject == mail.NOTICES[mail.FACTORS_RESET]
    assert ("factors_reset", camille.pk, boss.pk) in told


def test_an_invitation_may_be_sent_again(client, boss):
    user = StaffFactory(username="nouveau")
    user.set_unusable_password()
    user.save()
    html = client.get(page("auth_user_access", user.pk)).text
    assert "Envoyer l’invitation à nouveau" in html
    client.post(page("auth_user_access", user.pk), {"geste": "inviter"})
    assert AccountLink.objects.get(user=user).purpose == "invitation"
    assert last_message().recipient == user.email


def test_a_closed_account_is_invited_to_nothing(client, boss):
    user = StaffFactory(is_active=False)
    url = page("auth_user_access", user.pk)
    response = client.post(url, {"geste": "inviter"}, follow=True)
    assert "Ce compte est fermé" in notices(response)[0]
    assert not AccountLink.objects.exists()


def test_closing_an_account_ends_its_sessions_and_its_links(
    client, boss, camille, other_browser, told
):
    """S4: ASVS 7.4.2."""
    other_browser.force_login(camille)
    AccountLink.objects.open(camille, AccountLink.Purpose.RESET)
    data = form_data(client.get(page("auth_user_change", camille.pk)))
    data.pop("is_active")
    data = {**data, "first_name": "Camille", "last_name": "Exemple"}
    assert client.post(page("auth_user_change", camille.pk), data).status_code == 302

    camille.refresh_from_db()
    assert not camille.is_active
    assert not is_in(other_browser)
    assert not AccountLink.objects.filter(closed_at=None).exists()
    assert ("closed", camille.pk, boss.pk) in told


def test_the_last_administrator_stays(client, boss):
    data = form_data(client.get(page("auth_user_change", boss.pk)))
    for name in ("is_active", "is_superuser"):
        less = {key: value for key, value in data.items() if key != name}
        response = client.post(page("auth_user_change", boss.pk), less)
        assert "Il doit rester un administrateur actif" in response.text


@pytest.mark.logs("django.request")
def test_nobody_deletes_their_own_account(client, boss):
    response = client.post(page("auth_user_delete", boss.pk), {"post": "yes"})
    assert response.status_code == 403


def test_a_moved_address_closes_the_link_that_went_to_the_one_before(
    client, boss, camille
):
    AccountLink.objects.open(camille, AccountLink.Purpose.INVITATION)
    data = form_data(client.get(page("auth_user_change", camille.pk)))
    data["email"] = "ailleurs@exemple.fr"
    client.post(page("auth_user_change", camille.pk), data)
    assert not AccountLink.objects.usable().exists()


@pytest.mark.parametrize("email", ["camille@exemple.fr", "CAMILLE@exemple.fr", ""])
def test_an_address_is_one_account(client, boss, camille, email):
    data = {"first_name": "A", "last_name": "B", "email": email}
    response = client.post(page("auth_user_add"), data)
    assert response.status_code == 200
    assert response.context["errors"]


@pytest.mark.logs("django.request")
def test_others_do_not_open_the_page_of_an_access(client, camille):
    client.force_login(StaffFactory(group="Marketing"))
    assert client.get(page("auth_user_access", camille.pk)).status_code == 403
    posted = client.post(page("auth_user_access", camille.pk), {"geste": "retirer"})
    assert posted.status_code == 403


def test_bad_numbers_and_gestures_change_nothing(client, boss, camille):
    add_application(camille)
    for pk in (0, 10**30):
        assert client.get(page("auth_user_access", pk)).status_code == 302
    client.post(page("auth_user_access", camille.pk), {"geste": "tout"})
    client.post(page("auth_user_access", camille.pk))
    assert factors.has_factor(camille)


# --- The last one in -----------------------------------------------------------------


def test_a_command_lets_the_last_administrator_in_again(client, capsys, somebody, told):
    boss = somebody(username="admin", is_superuser=True)
    add_application(boss)
    for _ in range(6):
        sign_in(client, "admin", "x")
    assert sign_in(client, "admin").status_code == 429

    call_command("unlock_account", "admin", "--yes")

    address = capsys.readouterr().out.strip().splitlines()[-1]
    path = address.removeprefix("https://santescopie.exemple.fr")
    assert path.startswith("/admin/compte/deblocage/")
    response = client.post(path, {"password": "une boussole de laiton"}, follow=True)
    assert response.request["PATH_INFO"] == reverse("account_set_up")
    assert client.post(path, {"password": "x"}).status_code == 410
    assert ("unlocked", boss.pk, boss.pk) in told
    type(client)().post(reverse("account_logout"))
    assert sign_in(type(client)(), "admin", "une boussole de laiton").status_code == 302


def test_the_command_asks_first(monkeypatch, camille):
    add_application(camille)
    monkeypatch.setattr("builtins.input", lambda prompt: "no")
    with pytest.raises(CommandError, match="Nothing was done"):
        call_command("unlock_account", "camille@exemple.fr")
    assert factors.has_factor(camille)


def test_the_command_opens_no_closed_and_no_unknown_account(somebody):
    somebody(username="ferme", is_active=False)
    for name, why in (("ferme", "closed"), ("personne", "no accounts")):
        with pytest.raises(CommandError, match=why):
            call_command("unlock_account", name, "--yes")


# --- What is told -----------------------------------------------------------------


def test_sign_in_and_failures_are_told_without_a_name(client, camille, told, caplog):
    """S25: events of sign-in, by numbers alone."""
    with caplog.at_level("INFO", logger="santescopie.accounts.events"):
        sign_in(client, camille.email, "x")
        sign_in(client, "personne@exemple.fr", "x")
        sign_in(client, camille.email)
        client.post(reverse("admin:logout"))

    assert [kind for kind, *_ in told] == [
        "sign_in_failed",
        "sign_in_failed",
        "signed_in",
        "signed_out",
    ]
    assert [user for _, user, _ in told] == [camille.pk, None, camille.pk, camille.pk]
    assert "@" not in caplog.text
    assert "camille" not in caplog.text


def test_whoever_signs_out_reads_so_and_may_come_back(client, camille):
    client.force_login(camille)
    page = client.post(reverse("admin:logout")).text
    assert "Votre session est fermée" in page
    assert reverse("account_login") in page


def test_a_person_is_told_of_each_change_of_their_access(
    client, camille, django_capture_on_commit_callbacks
):
    from tests.santescopie.accounts.conftest import code_of

    sign_in(client, "camille")
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    with django_capture_on_commit_callbacks(execute=True):
        client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    said = content_of(last_message())
    assert said.subject == "Une application d’authentification a été ajoutée"
    for part in (said.text, said.html):
        assert "/admin/compte/oubli/" in part
    assert "camille" not in said.text


@pytest.fixture
def keeper(client):
    """Somebody who keeps accounts and groups, and is no administrator."""
    user = StaffFactory(username="gardien")
    kept = Permission.objects.filter(content_type__app_label="auth")
    user.user_permissions.set(kept.filter(codename__regex="_(user|group)$"))
    client.force_login(user)
    return user


def test_s3_who_keeps_accounts_takes_none_that_may_do_more(client, keeper, somebody):
    """S3: an address that is changed, or a link sent anew, lets somebody in."""
    dpo = somebody(username="dpo", email="dpo@exemple.fr", group="DPO")
    plain = somebody(username="simple", email="simple@exemple.fr", group=None)
    access = page("auth_user_access", dpo.pk)

    for url, data in (
        (page("auth_user_change", dpo.pk), {"email": "a@exemple.fr"}),
        (access, {"geste": "inviter"}),
        (access, {"geste": "retirer"}),
        (page("auth_user_delete", dpo.pk), {"post": "yes"}),
    ):
        assert client.post(url, data).status_code == 403
    assert client.get(page("auth_user_change", plain.pk)).status_code == 200
    assert not AccountLink.objects.exists()


def test_s3_nobody_gives_themself_rights(client, keeper):
    """S3: neither by their own page, nor by an invitation, nor by a group."""
    group = Group.objects.get(name="DPO")
    own = page("auth_user_change", keeper.pk)
    more = {"is_superuser": "on", "groups": [group.pk]}
    client.post(own, {**form_data(client.get(own)), **more})
    invited = {"first_name": "A", "last_name": "B", "email": "b@exemple.fr", **more}
    client.post(page("auth_user_add"), invited)

    above = Q(is_superuser=True) | ~Q(groups=None)
    assert not type(keeper).objects.filter(above).exists()
    assert client.post(page("auth_group_change", group.pk)).status_code == 403
    assert client.post(page("auth_group_add"), {"name": "x"}).status_code == 403
    assert client.post(page("auth_group_delete", group.pk)).status_code == 403
