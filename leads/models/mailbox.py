"""When somebody acted from the mailbox of an address. A ledger: rows are only added."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead


class MailboxEvent(models.Model):
    """A POST made from what was mailed to a contact's address, or a change of address.

    It says that somebody reads that mailbox, never who. The database itself writes
    `CHANGED` when the address does, whoever changes it: the new one is to be confirmed.
    """

    class Kind(models.TextChoices):
        DOWNLOADED = "telechargement", "exemplaire téléchargé depuis le lien reçu"
        PRESSED = "bouton", "bouton pressé sur la page reçue par courriel"
        CHANGED = "adresse-changee", "adresse changée\u00a0: à confirmer de nouveau"

    lead = models.ForeignKey(
        Lead, models.PROTECT, related_name="mailbox_events", verbose_name="contact"
    )
    kind = models.CharField("nature", max_length=20, choices=Kind)
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "boîte confirmée"
        verbose_name_plural = "boîtes confirmées"
        ordering = ["-at", "-pk"]
        indexes = [
            # The latest of a contact, on every page that says what is allowed.
            models.Index(fields=["lead", "-at", "-id"], name="mailboxevent_latest")
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, contact {self.lead_id}"
