"""Work on many leads at once: asked by somebody, done by workers, piece by piece."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from outbox.claims import Claimable, ClaimableQuerySet, owed_index


class BatchQuerySet(ClaimableQuerySet["Batch"]):
    pass


class Batch(Claimable):
    """One gesture on a frozen list of leads. `done` says how far it has come.

    Stopping takes what is owed away; going on owes it again. What is done stays done.
    """

    class Action(models.TextChoices):
        ASSIGN = "assign", "confier"
        STATUS = "status", "changer de statut"
        RESEND = "resend", "renvoyer la synthèse"
        NEW_EDITION = "new-edition", "envoyer la nouvelle édition"
        TEST = "test", "marquer comme essai"
        REAL = "real", "ne plus tenir pour un essai"
        SUSPECT = "suspect", "tenir pour suspect"
        RELEASE = "release", "ce n’est pas un robot"

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="batches",
        verbose_name="demandé par",
    )
    action = models.CharField("action", max_length=20, choices=Action)
    params = models.JSONField("réglages", default=dict, blank=True)
    leads = ArrayField(models.BigIntegerField(), verbose_name="contacts")
    done = models.PositiveIntegerField("faits", default=0)
    # What came of them: {"owed": 12, "nothing": 3}.
    outcomes = models.JSONField("résultats", default=dict, blank=True)
    created_at = models.DateTimeField("demandé le", db_default=Now(), editable=False)
    finished_at = models.DateTimeField("terminé le", null=True, editable=False)
    stopped_at = models.DateTimeField("arrêté le", null=True, editable=False)

    task_name: ClassVar[str] = "leads.work_batch"
    share: ClassVar[float] = 0.05
    objects = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = "action groupée"
        verbose_name_plural = "actions groupées"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="batch_not_owed_once_over",
                condition=Q(next_attempt_at=None)
                | Q(finished_at=None, stopped_at=None),
            ),
        ]
        indexes = [owed_index("batch")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} : {self.total}"

    @property
    def total(self) -> int:
        return len(self.leads)
