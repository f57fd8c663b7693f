"""One claim mechanism: whoever wins works, whoever lost its lease writes nothing."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now

from outbox.claims import HAND_OVER, LEASE, LeaseLost, claimable_models
from outbox.models import Message
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db


def claim(message):
    return Message.objects.claim(message.pk, message.lease_no)


def seconds_from_now(message, field):
    row = Message.objects.annotate(now=Now()).get(pk=message.pk)
    return (getattr(row, field) - row.now).total_seconds()


def test_a_claim_takes_a_lease_and_counts_the_attempt():
    message = MessageFactory()

    claimed = claim(message)

    assert claimed is not None
    assert (claimed.lease_no, claimed.attempts) == (1, 1)
    assert LEASE - 5 < seconds_from_now(message, "lease_until") <= LEASE


def test_a_claimed_row_is_not_claimed_again():
    message = MessageFactory()
    claim(message)

    assert claim(message) is None
    assert Message.objects.claim(message.pk, 1) is None


def test_a_row_that_nothing_is_owed_of_is_not_claimed():
    assert claim(MessageFactory(next_attempt_at=None)) is None


def test_a_stale_hint_finds_nothing():
    """A message published before an attempt must not start another one."""
    message = MessageFactory()
    claim(message).postpone(3600)

    assert claim(message) is None


def test_a_postponed_row_is_due_only_when_its_time_comes():
    message = MessageFactory()
    claim(message).postpone(3600)

    assert not Message.objects.due().exists()
    Message.objects.update(next_attempt_at=Now() - timedelta(seconds=1))
    assert Message.objects.due().get() == message


def test_a_row_left_by_a_dead_worker_falls_due_when_its_lease_ends():
    message = MessageFactory()
    claim(message)
    assert not Message.objects.due().exists()

    Message.objects.update(lease_until=Now() - timedelta(seconds=1))

    assert Message.objects.due().get() == message
    assert Message.objects.claim(message.pk, 1).attempts == 2


def test_a_worker_that_lost_its_lease_can_finish_nothing():
    message = MessageFactory()
    zombie = claim(message)
    Message.objects.update(lease_until=Now() - timedelta(seconds=1))
    successor = Message.objects.claim(message.pk, zombie.lease_no)

    with pytest.raises(LeaseLost):
        zombie.finish(accepted_at=Now())
    with pytest.raises(LeaseLost):
        zombie.postpone(10)
    with pytest.raises(LeaseLost):
        zombie.begin_handing_over()

    message.refresh_from_db()
    assert message.accepted_at is None
    successor.finish(accepted_at=Now())
    message.refresh_from_db()
    assert message.accepted_at is not None
    assert message.next_attempt_at is None
    assert message.lease_until is None


def test_a_row_finished_once_is_not_finished_twice():
    claimed = claim(MessageFactory())
    claimed.finish(accepted_at=Now())

    with pytest.raises(LeaseLost):
        claimed.finish(failed_at=Now())


def test_handing_over_looks_away_for_a_while():
    message = MessageFactory()

    assert Message.objects.hand_over(10) == [(message.pk, 0)]
    assert Message.objects.hand_over(10) == []
    assert HAND_OVER - 5 < seconds_from_now(message, "next_attempt_at") <= HAND_OVER
    assert claim(message) is not None


def test_handing_over_respects_its_limit_and_takes_the_oldest_first():
    late, later = MessageFactory(), MessageFactory()
    Message.objects.filter(pk=late.pk).update(
        next_attempt_at=Now() - timedelta(hours=2)
    )
    Message.objects.filter(pk=later.pk).update(
        next_attempt_at=Now() - timedelta(hours=1)
    )

    assert Message.objects.hand_over(1) == [(late.pk, 0)]
    assert Message.objects.hand_over(0) == []


def test_one_setting_scales_every_delay(settings):
    settings.DELAY_SCALE = 0.1
    message = MessageFactory()

    claim(message)

    assert 5 < seconds_from_now(message, "lease_until") <= 6


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_exactly_one_wins():
    message = MessageFactory()
    barrier, wins = threading.Barrier(8), []

    def race():
        barrier.wait()
        try:
            if claim(message):
                wins.append(1)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert wins == [1]


@pytest.mark.django_db(transaction=True)
def test_postgres_tells_the_relay_what_falls_due():
    with connection.cursor() as cursor:
        cursor.execute("LISTEN outbox")
    MessageFactory(next_attempt_at=None)
    claimed = claim(MessageFactory())
    claimed.finish(accepted_at=Now())

    heard = list(connection.connection.notifies(timeout=0.3))

    assert [notice.payload for notice in heard] == ["outbox_message"]
    connection.close()


def test_quick_work_is_handed_over_before_slow_work():
    names = [model.task_name for model in claimable_models()]

    assert names == [
        "outbox.send_message",
        "leads.follow_probe",
        "leads.mail_data_link",
        "reports.render_copy",
        "leads.work_batch",
        "reports.make_proof",
    ]
