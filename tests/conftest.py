"""What makes sloppy code fail, and the real engines that tests stand on."""

from __future__ import annotations

import logging
from importlib import import_module

import pytest

from leads import sources
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


@pytest.fixture(autouse=True)
def _copies_in_a_folder_of_their_own(settings, tmp_path):
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
    """Start from no memory of the campaigns: neither another test's nor an old one."""
    sources.forget()


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
