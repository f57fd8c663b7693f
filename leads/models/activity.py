"""What staff did with a lead, and what they want to remember."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead


class Activity(models.Model):
    class Kind(models.TextChoices):
        NOTE = "note", "note"
        CALL = "appel", "appel"
        EMAIL = "courriel", "courriel"
        MEETING = "rendez-vous", "rendez-vous"

    class Outcome(models.TextChoices):
        """What came of a call, or of a mail."""

        REACHED = "joint", "joint"
        MESSAGE_LEFT = "message", "message laissé"
        NO_ANSWER = "absent", "pas de réponse"
        REFUSED = "refus", "ne veut plus être appelé"
        SENT = "envoye", "envoyé, réponse attendue"
        ANSWERED = "repondu", "a répondu"

    # After these the next word is theirs.
    WAITING = (Outcome.MESSAGE_LEFT, Outcome.SENT)

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="activities")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        verbose_name="auteur",
    )
    kind = models.CharField("nature", max_length=20, choices=Kind, default=Kind.NOTE)
    outcome = models.CharField(
        "issue", max_length=10, choices=Outcome, blank=True, default="", db_default=""
    )
    body = models.TextField("texte", blank=True)
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "activité"
        verbose_name_plural = "activités"
        ordering = ["-at", "-pk"]
        indexes = [
            # The history of a person, newest first.
            models.Index(fields=["lead", "-at"], name="activity_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.body[:60]}"
