"""Work on many leads at once: asked by somebody, done by workers, piece by piece."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from outbox.claims import (
    LEASE,
    Claimable,
    ClaimableQuerySet,
    LeaseLost,
    delay,
    owed_index,
)

DRAFT = Q(next_attempt_at=None, finished_at=None, stopped_at=None)


class BatchQuerySet(ClaimableQuerySet["Batch"]):
    def drafts(self) -> Self:
        """Keep what somebody has chosen and not confirmed: nothing is owed yet."""
        return self.filter(DRAFT)

    def begun(self) -> Self:
        return self.exclude(DRAFT)

    def visible_to(self, user: Any) -> Self:
        """Keep what somebody asked for; all of it for who sees all leads."""
        if user.has_perm("leads.view_all_lead"):
            return self
        return self.filter(user=user)

    def stop(self) -> int:
        """Take away what is owed; return how many stopped. A piece begun is ended."""
        return self.filter(next_attempt_at__isnull=False).update(
            stopped_at=Now(),
            next_attempt_at=None,
            lease_until=None,
            lease_no=F("lease_no") + 1,
        )

    def resume(self) -> int:
        """Owe again the rest of what was stopped; return how many."""
        return self.filter(stopped_at__isnull=False, finished_at=None).update(
            stopped_at=None, next_attempt_at=Now(), attempts=0
        )


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
    # What came of them: {"owed": 12, "nothing": 3}; keys of leads/outcomes.py.
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

    @property
    def left(self) -> int:
        return self.total - self.done

    def without_words(self) -> dict[str, Any]:
        """Return the settings without what was typed: a reason, a search."""
        typed = {"back"} if self.action == self.Action.STATUS else {"back", "reason"}
        return {key: value for key, value in self.params.items() if key not in typed}

    def advance(self, count: int) -> None:
        """Count the next leads as done, before they are: one transaction holds both.

        The row stays ours until it ends, and our lease is renewed. Raises LeaseLost
        where somebody else has it, or stopped it.
        """
        ours = self._held().filter(done=self.done, next_attempt_at__isnull=False)
        if not ours.update(
            done=F("done") + count, lease_until=Now() + delay(LEASE), attempts=0
        ):
            raise LeaseLost(f"{self._meta.label} {self.pk}, prise {self.lease_no}")
        self.done += count

    def stop(self, outcome: str) -> None:
        """Stop for a reason, as what remains cannot be done. Raises LeaseLost."""
        outcomes = {**self.outcomes, outcome: 1}
        self._release(next_attempt_at=None, stopped_at=Now(), outcomes=outcomes)
