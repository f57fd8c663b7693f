"""One relay acts; it hands over what there is room for, and works where it must."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from celery import current_app
from django.db import connection
from django.utils import timezone

from outbox import relay as relay_module
from outbox import watching
from outbox.models import Message
from outbox.relay import WINDOW, Relay
from tests.outbox.factories import MessageFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def relay(monkeypatch):
    """A relay whose inline worker only writes down what it was given."""
    relay = Relay(threading.Event())
    relay.worked = []
    monkeypatch.setattr(
        relay.inline, "work", lambda name, pk, lease_no: relay.worked.append(pk)
    )
    channel = relay.broker.default_channel
    channel._purge(current_app.conf.task_default_queue)
    yield relay
    channel._purge(current_app.conf.task_default_queue)
    relay.broker.close()


def waiting(relay):
    return relay.broker.default_channel._size(current_app.conf.task_default_queue)


def test_what_is_due_is_handed_over_with_its_fencing_number(relay):
    MessageFactory.create_batch(3)

    assert relay.sweep(Message) == 3

    assert waiting(relay) == 3
    assert relay.sweep(Message) == 0
    assert not relay.worked


def test_no_more_than_a_window_waits_in_the_broker(relay):
    room = int(WINDOW * Message.share)
    MessageFactory.create_batch(room + 5)

    assert relay.sweep(Message) == room
    assert relay.sweep(Message) == 0

    assert waiting(relay) == room
    assert Message.objects.due().count() == 5


def test_without_a_broker_it_works_itself_one_at_a_time(relay, monkeypatch, caplog):
    first, second = MessageFactory.create_batch(2)
    monkeypatch.setattr(
        current_app.conf, "broker_write_url", "redis://127.0.0.1:9/0", raising=False
    )
    relay.broker = relay._broker()

    with caplog.at_level("CRITICAL", logger="outbox.relay"):
        assert relay.sweep(Message) == 1
        assert relay.sweep(Message) == 1

    assert relay.worked == [first.pk, second.pk]
    assert relay._broker_rests()


def test_a_broker_that_failed_is_tried_again_after_a_rest(relay):
    relay.broker_down_until = time.monotonic() - 1
    MessageFactory()

    relay.sweep(Message)

    assert waiting(relay) == 1


def test_what_a_watcher_names_leaves_here_though_the_broker_takes_everything(
    relay, monkeypatch
):
    urgent, waiting_longer, gone = MessageFactory.create_batch(3)
    waiting_longer.next_attempt_at = timezone.now() + timedelta(minutes=5)
    waiting_longer.save()
    gone.next_attempt_at = None
    gone.save()
    keys = [urgent.pk, waiting_longer.pk, gone.pk]
    monkeypatch.setattr(watching, "_watchers", [lambda: keys])

    relay.watch()
    relay.watch()

    assert relay.worked == [urgent.pk]  # Once: the next round is a minute away.
    relay.watch_at = 0.0
    relay.watch()
    assert relay.worked == [urgent.pk, urgent.pk]


@pytest.mark.django_db(transaction=True)
def test_of_two_relays_one_acts_and_the_other_takes_over(monkeypatch):
    monkeypatch.setattr(relay_module, "POLL", 0.2)
    swept = []
    monkeypatch.setattr(Relay, "sweep", lambda self, model: swept.append(self) or 0)
    relays = [Relay(threading.Event()) for _ in range(2)]

    def run(one):
        try:
            one.run()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[one]) for one in relays]
    for thread in threads:
        thread.start()
    try:
        wait_until(lambda: len(swept) > 4)
        [acting] = set(swept)
        acting.stop.set()
        [other] = set(relays) - {acting}
        wait_until(lambda: other in swept)
    finally:
        for one in relays:
            one.stop.set()
        for thread in threads:
            thread.join(timeout=20)

    last_of_first = max(i for i, one in enumerate(swept) if one is acting)
    assert swept.index(other) > last_of_first


def wait_until(condition):
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
