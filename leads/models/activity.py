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

    lead = models.ForeignKey(Lead, models.CASCADE, related_name="activities")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        editable=False,
        verbose_name="auteur",
    )
    kind = models.CharField("nature", max_length=20, choices=Kind, default=Kind.NOTE)
    body = models.TextField("texte")
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "activité"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} : {self.body[:60]}"
