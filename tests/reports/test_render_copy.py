"""Rendering a copy: once, fenced, and its message owed in the same transaction."""

from __future__ import annotations

import pytest
from django.core.files.storage import storages

from leads.models import Submission
from outbox.models import Message, MessageEvent
from reports.models import Copy, CopyEvent
from reports.tasks import MAX_ATTEMPTS, render_copy
from tests.leads.test_request import post

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy(visitor):
    post(visitor)
    return Copy.objects.get()


def test_a_copy_is_rendered_and_its_message_owed(copy):
    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.rendered_at
    assert copy.next_attempt_at is None
    with storages["copies"].open(copy.file) as file:
        assert file.read(5) == b"%PDF-"
    message = Message.objects.due().get()
    assert message.recipient == copy.recipient
    assert Submission.objects.get().messages.get() == message
    assert [e.kind for e in message.events.all()] == [MessageEvent.Kind.QUEUED]


@pytest.mark.parametrize(
    ("name", "way"),
    [
        ("Exemple", "par la voie rapide"),
        ("Примерова", "composé en entier\xa0: lettres d’une autre police"),
    ],
)
def test_the_history_of_a_copy_says_how_it_was_made(copy, name, way, admin_client):
    Copy.objects.update(last_name=name)
    render_copy(copy.pk, 0)

    assert copy.events.get(kind=CopyEvent.Kind.RENDERED).cause == way
    response = admin_client.get(f"/admin/reports/copy/{copy.pk}/change/", follow=True)
    assert way in response.text


def test_running_the_task_twice_renders_once(copy):
    render_copy(copy.pk, 0)
    render_copy(copy.pk, 0)
    copy.refresh_from_db()
    render_copy(copy.pk, copy.lease_no)

    assert Message.objects.count() == 1
    assert copy.events.filter(kind=CopyEvent.Kind.RENDERED).count() == 1


def test_a_worker_that_dies_before_the_end_leaves_the_copy_owed(copy, monkeypatch):
    """The file is written, then the power goes."""

    class PowerCut(BaseException):
        pass

    def die(*args, **kwargs):
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr("reports.models.Copy.finish", die)
        with pytest.raises(PowerCut):
            render_copy(copy.pk, 0)
    assert not Message.objects.exists()
    Copy.objects.update(lease_until=None)

    render_copy(copy.pk, 1)

    assert Message.objects.count() == 1


def test_a_zombie_cannot_write_over_its_successor(copy, monkeypatch):
    from reports import pdf

    def render_while_another_finishes(*args, **kwargs):
        monkeypatch.undo()
        Copy.objects.update(lease_until=None)
        render_copy(copy.pk, 1)
        return b"%PDF-zombie"

    monkeypatch.setattr(pdf, "render", render_while_another_finishes)
    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    with storages["copies"].open(copy.file) as file:
        assert b"zombie" not in file.read()
    assert Message.objects.count() == 1


@pytest.mark.logs("reports.tasks")
def test_a_failure_is_written_down_and_tried_later(copy, settings):
    settings.STORAGES = {
        **settings.STORAGES,
        "copies": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": "/dev/null/nowhere"},
        },
    }

    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.rendered_at is None
    assert copy.next_attempt_at is not None
    assert copy.lease_until is None
    assert copy.events.last().kind == CopyEvent.Kind.DEFERRED


@pytest.mark.logs("reports.tasks")
def test_a_store_that_is_away_is_waited_for(copy, monkeypatch):
    """Longer than for a document that cannot be made, whatever its client raises."""

    class ClientError(Exception):
        pass

    def fail(*args, **kwargs):
        raise ClientError("SlowDown")

    monkeypatch.setattr(type(storages["copies"]), "save", fail)
    Copy.objects.update(attempts=MAX_ATTEMPTS - 1)

    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.failed_at is None
    assert copy.next_attempt_at is not None
    assert copy.events.last().cause == "ClientError"


@pytest.mark.logs("reports.tasks")
def test_a_copy_that_takes_its_worker_down_each_time_is_given_up(copy):
    Copy.objects.update(attempts=MAX_ATTEMPTS)

    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.failed_at
    assert copy.next_attempt_at is None
    assert Submission.objects.get().state == "failed"
