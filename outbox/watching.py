"""What must be looked after though every worker be dead: the relay asks, each minute.

A watcher looks at what it likes, writes what it must, and names the messages that may
not wait for a worker: the relay sends them itself, whatever the broker's state.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable

from django.db.models.functions import Now

from outbox.claims import HAND_OVER, delay
from outbox.models import Message

logger = logging.getLogger(__name__)

INTERVAL = 60.0  # Seconds between two rounds.

Watcher = Callable[[], Iterable[int]]
_watchers: list[Watcher] = []


def watches(watcher: Watcher) -> Watcher:
    """Register what the relay calls at each round. It must be quick, and wait for none.

    It returns the keys of messages.
    """
    _watchers.append(watcher)
    return watcher


def ask_all() -> list[tuple[int, int]]:
    """Ask every watcher; return (pk, fencing number) of what must leave at once.

    One that fails is logged, and takes neither the others nor the relay with it.
    """
    urgent: list[int] = []
    for watcher in _watchers:
        try:
            urgent += watcher()
        except Exception:
            logger.exception("watcher %s", watcher.__name__)
    return owed_now(urgent)


def owed_now(keys: Iterable[int]) -> list[tuple[int, int]]:
    """Keep what is due, or was handed over to a worker that may be dead."""
    rows = Message.objects.filter(
        pk__in=list(keys), next_attempt_at__lte=Now() + delay(HAND_OVER)
    )
    return list(rows.order_by("pk").values_list("pk", "lease_no"))
