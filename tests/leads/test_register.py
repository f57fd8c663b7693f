"""docs/privacy.md says what the register in code says; who is concerned by a breach."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone

from leads import purging, register
from leads.bases import Act
from leads.models import audience, quota
from tests.leads.factories import (
    CopyFactory,
    LeadFactory,
    MessageFactory,
    SubmissionFactory,
)

DOC = settings.BASE_DIR / "docs" / "privacy.md"


def test_the_tables_of_the_documentation_are_those_of_the_register():
    """R1, R13: rendered from `leads/register.py` by `manage.py write_register`."""
    text = DOC.read_text()

    for name, table in register.tables().items():
        assert f"<!-- register: {name} -->\n{table}\n<!-- /register -->" in text
    assert register.filled(text) == text


def test_a_table_that_is_no_longer_true_is_written_anew():
    stale = re.sub(r"\| `quotas`.*\n", "", DOC.read_text())
    assert stale != DOC.read_text()

    assert register.filled(stale) == DOC.read_text()


def test_delays_in_words_are_the_delays_that_are_applied():
    """R19, R21: what is promised is what is done."""
    kept = {clock.key: clock.kept.replace("\u00a0", " ") for clock in register.CLOCKS}

    assert kept["contact"].startswith(f"{register.YEARS} ans")
    assert kept["messages"].startswith(f"{register.MESSAGES.days} jours")
    assert kept["gestes"].startswith(f"{register.GESTURES.days} jours")
    assert kept["journal"] == f"{register.JOURNAL.days} jours"
    assert kept["suspects"].startswith("12 mois")
    assert timedelta(days=365) == register.SUSPECTS
    assert kept["quotas"].startswith("24 heures")
    assert timedelta(hours=24) == quota.RETENTION
    assert kept["audience"] == "25 mois"
    assert timedelta(days=762) >= audience.RETENTION
    assert "12 heures" in kept["sessions"]
    assert settings.SESSION_COOKIE_AGE <= 12 * 3600
    assert timedelta(days=366) >= register.SUSPECTS
    assert timedelta(days=366) >= register.JOURNAL


def test_every_ledger_of_a_person_is_a_sign_of_theirs_or_known_not_to_be_one():
    """R19: whoever adds a table about people says whether its rows are their acts."""
    from leads import retention
    from leads.models import Lead

    signs = {rows.model for rows, _ in retention.signs()}
    ours = {  # What the house does, or what follows from other rows.
        "reports.Copy", "outbox.Message", "leads.Assignment", "leads.Escalation",
        "leads.LeadEvent", "leads.LeadFacts", "leads.Lead", "reports.ErratumLetter",
        "leads.DataLink", "leads.JournalEntry",
    }  # fmt: skip
    related = {
        relation.related_model
        for relation in Lead._meta.related_objects
        if relation.related_model not in signs
    }

    assert {model._meta.label for model in related} <= ours


def test_the_runbook_says_72_hours_who_and_how():
    """R27: a breach is notified within 72 h; its commands exist."""
    text = DOC.read_text()
    section = text.split("## A breach")[1].split("\n## ")[0]

    assert "**72 h**" in section
    assert "notifications.cnil.fr" in section
    for who in ("operations", "DPO", "publisher"):
        assert f"| {who}" in section or f", {who}" in section
    for what in re.findall(r"manage\.py list_concerned (\w+)", section):
        assert what in ("contacts", "copies", "messages")


def test_every_setting_and_file_of_the_documentation_exists():
    text = DOC.read_text()
    example = (settings.BASE_DIR / ".env.example").read_text()

    settings_ = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", text)) - {*Act.__members__}
    for name in settings_:
        assert re.search(rf"^#?{name}=", example, re.MULTILINE), name
    for name in set(re.findall(r"`((?:leads|reports|tests)/[\w/]+\.py)`", text)):
        assert (settings.BASE_DIR / name).exists(), name


# --- Whom a breach concerns --------------------------------------------------------


def concerned(*arguments):
    out = StringIO()
    call_command("list_concerned", *arguments, stdout=out)
    return out.getvalue()


@pytest.mark.django_db
def test_who_is_concerned_is_counted_and_listed():
    """R27: by what was read, and when."""
    known = SubmissionFactory().lead
    LeadFactory(erased=True)
    later = LeadFactory(created_at=timezone.now() + timedelta(hours=5))
    until = timezone.localtime(timezone.now() + timedelta(hours=1))
    until = until.replace(tzinfo=None).isoformat("T", "minutes")

    assert concerned("contacts").startswith("2 contacts")
    assert concerned("contacts", "--until", until).startswith("1 contacts")
    listed = concerned("contacts", "--addresses").splitlines()
    assert listed == [
        f"{lead.pk};{lead.email};{lead.full_name}" for lead in (known, later)
    ]
    assert concerned("copies").startswith("1 contacts")


@pytest.mark.django_db
def test_of_mail_that_was_read_only_its_hours_count():
    for day in (1, 9):
        at = datetime(2026, 11, day, 11, tzinfo=UTC)
        copy = CopyFactory(rendered=True)
        MessageFactory(next_attempt_at=None, accepted_at=at, copies=[copy])

    between = ("--since", "2026-11-01T11:00", "--until", "2026-11-01T13:00")
    assert concerned("messages", *between).startswith("1 contacts")
    assert concerned("messages").startswith("2 contacts")


def test_an_instant_that_cannot_be_read_is_refused():
    for text in ("hier", "2026-13-40T00:00"):
        with pytest.raises(CommandError, match="attendu"):
            concerned("contacts", "--since", text)


def test_the_purge_knows_every_clock_that_it_tells_of():
    for clock in purging.CLOCKS:
        assert register.clock(clock.key)
