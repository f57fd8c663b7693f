"""The synthetic leads that try the whole chain, and the alarms that they raised."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import ExpressionWrapper, Min, OuterRef, Q, Subquery, Value
from django.db.models.functions import Coalesce, Now

from leads.models.submission import Submission
from outbox.claims import Claimable, ClaimableQuerySet, owed_index
from outbox.models import Message
from reports.models import Copy


class ProbeQuerySet(ClaimableQuerySet["Probe"]):
    def with_steps(self) -> Self:
        """Add how far each has come, whether or not anybody is alive to note it."""
        messages = Message.objects.filter(copies=OuterRef("copy")).order_by()
        return self.annotate(
            rendered=Coalesce("rendered_at", "copy__rendered_at"),
            accepted=Coalesce("accepted_at", _first(messages, "accepted_at")),
            bounced=_first(messages, "bounced_at"),
            now=Now(),
        )

    def old(self, age: Any) -> Self:
        return self.filter(started_at__lt=Now() - age)

    def brought(self, copy: Copy) -> bool:
        """Tell whether a copy is a probe's: no quota may withhold its message.

        No question is asked of the copies of everybody else.
        """
        if copy.recipient.lower() != settings.SEED_MAILBOX.lower():
            return False
        return self.filter(copy=copy).exists()


def _first(messages: models.QuerySet[Message], name: str) -> Subquery:
    found = messages.values(nothing=Value(1)).annotate(first=Min(name))
    return Subquery(found.values("first"))


class Probe(Claimable):
    """One synthetic lead on its way. Owed until its copy has been retrieved."""

    started_at = models.DateTimeField("partie le", db_default=Now(), editable=False)
    # What it made, for a day; its own instants stay longer.
    submission = models.OneToOneField(
        Submission, models.SET_NULL, null=True, related_name="probe"
    )
    copy = models.OneToOneField(Copy, models.SET_NULL, null=True, related_name="probe")
    rendered_at = models.DateTimeField("rendue le", null=True, editable=False)
    accepted_at = models.DateTimeField("acceptée le", null=True, editable=False)
    retrieved_at = models.DateTimeField("retirée le", null=True, editable=False)

    task_name: ClassVar[str] = "leads.follow_probe"
    share: ClassVar[float] = 0.15  # People's mail goes first.
    objects = ProbeQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = "sonde"
        constraints = [
            models.CheckConstraint(
                name="probe_retrieved_once_accepted",
                condition=Q(retrieved_at=None) | Q(accepted_at__isnull=False),
            ),
        ]
        indexes = [owed_index("probe")]

    def __str__(self) -> str:
        return f"sonde {self.pk}"


class Alarm(models.Model):
    """Somebody was told that a step is late. Open until a later probe passes all."""

    class Step(models.TextChoices):
        STARTED = "started", "envoi de contrôle"
        RENDERED = "rendered", "fabrication"
        ACCEPTED = "accepted", "remise"
        BOUNCED = "bounced", "distribution"
        RETRIEVED = "retrieved", "retrait"
        SILENCE = "silence", "silence"

    step = models.CharField("étape", max_length=20, choices=Step)
    since = models.DateTimeField("depuis le", null=True)
    raised_at = models.DateTimeField("signalée le", db_default=Now(), editable=False)
    cleared_at = models.DateTimeField("rétablie le", null=True, editable=False)

    class Meta:
        default_permissions = ()
        verbose_name = "alarme"
        constraints = [
            models.UniqueConstraint(
                ExpressionWrapper(Q(cleared_at=None), models.BooleanField()),
                name="alarm_one_at_a_time",
                condition=Q(cleared_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_step_display()} : {self.raised_at}"
