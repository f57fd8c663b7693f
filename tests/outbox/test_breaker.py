"""A server that fails is left alone by all workers; nothing is lost meanwhile."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from outbox.breaker import PROBE, THRESHOLD
from outbox.models import Breaker, Message, mail_server
from outbox.tasks import send_message
from tests.outbox.factories import MessageFactory
from tests.smtp import DROP

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.logs("outbox.sending", "outbox.breaker"),
]


def wait_for_the_probe():
    """Let an interval pass, for the breaker and for what waits."""
    interval = timedelta(seconds=PROBE)
    Breaker.objects.update(
        probe_at=F("probe_at") - interval, offered_at=F("offered_at") - interval
    )
    Message.objects.filter(next_attempt_at__isnull=False).update(next_attempt_at=Now())


def relay_once():
    """Do what a relay and its workers do with what is due; return how many."""
    rows = Message.objects.hand_over(100)
    for pk, lease_no in rows:
        send_message(pk, lease_no)
    return len(rows)


@pytest.fixture
def down(sink):
    """A server that hangs up on everybody, with a breaker that has seen enough."""
    sink.play["connect"] = DROP
    MessageFactory.create_batch(THRESHOLD)
    assert relay_once() == THRESHOLD
    return sink


def test_it_opens_after_some_failures_in_a_row(sink, send):
    sink.play["connect"] = DROP
    for _ in range(THRESHOLD - 1):
        send(MessageFactory())
    assert not Breaker.objects.open().exists()

    send(MessageFactory())

    breaker = Breaker.objects.open().get()
    assert (breaker.server, breaker.reason) == (mail_server(), "dropped")


def test_an_answer_between_two_failures_starts_the_count_again(sink, send):
    for step in (DROP, DROP, None, DROP, DROP):
        sink.play["connect"] = step
        send(MessageFactory())

    assert not Breaker.objects.open().exists()


def test_a_refused_recipient_is_an_answer(down, send):
    wait_for_the_probe()
    down.play.clear()
    down.rcpt = "550 5.1.1 no such user"

    send(MessageFactory())

    assert not Breaker.objects.exists()


def test_while_open_one_message_per_interval_is_tried(down):
    MessageFactory.create_batch(20)
    before = down.connections
    for interval in range(1, 4):
        assert relay_once() == 0
        wait_for_the_probe()
        assert [relay_once() for _ in range(5)] == [1, 0, 0, 0, 0]
        assert down.connections - before == interval


def test_an_outage_burns_no_attempt_and_all_leave_after_it(down):
    MessageFactory.create_batch(40)
    for _ in range(30):  # More than any message has attempts.
        wait_for_the_probe()
        relay_once()
    assert not Message.objects.filter(attempts__gt=0).exists()
    assert not Message.objects.failed().exists()
    down.play.clear()

    wait_for_the_probe()
    assert relay_once() == 1  # The probe, and behind it all that is due.
    while relay_once():
        pass

    assert Message.objects.accepted().count() == 40 + THRESHOLD
    assert len({m.mail["Message-ID"] for m in down.messages}) == 40 + THRESHOLD
    assert len(down.messages) == 40 + THRESHOLD


def test_what_was_in_the_broker_when_it_opened_just_waits(down, send):
    before = down.connections

    message = send(MessageFactory())

    assert down.connections == before
    assert (message.attempts, message.state) == (0, "queued")
    assert not message.events.exists()
    assert message in Message.objects.due()


def test_a_probe_that_the_broker_loses_is_replaced_after_an_interval(down):
    MessageFactory()
    wait_for_the_probe()
    assert len(Message.objects.hand_over(100)) == 1  # And nobody ever hears of it.
    assert not Message.objects.hand_over(100)

    wait_for_the_probe()

    assert len(Message.objects.hand_over(100)) == 1


def test_another_server_is_another_matter(down, settings, send):
    from santescopie.mail import mailer
    from tests.smtp import Sink

    with Sink() as other:
        settings.MAILERS = {"default": mailer(other.url)}
        assert send(MessageFactory()).state == "accepted"

    assert Breaker.objects.open().count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_is_the_probe():
    for _ in range(THRESHOLD):
        Breaker.objects.failed("mx:25", "away", "refused", opens=False)
    wait_for_the_probe()
    barrier, admitted = threading.Barrier(8), []

    def race():
        barrier.wait()
        try:
            admitted.append(Breaker.objects.admits("mx:25"))
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(admitted) == [False] * 7 + [True]


@pytest.mark.django_db(transaction=True)
def test_the_relay_hears_that_it_has_closed():
    Breaker.objects.failed("mx:25", "sign-in", "535", opens=True)
    with connection.cursor() as cursor:
        cursor.execute("LISTEN outbox")

    Breaker.objects.succeeded("mx:25")

    assert list(connection.connection.notifies(timeout=1, stop_after=1))
    connection.close()


def test_one_setting_scales_the_interval(settings):
    settings.DELAY_SCALE = 0.1
    Breaker.objects.failed("mx:25", "sign-in", "535", opens=True)

    breaker = Breaker.objects.annotate(now=Now()).get()

    assert 0 < (breaker.probe_at - breaker.now).total_seconds() <= PROBE / 10
