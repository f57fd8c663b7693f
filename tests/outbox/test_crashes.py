"""A worker killed while it sends costs at most one more sending, of the same bytes."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now

from outbox.models import Message
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db(transaction=True)
ROOT = Path(__file__).resolve().parents[2]


def database_url():
    """Return the address of the very database that this test is on."""
    url = urlsplit(os.environ["DATABASE_URL"])
    return url._replace(path=f"/{connection.settings_dict['NAME']}").geturl()


def worker(sink, tmp_path):
    """Start a process that sends, on this test's database and server."""
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "manage.py", "work_inline"],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "MAIL_URL": sink.url,
            "COPIES_DIR": str(tmp_path / "copies"),
        },
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def with_file():
    content = os.urandom(20_000)
    key = storages["copies"].save("ab/copy.pdf", ContentFile(content))
    part = {
        "key": key,
        "name": "synthese.pdf",
        "type": "application/pdf",
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    return MessageFactory(attachments=[part])


@pytest.mark.parametrize("window", ["before the answer", "before the content"])
def test_killed_while_sending_it_is_sent_again_alike(sink, send, tmp_path, window):
    message = with_file()
    child = worker(sink, tmp_path)

    def kill():
        if child.poll() is None:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()

    if window == "before the answer":
        sink.before_answer = kill
    else:
        sink.play["rcpt"] = kill
    assert child.stdout.readline() == "ready\n"
    child.communicate(f"outbox.send_message {message.pk} 0\n", timeout=30)
    assert child.returncode == -signal.SIGKILL
    assert Message.objects.get().attempts == 1
    sink.before_answer = lambda: None
    sink.play.clear()

    assert send(message).state == "queued"  # Its lease still runs: nobody sends.
    Message.objects.update(lease_until=Now() - timedelta(seconds=1))
    send(message)

    assert message.state == "accepted"
    second_try = message.events.filter(kind="attempted", attempt=2).get()
    inside = window == "before the answer"
    assert second_try.ambiguous == inside
    assert second_try.reason == ("unknown-fate" if inside else "")
    assert len(sink.messages) == 1 + inside
    assert {m.mail["Message-ID"] for m in sink.messages} == {message.message_id}
    files = [next(m.mail.iter_attachments()).get_content() for m in sink.messages]
    assert {hashlib.sha256(f).hexdigest() for f in files} == {
        message.attachments[0]["sha256"]
    }


def test_a_worker_that_wakes_too_late_writes_nothing(sink, send, monkeypatch):
    """Its server answered after another had taken the message over and finished."""
    message = MessageFactory()

    def take_over():
        sink.before_answer = lambda: None
        Message.objects.update(lease_until=Now() - timedelta(seconds=1))
        other = Message.objects.claim(message.pk, 1)
        other.finish(failed_at=Now())
        connection.close()

    def in_its_own_thread():
        thread = threading.Thread(target=take_over)
        thread.start()
        thread.join()

    sink.before_answer = in_its_own_thread

    send(message)

    assert message.accepted_at is None
    assert message.failed_at is not None
    assert [event.kind for event in message.events.all()] == ["attempted"]
