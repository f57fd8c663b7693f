"""What makes sloppy code fail, and the real engines that tests stand on."""

from __future__ import annotations

import logging
from importlib import import_module

import pytest
from django.db.backends.postgresql.operations import DatabaseOperations
from django.test import Client

from leads import sources
from santescopie.accounts import sessions
from santescopie.mail import mailer
from tests.smtp import Sink


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Run the tests that empty the tables last: migrations have filled some."""
    items.sort(
        key=lambda item: any(
            mark.kwargs.get("transaction") for mark in item.iter_markers("django_db")
        )
    )


# Ledgers refuse to be emptied. Tests that empty every table ask each time: a test of
# migrations makes the triggers anew.
_MAY_BE_EMPTIED = """
DO $$ DECLARE ledger regclass; BEGIN
    FOR ledger IN SELECT tgrelid FROM pg_trigger
        WHERE tgname = 'never_emptied' AND tgenabled <> 'D'
    LOOP EXECUTE format('ALTER TABLE %s DISABLE TRIGGER never_emptied', ledger);
    END LOOP;
END $$
"""
_sql_flush = DatabaseOperations.sql_flush


def _flush_ledgers_too(*args, **kwargs):
    statements = _sql_flush(*args, **kwargs)
    return [_MAY_BE_EMPTIED, *statements] if statements else []


DatabaseOperations.sql_flush = _flush_ledgers_too


@pytest.fixture(autouse=True)
def _copies_in_a_folder_of_their_own(settings, tmp_path):
    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"
    settings.STORAGES = {
        **settings.STORAGES,
        "staticfiles": {
            "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        },
        "copies": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "copies")},
        },
    }


@pytest.fixture(autouse=True)
def _campaigns_read_anew():
    """Start from no memory of the campaigns, another test's or half a minute old."""
    sources.forget()


@pytest.fixture(autouse=True)
def _signed_in_with_both_factors(monkeypatch):
    """Let `force_login` skip the second factor as it skips the password.

    Both are asked in tests/santescopie/accounts, which sign in through the pages.
    """
    force_login = Client.force_login

    def with_both(client, user, backend=None):
        force_login(client, user, backend)
        session = client.session
        session[sessions.FACTOR] = True
        session.save()

    monkeypatch.setattr(Client, "force_login", with_both)


@pytest.fixture(autouse=True)
def _no_stray_log(request, caplog):
    """Fail on any warning or error that the test did not announce with @logs(name)."""
    with caplog.at_level(logging.WARNING):
        yield
    expected = tuple(
        name for mark in request.node.iter_markers("logs") for name in mark.args
    )
    stray = [
        f"{record.name}: {record.getMessage()}"
        for record in caplog.get_records("call")
        if record.levelno >= logging.WARNING and not record.name.startswith(expected)
    ]
    assert not stray, stray


# What makes the groups of staff and says what each may do.
GRANTS = (
    ("leads", "0003_staff_groups", "create_groups"),
    ("leads", "0005_privacy_event", "grant"),
    ("reports", "0005_publication", "grant"),
    ("leads", "0008_permissions_of_following_up", "grant"),
    ("leads", "0014_consent", "grant"),
    ("leads", "0015_rights", "grant"),
    ("leads", "0017_journal", "grant"),
)


@pytest.fixture
def groups(transactional_db):
    """The groups of staff, which a test that empties the tables may have lost."""
    from django.apps import apps

    for label, name, grant in GRANTS:
        getattr(import_module(f"{label}.migrations.{name}"), grant)(apps, None)


@pytest.fixture
def sink(settings):
    """A real SMTP server on loopback; says `250` unless told otherwise."""
    with Sink() as sink:
        settings.MAILERS = {"default": mailer(f"{sink.url}?timeout=2")}
        yield sink


@pytest.fixture
def visitor(client):
    """A browser on the landing page, which says where its posts come from."""
    client.defaults["HTTP_SEC_FETCH_SITE"] = "same-origin"
    return client


@pytest.fixture
def send():
    """Do what the relay and a worker do with one message, now."""
    from outbox.tasks import send_message

    def send(message):
        message.refresh_from_db()
        send_message(message.pk, message.lease_no)
        message.refresh_from_db()
        return message

    return send
