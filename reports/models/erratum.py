"""What those who hold an edition are told of it, once each."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models.functions import MD5, Now

from outbox.models import Message
from reports.models.copy import Copy
from reports.models.edition import Edition


class Erratum(models.Model):
    """A note to those who hold an edition; the same note is the same erratum."""

    edition = models.ForeignKey(Edition, models.PROTECT, related_name="errata")
    note = models.TextField("note", max_length=2000)
    created_at = models.DateTimeField("écrit le", db_default=Now(), editable=False)
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, verbose_name="auteur"
    )

    class Meta:
        verbose_name = "erratum"
        verbose_name_plural = "errata"
        ordering = ["-created_at"]
        constraints = [
            models.UniqueConstraint("edition", MD5("note"), name="erratum_said_once"),
        ]

    def __str__(self) -> str:
        return f"erratum {self.pk}"


class ErratumLetter(models.Model):
    """One person told of one erratum, once."""

    erratum = models.ForeignKey(Erratum, models.CASCADE, related_name="letters")
    lead = models.ForeignKey("leads.Lead", models.CASCADE, related_name="+")
    copy = models.ForeignKey(Copy, models.CASCADE, related_name="+")
    message = models.OneToOneField(Message, models.CASCADE, related_name="+")

    class Meta:
        verbose_name = "envoi d’un erratum"
        constraints = [
            models.UniqueConstraint(
                fields=["erratum", "lead"], name="erratum_once_per_person"
            ),
        ]

    def __str__(self) -> str:
        return f"erratum {self.erratum_id}, exemplaire {self.copy_id}"
