"""What people asked of what is held of them. A ledger: rows are only added."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead


class PrivacyEvent(models.Model):
    """A right that was exercised, on a contact known by its number alone."""

    class Kind(models.TextChoices):
        NOT_ME = "pas-moi", "effacé : « ce n’est pas moi »"
        ASKED = "demande", "effacé par la personne"
        STAFF = "equipe", "effacé par l’équipe, à sa demande"
        RESTORED = "restauration", "effacé de nouveau, après une restauration"
        RETENTION = "duree", "anonymisé : durée de conservation atteinte"

    lead = models.ForeignKey(
        Lead, models.PROTECT, related_name="privacy_events", verbose_name="contact"
    )
    kind = models.CharField("nature", max_length=20, choices=Kind)
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "droit exercé"
        verbose_name_plural = "droits exercés"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, contact {self.lead_id}"
