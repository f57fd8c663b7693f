"""The one claim mechanism of the house: what is owed, who is on it, and until when.

A row is owed while `next_attempt_at` is set. A worker takes it with one conditional
UPDATE that compares and increases `lease_no`, the fencing number: of two workers
exactly one succeeds, a stale Celery message (which carries the number it was
published with) finds nothing, and a worker that lost its lease can finish nothing.
Every instant is the database's, never a worker's clock.
"""

from __future__ import annotations

import os
import socket
from datetime import timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import migrations, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now

CHANNEL = "outbox"  # What PostgreSQL notifies, with the table's name.
LEASE = 60  # Seconds a worker may hold a row before we take it for dead.
HAND_OVER = 30  # Seconds before a row handed to Celery is offered again.


class LeaseLost(Exception):
    """Somebody else holds the row now: nothing may be written, nothing more sent."""


def delay(seconds: float) -> timedelta:
    """Return a delay in real time; DELAY_SCALE shortens them all for rehearsals."""
    return timedelta(seconds=seconds * settings.DELAY_SCALE)


def worker_name() -> str:
    """Name this process in event rows: host and process number, nothing more."""
    return f"{socket.gethostname()}:{os.getpid()}"[:100]


class ClaimableQuerySet[M: "Claimable"](models.QuerySet[M]):
    def due(self) -> Self:
        """Keep what is owed now and held by nobody alive."""
        return self.filter(self._free(), next_attempt_at__lte=Now())

    @staticmethod
    def _free() -> Q:
        return Q(lease_until=None) | Q(lease_until__lt=Now())

    def hand_over(self, limit: int = 100) -> list[tuple[int, int]]:
        """Return (pk, fencing number) of what is due, and look away from it a while.

        A row whose Celery message is then lost comes back after HAND_OVER seconds.
        """
        with transaction.atomic():
            rows = list(
                self.due()
                .select_for_update(skip_locked=True)
                .order_by("next_attempt_at")
                .values_list("pk", "lease_no")[:limit]
            )
            self.filter(pk__in=[pk for pk, _ in rows]).update(
                next_attempt_at=Now() + delay(HAND_OVER)
            )
        return rows

    def claim(self, pk: int, lease_no: int) -> M | None:
        """Take the exclusive right to work on a row, or return None.

        None means that it is done, or that somebody is or has been on it since the
        caller read `lease_no`.
        """
        with transaction.atomic():  # The row stays ours between the two statements.
            claimed = self.filter(
                self._free(),
                pk=pk,
                lease_no=lease_no,
                next_attempt_at__isnull=False,
            ).update(
                lease_no=F("lease_no") + 1,
                lease_until=Now() + delay(LEASE),
                attempts=F("attempts") + 1,
            )
            return self.get(pk=pk) if claimed else None

    def claim_next(self) -> M | None:
        """Take what has been due the longest and nobody was told of, or return None."""
        with transaction.atomic():
            row = (
                self.due()
                .select_for_update(skip_locked=True)
                .order_by("next_attempt_at")
                .values_list("pk", "lease_no")
                .first()
            )
            return self.claim(*row) if row else None


class Claimable(models.Model):
    """A row that some worker must act upon, once."""

    next_attempt_at = models.DateTimeField(
        "prochaine tentative", null=True, blank=True, db_default=Now(), editable=False
    )
    lease_until = models.DateTimeField(
        "pris en charge jusqu’à", null=True, blank=True, editable=False
    )
    lease_no = models.PositiveIntegerField("numéro de prise", default=0, editable=False)
    attempts = models.PositiveSmallIntegerField("tentatives", default=0, editable=False)

    task_name: ClassVar[str]  # The Celery task that does the work: (pk, lease_no).
    # Of the tasks that may wait in the broker, the part these may fill. Slow work
    # takes little, so that quick work is never kept waiting behind it.
    share: ClassVar[float] = 1.0

    class Meta:
        abstract = True

    def finish(self, **values: Any) -> None:
        """Write an outcome and let go of the row. Nothing more is owed.

        Raises LeaseLost, and writes nothing, where the lease is no longer ours.
        """
        self._release(next_attempt_at=None, **values)

    def postpone(self, seconds: float, **values: Any) -> None:
        """Let go of the row and owe it again later. Raises LeaseLost."""
        self._release(next_attempt_at=Now() + delay(seconds), **values)

    def _release(self, **values: Any) -> None:
        ours = self._held().update(lease_until=None, **values)
        if not ours:
            raise LeaseLost(f"{self._meta.label} {self.pk}, prise {self.lease_no}")

    def _held(self) -> models.QuerySet[Any]:
        return type(self)._base_manager.filter(
            pk=self.pk, lease_no=self.lease_no, lease_until__isnull=False
        )


class Event(models.Model):
    """A step of something owed: when, which attempt, by whom, why. Never changed."""

    at = models.DateTimeField("le", db_default=Now(), editable=False)
    attempt = models.PositiveSmallIntegerField("tentative", default=0)
    worker = models.CharField("processus", max_length=100, blank=True)
    cause = models.CharField("cause", max_length=500, blank=True)

    class Meta:
        abstract = True


def owed_index(table: str) -> models.Index:
    """Index what is owed; read by the relay at each wake-up. Empty when idle."""
    return models.Index(
        name=f"{table}_owed",
        fields=["next_attempt_at"],
        condition=Q(next_attempt_at__isnull=False),
    )


def claimable_models() -> list[type[Claimable]]:
    """Return every concrete model whose rows must be worked on, the quickest first."""
    from django.apps import apps

    models = [
        m for m in apps.get_models() if issubclass(m, Claimable) and not m._meta.proxy
    ]
    return sorted(models, key=lambda model: -model.share)


def notify_when_due(table: str) -> migrations.RunSQL:
    """Return the migration that wakes the relay as soon as a row falls due.

    A trigger costs no round trip, and no caller can forget it. Notifications of one
    transaction are folded, and delivered only if it commits.
    """
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {table}_notify() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_notify('{CHANNEL}', TG_TABLE_NAME); RETURN NULL; END $$;
        CREATE TRIGGER {table}_notify
        AFTER INSERT OR UPDATE OF next_attempt_at ON {table}
        FOR EACH ROW WHEN (NEW.next_attempt_at <= clock_timestamp())
        EXECUTE FUNCTION {table}_notify();
        """,
        f"DROP TRIGGER {table}_notify ON {table}; DROP FUNCTION {table}_notify();",
    )
