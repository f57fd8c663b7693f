"""Erase, anonymise and drop what has been kept long enough, clock by clock.

Each piece is a transaction of its own: stopped anywhere, what is done is done and the
rest is found again. Running it twice, or two at once, does nothing more.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import batched
from typing import Any

from django.contrib.admin.models import LogEntry
from django.db import transaction
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from leads import privacy, retention
from leads.analytics import counting, facts
from leads.batches import FORGOTTEN
from leads.models import (
    AudienceCount,
    Batch,
    DataLink,
    JournalEntry,
    Lead,
    PrivacyEvent,
    Quota,
    RightsRequest,
)
from leads.models.audience import RETENTION as AUDIENCE
from leads.models.quota import RETENTION as QUOTAS
from leads.models.rights import KEPT as LINKS
from leads.register import GESTURES, JOURNAL, MESSAGES, YEARS
from outbox.models import Message

logger = logging.getLogger(__name__)

PIECE = 1000  # Rows at once; people one by one.
TRIES = 5  # Failures in a row after which a clock is left for the next run.
type Progress = Callable[[str, int], object]


@dataclass
class Done:
    """What a run did: rows gone by clock, and those that could not be."""

    gone: dict[str, int] = field(default_factory=dict)
    failed: dict[str, int] = field(default_factory=dict)
    finished: bool = True  # Else there was no time for the rest.


@dataclass(frozen=True)
class Rows:
    """A clock of the register whose rows are found by a query, and taken by pieces."""

    key: str
    found: Callable[[], QuerySet[Any]]
    take: Callable[[QuerySet[Any]], int]
    piece: int = PIECE

    def count(self) -> int:
        return self.found().count()

    def pieces(self) -> Iterator[Callable[[], int]]:
        last: Any = None
        while True:
            rows = self.found().order_by("pk")
            rows = rows if last is None else rows.filter(pk__gt=last)
            keys = list(rows.values_list("pk", flat=True)[:PIECE])
            if not keys:
                return
            last = keys[-1]
            for piece in batched(keys, self.piece):
                # Found again as it is taken: somebody may have come back meanwhile.
                yield partial(self._take, piece)

    def _take(self, keys: tuple[Any, ...]) -> int:
        return self.take(self.found().filter(pk__in=keys))


def _anonymise(rows: QuerySet[Lead]) -> int:
    """Erase one person by the one path there is; their part in past figures stays."""
    with transaction.atomic():
        facts.lock()
        # Whoever posts meanwhile locks their lead first: one of us waits.
        lead = rows.select_for_update(no_key=True, of=("self",)).first()
        if lead is None or not rows.filter(pk=lead.pk).exists():
            return 0
        facts.remake([lead.pk])
        counting.keep(lead.pk)
        erased = privacy.erase(lead, PrivacyEvent.Kind.RETENTION)
        facts.remake([lead.pk])
    return int(erased)


def _empty(rows: Any) -> int:
    emptied: int = rows.empty()
    return emptied


def _delete(rows: QuerySet[Any]) -> int:
    return rows.delete()[0]


def _messages() -> QuerySet[Message]:
    """Return what is over. What was held for a robot's may yet be let go."""
    return Message.objects.to_empty(MESSAGES).filter(lead__suspected_at=None)


def _gestures() -> QuerySet[Batch]:
    """Return old gestures that still hold words, and choices nobody confirmed."""
    old = Q(finished_at__lt=Now() - GESTURES) | Q(stopped_at__lt=Now() - GESTURES)
    reason = Q(params__has_key="reason") & ~Q(action=Batch.Action.STATUS)
    words = Q(params__has_key="back") | reason
    drafts = Batch.objects.drafts().filter(created_at__lt=Now() - FORGOTTEN)
    return Batch.objects.filter(old & words | Q(pk__in=drafts.values("pk")))


def _forget_words(rows: QuerySet[Batch]) -> int:
    gone = 0
    with transaction.atomic():
        found = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
        for batch in found:
            if batch.finished_at or batch.stopped_at:
                batch.params = batch.without_words()
                batch.save(update_fields=["params"])
            else:
                batch.delete()
            gone += 1
    return gone


CLOCKS: tuple[Rows, ...] = (
    Rows("contact", retention.due, _anonymise, piece=1),
    Rows("suspects", retention.due_suspects, _anonymise, piece=1),
    Rows("messages", _messages, _empty),
    Rows("quotas", lambda: Quota.objects.filter(hour__lt=Now() - QUOTAS), _delete),
    Rows(
        "audience",
        lambda: AudienceCount.objects.filter(hour__lt=Now() - AUDIENCE),
        _delete,
    ),
    Rows("gestes", _gestures, _forget_words),
    Rows(
        "journal",
        lambda: LogEntry.objects.filter(action_time__lt=Now() - JOURNAL),
        _delete,
    ),
    Rows(
        "acces",
        lambda: JournalEntry.objects.filter(at__lt=Now() - JOURNAL),
        _delete,
    ),
    Rows("liens", lambda: DataLink.objects.filter(asked_at__lt=Now() - LINKS), _delete),
    Rows(
        "demandes",
        lambda: RightsRequest.objects.filter(
            lead=None, closed_at__lt=Now() - timedelta(days=365 * YEARS)
        ),
        _delete,
    ),
)


def waiting() -> dict[str, int]:
    """Return how many rows each clock would take now. Changes nothing."""
    return {clock.key: clock.count() for clock in CLOCKS}


def purge(
    progress: Progress = lambda key, gone: None, seconds: float | None = None
) -> Done:
    """Take what is due by every clock, for so long at the most.

    What fails is logged, left as it was, and found again by the next run.
    """
    until = None if seconds is None else time.monotonic() + seconds
    done = Done()
    for clock in CLOCKS:
        done.gone[clock.key] = in_a_row = 0
        for take in clock.pieces():
            if until is not None and time.monotonic() > until:
                done.finished = False
                break
            try:
                done.gone[clock.key] += take()
                in_a_row = 0
            except Exception:  # A store that is away raises errors of its client.
                logger.exception("purge: %s", clock.key)
                done.failed[clock.key] = done.failed.get(clock.key, 0) + 1
                in_a_row += 1
                if in_a_row >= TRIES:
                    break
            progress(clock.key, done.gone[clock.key])
    told = ", ".join(f"{key} {count}" for key, count in done.gone.items() if count)
    logger.info("purge: %s", told or "nothing")
    return done
