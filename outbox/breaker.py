"""Leave a mail server that fails alone, all workers together, and try it now and then.

One row per server in PostgreSQL: every worker reads the same state, and a restart
forgets nothing. While it is open, one message per interval is sent as a probe; the
others wait where they are, and none of them uses an attempt up.
"""

from __future__ import annotations

import logging
from typing import Self

from django.db import connection, models, transaction
from django.db.models import F, Q
from django.db.models.functions import Coalesce, Now

from outbox.claims import CHANNEL, delay

logger = logging.getLogger(__name__)

THRESHOLD = 3  # Failures in a row, whoever met them.
PROBE = 10  # Seconds between two probes.


class BreakerQuerySet(models.QuerySet["Breaker"]):
    def open(self) -> Self:
        return self.filter(opened_at__isnull=False)

    def offers(self, server: str) -> int | None:
        """Return how many messages a relay may hand over now; None: no limit.

        One per interval where it is open, even if that one is then lost.
        """
        if not self.open().filter(server=server).exists():
            return None
        recently = Q(offered_at__gt=Now() - delay(PROBE))
        due = self.open().filter(~recently | Q(offered_at=None), probe_at__lte=Now())
        return due.filter(server=server).update(offered_at=Now())

    def admits(self, server: str) -> bool:
        """Tell whether a connection may be tried; where it is open, to one of many.

        Whoever is admitted to an open breaker is the probe of this interval.
        """
        if not self.open().filter(server=server).exists():
            return True
        probe = self.open().filter(server=server, probe_at__lte=Now())
        if probe.update(probe_at=Now() + delay(PROBE), probes=F("probes") + 1):
            return True
        return not self.open().filter(server=server).exists()  # It closed meanwhile.

    def failed(self, server: str, reason: str, cause: str, *, opens: bool) -> None:
        """Count a failure of the server; open after THRESHOLD in a row, or at once."""
        with transaction.atomic():
            self.bulk_create([self.model(server=server)], ignore_conflicts=True)
            row = self.select_for_update().get(server=server)
            row.failures += 1
            row.reason, row.cause = reason, cause[:500]
            opening = opens or row.failures >= THRESHOLD
            row.save(update_fields=["failures", "reason", "cause"])
            if opening:
                self.filter(pk=row.pk).update(
                    opened_at=Coalesce("opened_at", Now()),
                    probe_at=Now() + delay(PROBE),
                )
        if opening and row.opened_at is None:
            logger.error("breaker: %s: open (%s)", server, reason)

    def succeeded(self, server: str) -> None:
        """Forget the failures of a server that answers; whatever waits leaves now."""
        row = self.filter(Q(failures__gt=0) | Q(opened_at__isnull=False), server=server)
        if not row.delete()[0]:
            return
        logger.info("breaker: %s: closed", server)
        with connection.cursor() as cursor:  # The relay has been waiting for this.
            cursor.execute("SELECT pg_notify(%s, '')", [CHANNEL])


class Breaker(models.Model):
    """A mail server that failed lately. No row: it answers."""

    server = models.CharField("serveur", max_length=300, unique=True)
    failures = models.PositiveIntegerField("échecs de suite", default=0)
    opened_at = models.DateTimeField("suspendu depuis", null=True)
    probe_at = models.DateTimeField("prochain essai", null=True)
    offered_at = models.DateTimeField(null=True)  # To the worker that will probe.
    probes = models.PositiveIntegerField("essais", default=0)
    reason = models.CharField("motif", max_length=20)
    cause = models.CharField("cause", max_length=500, blank=True)

    objects = BreakerQuerySet.as_manager()

    class Meta:
        app_label = "outbox"
        verbose_name = "serveur suspendu"
        verbose_name_plural = "serveurs suspendus"
        constraints = [
            models.CheckConstraint(
                name="breaker_open_has_a_next_probe",
                condition=Q(opened_at=None) | Q(probe_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.server
