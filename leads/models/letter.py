"""The letters that staff receive, one of a kind and a day for each."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from outbox.models import Message


class Letter(models.Model):
    """A letter owed to one of the house; its words are made when it leaves."""

    class Kind(models.TextChoices):
        MORNING = "matin", "lettre du matin"
        WEEK = "semaine", "lettre de la semaine"

    kind = models.CharField("nature", max_length=20, choices=Kind)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="letters",
        verbose_name="personne",
    )
    day = models.DateField("jour")  # Europe/Paris.
    message = models.OneToOneField(
        Message, models.PROTECT, related_name="letter", verbose_name="envoi"
    )

    class Meta:
        verbose_name = "lettre"
        constraints = [
            models.UniqueConstraint(
                name="letter_once_a_day", fields=["kind", "user", "day"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} du {self.day:%d/%m/%Y}"
