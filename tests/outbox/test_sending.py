"""A message leaves once; what the server answers decides what happens next."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.mail import EmailMessage
from django.db.models.functions import Now

from outbox import tokens
from outbox.models import MARK, Message, MessageEvent, Suppression, suppression_hash
from outbox.recipients import Withheld
from outbox.sending import MAX_ATTEMPTS
from outbox.tasks import send_message
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db
Kind = MessageEvent.Kind


def send(message):
    message.refresh_from_db()
    send_message(message.pk, message.lease_no)
    message.refresh_from_db()
    return message


def kinds(message):
    return [event.kind for event in message.events.all()]


def test_a_message_is_sent_and_the_answer_written_down(sink):
    message = send(MessageFactory(recipient="zoe@exemple.fr"))

    [received] = sink.messages
    assert received.recipients == ["zoe@exemple.fr"]
    assert received.mail["Message-ID"] == message.message_id
    assert message.state == Message.State.ACCEPTED
    assert kinds(message) == [Kind.ATTEMPTED, Kind.ACCEPTED]
    accepted = message.events.last()
    assert (accepted.smtp_code, accepted.cause, accepted.attempt) == (250, "OK", 1)


def test_running_the_task_twice_sends_one_message(sink):
    message = MessageFactory()

    send(message)
    send(message)
    send_message(message.pk, 0)

    assert len(sink.messages) == 1


def test_text_comes_first_and_the_file_is_attached_unchanged(sink):
    content = b"%PDF-1.7 not really"
    key = storages["copies"].save("ab/copy.pdf", ContentFile(content))
    part = {
        "key": key,
        "name": "synthese.pdf",
        "type": "application/pdf",
        "sha256": hashlib.sha256(content).hexdigest(),
    }

    send(MessageFactory(attachments=[part]))

    [received] = sink.messages
    assert [part.get_content_type() for part in received.mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]
    [attachment] = received.mail.iter_attachments()
    assert attachment.get_filename() == "synthese.pdf"
    assert attachment.get_content() == content


@pytest.mark.logs("outbox.sending")
def test_a_file_that_changed_is_never_sent(sink):
    key = storages["copies"].save("ab/copy.pdf", ContentFile(b"another's"))
    part = {"key": key, "name": "s.pdf", "type": "application/pdf", "sha256": "0" * 64}

    message = send(MessageFactory(attachments=[part]))

    assert not sink.messages
    assert message.state == Message.State.DEFERRED


@pytest.mark.logs("outbox.sending")
def test_a_store_that_does_not_answer_uses_no_attempt_up(sink, monkeypatch):
    """The client of a bucket raises errors of its own, which are no OSError."""

    class ClientError(Exception):
        pass

    def fail(*args):
        raise ClientError("SlowDown")

    part = {"key": "ab/c.pdf", "name": "s.pdf", "type": "application/pdf", "sha256": ""}
    monkeypatch.setattr(type(storages["copies"]), "open", fail)

    message = send(MessageFactory(attachments=[part]))

    assert (message.state, message.attempts) == (Message.State.DEFERRED, 0)
    assert message.events.last().reason == "storage"


@pytest.mark.parametrize(
    ("recipient", "leaves"),
    [
        ("zoe@exemple.fr", True),
        ("Zoe@Essai.exemple.fr", True),
        ("zoe@ailleurs.exemple.fr", False),
        ("autre@exemple.fr", False),
    ],
)
def test_on_trial_only_listed_addresses_are_written_to(
    sink, settings, recipient, leaves
):
    settings.MAIL_ALLOW_ONLY = ["zoe@exemple.fr", "essai.exemple.fr"]

    message = send(MessageFactory(recipient=recipient))

    assert bool(sink.messages) == leaves
    if not leaves:
        assert message.state == Message.State.WITHHELD
        assert message.events.last().cause == "hors liste d’essai"


@pytest.mark.parametrize("reason", ["suppressed", "trial"])
def test_whoever_asks_to_send_the_last_guard_holds(sink, settings, reason):
    if reason == "trial":
        settings.MAIL_ALLOW_ONLY = ["exemple.org"]
    else:
        Suppression.objects.create(
            address_hash=suppression_hash("zoe@exemple.fr"), reason="bounce"
        )

    with pytest.raises(Withheld, match=reason):
        EmailMessage("Bonjour", "", "a@exemple.fr", ["zoe@exemple.fr"]).send()

    assert not sink.messages


def test_a_link_is_made_when_the_message_leaves_and_stored_nowhere(sink):
    uid = uuid.uuid4()
    mark = MARK.format(name="copy")
    message = MessageFactory(
        text=f"Ici : {mark}",
        html=f'<a href="{mark}">ici</a>',
        links={
            "copy": {
                "purpose": "exemplaire",
                "uid": str(uid),
                "generation": 1,
                "path": "/exemplaire/TOKEN/",
            }
        },
    )

    send(message)

    token = tokens.make("exemplaire", uid)
    url = f"https://santescopie.exemple.fr/exemplaire/{token}/"
    mail = sink.messages[0].mail
    assert url in mail.get_body(("plain",)).get_content()
    assert url in mail.get_body(("html",)).get_content()
    stored = str(Message.objects.filter(pk=message.pk).values().get())
    assert token not in stored


@pytest.mark.logs("outbox.sending")
@pytest.mark.parametrize(
    ("step", "answer", "state", "kind"),
    [
        ("rcpt", "450 4.2.1 greylisted", "deferred", Kind.DEFERRED),
        ("rcpt", "451 4.3.0 later", "deferred", Kind.DEFERRED),
        ("rcpt", "550 5.1.1 no such user", "failed", Kind.REFUSED),
        ("data", "421 4.7.0 busy", "deferred", Kind.DEFERRED),
        ("data", "452 4.3.1 full", "deferred", Kind.DEFERRED),
        ("data", "552 5.3.4 too big", "failed", Kind.REFUSED),
        ("data", "554 5.7.1 refused", "failed", Kind.REFUSED),
    ],
)
def test_the_class_of_an_answer_decides(sink, step, answer, state, kind):
    setattr(sink, step, answer)

    message = send(MessageFactory())

    assert message.state == state
    event = message.events.last()
    assert event.kind == kind
    assert event.smtp_code == int(answer[:3])
    assert not event.ambiguous
    assert (message.next_attempt_at is None) == (state == "failed")


@pytest.mark.logs("outbox.sending")
def test_a_greylisted_message_leaves_at_the_next_attempt(sink):
    sink.rcpt = "450 4.2.1 greylisted"
    message = send(MessageFactory())
    sink.rcpt = "250 OK"

    send(message)

    assert len(sink.messages) == 1
    assert message.state == Message.State.ACCEPTED


@pytest.mark.logs("outbox.sending")
def test_a_server_that_is_away_defers(settings):
    from santescopie.mail import mailer

    settings.MAILERS = {"default": mailer("smtp://127.0.0.1:9?timeout=1")}

    message = send(MessageFactory())

    assert message.state == Message.State.DEFERRED
    assert message.events.last().smtp_code is None


@pytest.mark.logs("outbox.sending")
def test_an_unknown_fate_is_said_to_be_ambiguous_and_sent_again_alike(sink):
    sink.drop_after_dot = True
    message = send(MessageFactory())
    assert message.events.last().ambiguous
    sink.drop_after_dot = False

    send(message)

    first, second = sink.messages
    assert first.mail["Message-ID"] == second.mail["Message-ID"]


@pytest.mark.logs("outbox.sending")
def test_a_message_is_abandoned_after_its_last_attempt(sink):
    sink.data = "451 4.3.0 later"
    message = MessageFactory(attempts=MAX_ATTEMPTS - 1)

    send(message)

    assert message.state == Message.State.FAILED
    assert kinds(message)[-1] == Kind.ABANDONED


@pytest.mark.logs("outbox.sending")
def test_a_message_that_takes_its_worker_down_each_time_is_given_up(sink):
    message = send(MessageFactory(attempts=MAX_ATTEMPTS))

    assert not sink.messages
    assert kinds(message) == [Kind.ABANDONED]


def test_a_suppressed_address_is_never_written_to(sink):
    Suppression.objects.create(
        address_hash=suppression_hash("Zoe@exemple.fr"), reason="complaint"
    )

    message = send(MessageFactory(recipient="zoe@EXEMPLE.fr"))

    assert not sink.messages
    assert message.state == Message.State.WITHHELD


def test_a_worker_that_lost_its_lease_hands_nothing_over(sink, monkeypatch):
    """It wakes from a long sleep between RCPT and DATA: the message is another's."""
    message = MessageFactory()

    def lose_the_lease(*args):
        Message.objects.update(lease_until=Now() - timedelta(seconds=1))

    monkeypatch.setattr("outbox.sending.build", _then(lose_the_lease))

    send(message)

    assert not sink.messages
    assert message.accepted_at is None


def _then(act):
    from outbox.sending import build

    def wrapped(message):
        mail = build(message)
        act()
        return mail

    return wrapped


@pytest.mark.logs("outbox.sending")
def test_an_address_that_cannot_exist_is_refused_for_good(sink):
    message = send(MessageFactory(recipient="zoe@exemple.fr\r\nBcc: x@exemple.fr"))

    assert not sink.messages
    assert message.state == Message.State.FAILED
