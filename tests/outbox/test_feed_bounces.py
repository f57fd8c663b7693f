"""Messages that mail servers sent back are read as RFC 3464 has them."""

from __future__ import annotations

import io
import mailbox
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command

from outbox.models import Message, MessageEvent, Suppression
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db

REPORT = """\
Return-Path: <>
Message-ID: <{identity}@mx.exemple.net>
Date: Wed, 25 Nov 2026 08:00:00 +0100
From: Mail Delivery System <MAILER-DAEMON@mx.exemple.net>
To: etude@santescopie.exemple.fr
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type={report}; boundary="b"

--b
Content-Type: text/plain; charset=utf-8

Le message n'a pas pu être distribué.

--b
{status}
--b
{returned}
--b--
"""
STATUS = """\
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.exemple.net
Arrival-Date: Wed, 25 Nov 2026 07:59:00 +0100

Final-Recipient: rfc822; camille@exemple.fr
Action: {action}
Status: {status}
Diagnostic-Code: smtp; {said}
"""
WHOLE = """\
Content-Type: message/rfc822

From: etude@santescopie.exemple.fr
Subject: Votre synthese
Message-ID: {message_id}

Bonjour.
"""
HEADERS = """\
Content-Type: text/rfc822-headers

From: etude@santescopie.exemple.fr
Message-ID: {message_id}
"""
ABUSE = """\
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: Feedback/1.0
Version: 1
"""


@pytest.fixture
def message(settings):
    message = MessageFactory.build()
    name = f"<{message.uid}@{settings.MESSAGE_ID_DOMAIN}>"
    return MessageFactory(accepted=True, uid=message.uid, message_id=name)


def report(message, action="failed", status="5.1.1", said=None, returned=WHOLE):
    block = STATUS.format(action=action, status=status, said=said or f"550 {status} no")
    return REPORT.format(
        identity="a1",
        report="delivery-status",
        status=block,
        returned=returned.format(message_id=message.message_id),
    )


def feed(monkeypatch, content):
    stdin = SimpleNamespace(buffer=io.BytesIO(content.encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    said = io.StringIO()
    call_command("feed_bounces", stdout=said)
    return said.getvalue().strip()


@pytest.mark.parametrize("returned", [WHOLE, HEADERS])
def test_a_hard_bounce_sets_the_address_aside(monkeypatch, message, returned):
    said = feed(monkeypatch, report(message, returned=returned))

    assert said == "1 read, 1 new"
    message.refresh_from_db()
    assert message.state == Message.State.BOUNCED
    event = message.events.get()
    assert (event.kind, event.reason) == (MessageEvent.Kind.BOUNCED, "unknown")
    assert event.cause == "550 5.1.1 no"
    assert Suppression.objects.covers(message.recipient)


@pytest.mark.parametrize(
    ("action", "status", "state", "kind"),
    [
        ("failed", "4.4.7", Message.State.BOUNCED, "bounced"),
        ("failed", "5.2.2", Message.State.BOUNCED, "bounced"),
        ("failed", "5.7.1", Message.State.BOUNCED, "bounced"),
        ("delayed", "4.4.1", Message.State.ACCEPTED, "deferred"),
        ("Delayed", "4.2.2", Message.State.ACCEPTED, "deferred"),
        ("delivered", "2.0.0", Message.State.DELIVERED, "delivered"),
    ],
)
def test_the_rest_sets_no_address_aside(
    monkeypatch, message, action, status, state, kind
):
    feed(monkeypatch, report(message, action, status))

    message.refresh_from_db()
    assert (message.state, message.events.get().kind) == (state, kind)
    assert not Suppression.objects.exists()


def test_fed_twice_it_is_written_once(monkeypatch, message):
    assert feed(monkeypatch, report(message)) == "1 read, 1 new"
    assert feed(monkeypatch, report(message)) == "1 read, 0 new"
    assert message.events.count() == 1


def test_a_complaint_is_read_too(monkeypatch, message):
    content = REPORT.format(
        identity="c1",
        report="feedback-report",
        status=ABUSE,
        returned=WHOLE.format(message_id=message.message_id),
    )
    feed(monkeypatch, content)

    assert Suppression.objects.get().reason == "complaint"


def test_headers_that_come_back_in_base64_are_read(monkeypatch, message):
    import base64

    headers = f"Message-ID: {message.message_id}\n".encode()
    returned = (
        "Content-Type: text/rfc822-headers\nContent-Transfer-Encoding: base64\n\n"
        + base64.encodebytes(headers).decode()
    )
    assert feed(monkeypatch, report(message, returned=returned)) == "1 read, 1 new"


def test_holiday_answers_and_strangers_change_nothing(monkeypatch, message):
    stranger = MessageFactory.build()
    away = f"Subject: Absence\nIn-Reply-To: {message.message_id}\n\nDe retour lundi."

    for content in (away, report(stranger), "", "\x00\xff", "From: x"):
        assert feed(monkeypatch, content) == "1 read, 0 new"

    assert not MessageEvent.objects.exists()
    assert not Suppression.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [
        "Content-Type: message/delivery-status\n\nnot a block",
        "Content-Type: message/delivery-status\n\n",
        "Content-Type: text/plain\n\nAction: failed\nStatus: 5.1.1",
    ],
)
def test_a_broken_report_breaks_nothing(monkeypatch, message, broken):
    content = REPORT.format(
        identity="a1",
        report="delivery-status",
        status=broken,
        returned=WHOLE.format(message_id=message.message_id),
    )
    assert feed(monkeypatch, content) == "1 read, 0 new"


@pytest.mark.logs("outbox")
def test_a_hostile_message_does_not_hide_the_next_one(tmp_path, message):
    nested = "".join(
        f"--b{n}\nContent-Type: multipart/mixed; boundary=b{n + 1}\n\n"
        for n in range(2000)
    )
    (tmp_path / "1").write_text(
        f"Content-Type: multipart/report; boundary=b0\n\n{nested}"
    )
    (tmp_path / "2").write_text(report(message))

    with pytest.raises(CommandError, match="1 could not be read"):
        call_command("feed_bounces", tmp_path, stdout=io.StringIO())

    assert message.events.get().kind == "bounced"


def test_folders_files_and_mbox_files_are_read(tmp_path, message):
    (tmp_path / "cur").mkdir()
    (tmp_path / "cur" / "1.eml").write_text(report(message))
    box = mailbox.mbox(tmp_path / "box")
    delayed = report(message, "delayed", "4.4.1").replace("<a1@", "<a2@")
    box.add(delayed.encode())
    box.add(report(message).encode())
    box.close()
    said = io.StringIO()

    call_command("feed_bounces", str(tmp_path), stdout=said)

    assert said.getvalue().strip() == "3 read, 2 new"
    with pytest.raises(CommandError, match="not found"):
        call_command("feed_bounces", str(tmp_path / "nothing"))
