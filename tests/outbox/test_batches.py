"""One connection carries what is due; a refusal in between spoils nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from outbox import sending
from outbox.models import Message, Suppression, suppression_hash
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db


def test_what_is_due_leaves_on_the_connection_that_is_open(sink, send):
    first, *_ = MessageFactory.create_batch(10)

    send(first)

    assert Message.objects.accepted().count() == 10
    assert len(sink.messages) == 10
    assert sink.connections == 1
    assert sink.commands.count("QUIT") == 1


def test_each_is_claimed_by_itself(sink, send):
    first, other, held = MessageFactory.create_batch(3)
    Message.objects.claim(held.pk, 0)
    MessageFactory(next_attempt_at=Now() + timedelta(hours=1))

    send(first)

    assert set(Message.objects.accepted()) == {first, other}
    other.refresh_from_db()
    assert (other.lease_no, other.attempts) == (1, 1)
    assert [event.kind for event in other.events.all()] == ["attempted", "accepted"]


def test_a_connection_carries_a_bounded_number(sink, send, monkeypatch):
    monkeypatch.setattr(sending, "BATCH_MESSAGES", 4)
    first, *_ = MessageFactory.create_batch(10)

    send(first)

    assert len(sink.messages) == 4
    assert Message.objects.due().count() == 6  # None was claimed and left.


def test_a_connection_is_kept_for_a_bounded_time(sink, send, monkeypatch):
    monkeypatch.setattr(sending, "BATCH_SECONDS", 0)
    first, *_ = MessageFactory.create_batch(10)

    send(first)

    assert len(sink.messages) == 1
    assert Message.objects.due().count() == 9


@pytest.mark.logs("outbox.sending")
def test_a_refusal_is_followed_by_the_next_message(sink, send):
    answers = iter(["550 5.1.1 no such user", *[None] * 9])
    sink.play["rcpt"] = lambda: next(answers)
    first, *_ = MessageFactory.create_batch(5)

    assert send(first).state == "failed"

    assert len(sink.messages) == 4
    assert sink.connections == 1


@pytest.mark.parametrize("answer", ["421 4.7.0 enough", "451 4.7.0 enough", "drop"])
def test_a_server_that_has_had_enough_is_called_again(sink, send, answer):
    """It closes a connection between two messages: nobody's failure."""
    answers = iter([None, None, answer, *[None] * 9])
    sink.play["mail"] = lambda: next(answers)
    first, *_ = MessageFactory.create_batch(5)

    send(first)

    assert len(sink.messages) == 5
    assert sink.connections == 2


def test_a_suppressed_address_is_passed_over(sink, send):
    first, second, third = MessageFactory.create_batch(3)
    Suppression.objects.create(
        address_hash=suppression_hash(second.recipient), reason="bounce"
    )

    send(first)

    assert set(Message.objects.accepted()) == {first, third}
    assert sink.connections == 1
