"""Ledgers: PostgreSQL itself refuses to change, remove or empty what was written."""

from __future__ import annotations

import hashlib

import pytest
from django.db import IntegrityError, connection, transaction

from leads import consent
from leads.models import ConsentEvent, LeadEvent, MailboxEvent, PrivacyEvent
from tests.leads.factories import LeadFactory, SubmissionFactory

pytestmark = pytest.mark.django_db
LEDGERS = (ConsentEvent, PrivacyEvent, MailboxEvent, LeadEvent)
every_ledger = pytest.mark.parametrize("ledger", LEDGERS)
AN_ACT = {"purpose": "actualites", "granted": True}


def tables():
    return [ledger._meta.db_table for ledger in LEDGERS]


def row_of(ledger):
    lead = LeadFactory()
    if ledger is ConsentEvent:
        return ConsentEvent.objects.create(lead=lead, **AN_ACT)
    if ledger is PrivacyEvent:
        return PrivacyEvent.objects.create(lead=lead, kind="pas-moi")
    if ledger is MailboxEvent:
        return MailboxEvent.objects.create(lead=lead, kind="bouton")
    lead.status = "contacte"
    lead.save()
    return LeadEvent.objects.get()


def refused(sql):
    no = pytest.raises(IntegrityError, match="append-only")
    with no, transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(sql)


@every_ledger
@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE {0} SET lead_id = lead_id",
        "UPDATE {0} SET id = id WHERE false",
        "DELETE FROM {0}",
        "WITH gone AS (DELETE FROM {0} RETURNING 1) SELECT * FROM gone",
    ],
)
def test_what_is_written_is_never_changed_or_removed(ledger, sql):
    """R16: append-only, tried with raw SQL; an attempt that finds nothing, too."""
    table = ledger._meta.db_table
    if table == "leads_leadevent":
        sql = sql.replace("lead_id = lead_id", "status = status").replace(
            "id = id", "status = status"
        )
    row = row_of(ledger)

    refused(sql.format(table))

    assert ledger.objects.get() == row


@every_ledger
def test_a_ledger_is_never_emptied(ledger):
    """R16: not even with what Django's own `flush` does."""
    row = row_of(ledger)
    table = ledger._meta.db_table
    with transaction.atomic():
        with connection.cursor() as cursor:
            # The tests' own setting aside (conftest.py), which no migration makes.
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER never_emptied")
        refused(f"TRUNCATE {table} CASCADE")
        transaction.set_rollback(True)
    assert row.pk


@every_ledger
def test_no_setting_opens_the_door(ledger):
    """R16: pgtrigger's own way of ignoring its triggers opens nothing here."""
    row_of(ledger)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL pgtrigger.ignore = '{append_only}'")

    refused(f"DELETE FROM {ledger._meta.db_table}")


def test_what_is_agreed_to_keeps_its_submission():
    submission = SubmissionFactory()
    consent.record_news(submission, "/")

    with pytest.raises(Exception, match="protected"):
        submission.delete()


def test_a_hash_is_of_the_words_beside_it():
    """R16: wording and hash cannot part, whoever writes them."""
    lead = LeadFactory()
    right = hashlib.sha256("Œuf".encode()).hexdigest()
    ConsentEvent.objects.create(
        lead=lead, wording="Œuf", wording_sha256=right, **AN_ACT
    )

    with pytest.raises(IntegrityError, match="hash_is_of_its_wording"):
        ConsentEvent.objects.create(
            lead=lead, wording="Oeuf", wording_sha256=right, **AN_ACT
        )


def test_a_page_holds_no_secret():
    """R16, S17: the page is told, never the token that opened it."""
    page = f"/suivi/{SubmissionFactory().token}/"

    with pytest.raises(IntegrityError, match="page_holds_no_secret"):
        ConsentEvent.objects.create(lead=LeadFactory(), page=page, **AN_ACT)


def test_a_changed_address_is_to_be_confirmed_again_whoever_changes_it():
    """R9: the database writes it, whatever path the change took."""
    lead = LeadFactory()
    kind = MailboxEvent.Kind
    MailboxEvent.objects.create(lead=lead, kind=kind.PRESSED)

    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE leads_lead SET email = 'b@exemple.fr', email_key = 'b@exemple.fr'"
            " WHERE id = %s",
            [lead.pk],
        )
        cursor.execute("UPDATE leads_lead SET email_key = email_key, phone = '1'")

    events = MailboxEvent.objects.order_by("pk").values_list("kind", flat=True)
    assert list(events) == [kind.PRESSED, kind.CHANGED]
