"""S25: sign-ins, their failures and changes of accounts stand in the journal."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection
from django.urls import reverse

from leads.models import JournalEntry
from santescopie.accounts import events, factors, journal, links
from santescopie.accounts.models import AccountLink
from tests.leads.factories import StaffFactory
from tests.leads.pages import page
from tests.santescopie.accounts.conftest import (
    PASSWORD,
    add_application,
    sign_in,
    sign_in_whole,
)

pytestmark = pytest.mark.django_db
Act = JournalEntry.Act


def lines():
    """Return each line: what, by whom, about whom, in which words."""
    rows = JournalEntry.objects.order_by("pk")
    return list(rows.values_list("act", "user", "object_id", "page"))


def test_s25_who_signs_in_and_out_is_written_down(client, camille):
    """S25"""
    sign_in_whole(client, camille, add_application(camille))
    client.post(reverse("account_logout"))

    me = (camille.pk, str(camille.pk))
    assert lines() == [
        (Act.SIGNED_IN, *me, "connexion (password+totp)"),
        (Act.SIGNED_OUT, *me, "déconnexion"),
    ]


def test_s25_a_failure_is_about_an_account_and_by_nobody(
    client, camille, other_browser
):
    """S25: whoever failed was perhaps not the person."""
    sign_in(client, "camille@exemple.fr", "x")
    add_application(camille)
    sign_in(client, "camille")
    client.post(reverse("mfa_authenticate"), {"code": "000000"})
    other_browser.post(reverse("mfa_login_webauthn"), {"credential": "{}"})

    about = (Act.SIGN_IN_FAILED, None, str(camille.pk))
    assert lines() == [
        (*about, "échec (password)"),
        (*about, "échec (totp)"),
        (Act.SIGN_IN_FAILED, None, "", "échec (webauthn)"),
    ]


def test_s25_what_was_typed_for_a_name_is_nowhere(client):
    """S25: it may be a password, or the address of somebody who is not of the house."""
    sign_in(client, "hunter2-zoe@exemple.fr", "x")

    assert lines() == [(Act.SIGN_IN_FAILED, None, "", "échec (password)")]
    with connection.cursor() as cursor:
        cursor.execute("SELECT j::text FROM leads_journalentry j")
        [(row,)] = cursor.fetchall()
    assert "hunter2" not in row
    assert "exemple" not in row


def test_a_flood_of_failures_does_not_fill_the_journal(client, camille, monkeypatch):
    """S2, S25: nameless ones are few a minute; an account's are never left out."""
    monkeypatch.setattr(journal, "NAMELESS_A_MINUTE", 3)
    for number in range(6):
        cache.clear()
        sign_in(client, f"personne{number}", "x")
    sign_in(client, "camille", "x")

    about = [row[2] for row in lines()]
    assert about == ["", "", "", str(camille.pk)]


def test_failures_beyond_the_throttle_write_nothing(client, camille):
    """S2: what is refused unread is not tried."""
    for _ in range(9):
        sign_in(client, "camille", "x")

    assert len(lines()) == 5


def test_a_minute_later_nameless_failures_are_noted_again(client, monkeypatch):
    monkeypatch.setattr(journal, "NAMELESS_A_MINUTE", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_journalentry (act, at)"
            " VALUES ('echec', now() - interval '61 seconds')"
        )
    sign_in(client, "personne", "x")
    sign_in(client, "personne", "x")

    assert len(lines()) == 2


def test_s25_invitations_factors_and_links_are_written_down(client, camille):
    """S25: by whom, about whose account."""
    boss = StaffFactory(is_superuser=True)
    links.invite(camille, by=boss)
    factors.reset(camille, by=boss)
    call_command("unlock_account", "camille", yes=True)
    link = AccountLink.objects.usable().get(user=camille)
    links.use(None, link, "un autre sablier bleu")

    about = str(camille.pk)
    assert lines() == [
        (Act.ACCOUNT, boss.pk, about, "invitation envoyée"),
        (Act.ACCOUNT, boss.pk, about, "facteurs tous retirés"),
        (Act.ACCOUNT, None, about, "facteurs tous retirés"),
        (Act.ACCOUNT, None, about, "lien de déblocage créé"),
        (Act.ACCOUNT, camille.pk, about, "compte débloqué"),
    ]


def test_every_event_has_its_words():
    """A kind that is recorded anywhere is one that the journal can say."""
    import ast
    from pathlib import Path

    root = Path(events.__file__).parents[1]
    kinds = set()
    for file in root.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in ("record", "events.record")
                and node.args
                and isinstance(node.args[0], ast.Constant)
            ):
                kinds.add(node.args[0].value)
    spoken = {"invitation_accepted", "password_reset", "unlocked"}  # By `links.use`.
    assert kinds | spoken == set(journal.WORDS)


def test_the_dpo_reads_what_happened_to_an_account(client, camille):
    """S23, S25"""
    events.record("factor_added", user=camille, by=camille, type="totp")
    client.force_login(StaffFactory(group="DPO"))

    text = client.get(page("leads_journalentry_changelist")).text

    assert f"n°\u00a0{camille.pk}\u00a0: facteur ajouté (totp)" in text
    assert PASSWORD not in text
