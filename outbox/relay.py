"""Hand what is due to Celery; where the broker fails, do the work here, one at a time.

One relay acts at a time, the holder of an advisory lock of its session; the others
wait to take over. It hears NOTIFY, and looks by itself every few seconds, so that a
missed notification, a lost Celery message or a dead worker costs time and nothing
else. Once a minute it asks the watchers (outbox/watching.py) what went wrong elsewhere.
"""

from __future__ import annotations

import logging
import threading
import time

import psycopg
from celery import current_app
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from kombu import Connection
from kombu.exceptions import OperationalError as BrokerError
from redis.exceptions import RedisError

from outbox import claims, watching
from outbox.claims import Claimable, ClaimableQuerySet
from outbox.inline import InlineWorker
from outbox.models import Message

logger = logging.getLogger(__name__)

LOCK = 2026_01  # The advisory lock of the acting relay.
POLL = 5.0  # Seconds between two looks when nothing is heard.
WINDOW = 200  # Tasks that may wait in the broker: more would only grow stale there.
BROKER_TIMEOUT = 1.0  # Seconds the relay may wait for the broker.
BROKER_REST = 5.0  # Seconds before a broker that failed is tried again.


class Relay:
    """Move what is due, until told to stop."""

    def __init__(self, stop: threading.Event) -> None:
        self.stop = stop
        self.inline = InlineWorker()
        self.broker_down_until = 0.0
        self.watch_at = 0.0
        self.broker = self._broker()

    def _broker(self) -> Connection:
        broker = current_app.connection_for_write(connect_timeout=BROKER_TIMEOUT)
        broker.transport_options = {
            **(broker.transport_options or {}),
            "socket_timeout": BROKER_TIMEOUT,
            "socket_connect_timeout": BROKER_TIMEOUT,
            "max_retries": 0,
        }
        return broker

    def run(self) -> None:
        """Relay until stopped; survives the loss of the database."""
        try:
            while not self.stop.is_set():
                try:
                    if self._acting():
                        self._relay()
                except (DatabaseError, psycopg.Error) as error:
                    logger.warning("database: %s", error)
                    self.stop.wait(1)
                connection.close()  # Lets go of the lock, too.
        finally:
            self.inline.stop()

    def _acting(self) -> bool:
        """Wait for our turn; return False when stopped instead."""
        while not self.stop.is_set():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
                if cursor.fetchone()[0]:
                    cursor.execute(f"LISTEN {claims.CHANNEL}")
                    logger.info("relay: acting")
                    return True
            self.stop.wait(1)
        return False

    def _relay(self) -> None:
        while not self.stop.is_set():
            self.watch()
            moved = sum(self.sweep(model) for model in claims.claimable_models())
            if not moved:
                self._listen()

    def _listen(self) -> None:
        """Sleep until something falls due, or the safety poll. Wakes to stop, too."""
        deadline = time.monotonic() + POLL * settings.DELAY_SCALE
        while not self.stop.is_set():
            left = min(1.0, deadline - time.monotonic())
            if left <= 0:
                return
            for _ in connection.connection.notifies(timeout=left, stop_after=1):
                return

    def watch(self) -> None:
        """Ask the watchers, once in a while; send here what may not wait for workers.

        They may all be dead while the broker takes every task we hand it.
        """
        if time.monotonic() < self.watch_at:
            return
        self.watch_at = time.monotonic() + watching.INTERVAL * settings.DELAY_SCALE
        for pk, lease_no in watching.ask_all():
            if not self.stop.is_set():
                self.inline.work(Message.task_name, pk, lease_no)

    def sweep(self, model: type[Claimable]) -> int:
        """Move what is due of one model; return how many rows."""
        queryset = model._default_manager.all()
        assert isinstance(queryset, ClaimableQuerySet)
        rows = queryset.hand_over(self._room(model.share))
        for pk, lease_no in rows:
            if self.stop.is_set():
                break
            if not self._publish(model.task_name, pk, lease_no):
                self.inline.work(model.task_name, pk, lease_no)
        return len(rows)

    def _room(self, share: float) -> int:
        """Return how many tasks the broker can take; 1 for us where it is down."""
        if self._broker_rests():
            return 1
        try:
            channel = self.broker.default_channel
            # kombu declares no public length for Redis: a passive declare raises
            # where the list is empty.
            waiting = channel._size(current_app.conf.task_default_queue)  # type: ignore[attr-defined]
        except self._broker_errors() as error:
            self._broker_failed(error)
            return 1
        return max(0, int(WINDOW * share) - int(waiting))

    def _publish(self, task_name: str, pk: int, lease_no: int) -> bool:
        if self._broker_rests():
            return False
        try:
            current_app.send_task(
                task_name, (pk, lease_no), connection=self.broker, retry=False
            )
        except self._broker_errors() as error:
            self._broker_failed(error)
            return False
        return True

    def _broker_errors(self) -> tuple[type[Exception], ...]:
        known = (*self.broker.connection_errors, *self.broker.channel_errors)
        return (*known, BrokerError, OSError, RedisError)

    def _broker_rests(self) -> bool:
        return time.monotonic() < self.broker_down_until

    def _broker_failed(self, error: Exception) -> None:
        logger.warning("broker: %s; working inline", error)
        self.broker_down_until = time.monotonic() + BROKER_REST
        self.broker = self._broker()
