"""Who of staff saw, took away or changed what, and when. A ledger: rows are only added.

Numbers and codes, never a name (OWASP ASVS 5.0, 16.2 and 16.3). Kept for twelve months
(CNIL, guide du développeur, fiche 14): the database refuses to delete what is younger.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Now

from leads.models.lead import Lead

RETENTION = timedelta(days=365)


class JournalEntry(models.Model):
    class Act(models.TextChoices):
        SEEN = "vu", "consulté"
        PRINTED = "fiche", "fiche ou preuve en PDF"
        EXPORTED = "export", "exporté"
        ADDED = "ajout", "ajouté"
        CHANGED = "modification", "modifié"
        DELETED = "suppression", "supprimé"
        RIGHT = "droit", "droit d’une personne"
        SIGNED_IN = "connexion", "connexion"
        SIGN_IN_FAILED = "echec", "échec de connexion"
        SIGNED_OUT = "deconnexion", "déconnexion"
        ACCOUNT = "compte", "compte ou facteur changé"

    at = models.DateTimeField("le", db_default=Now(), editable=False)
    # Null: the machine, or the person themself. An account that is deleted leaves its
    # number: a ledger is not changed.
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        db_constraint=False,
        related_name="+",
        verbose_name="par",
    )
    act = models.CharField("acte", max_length=20, choices=Act)
    content_type = models.ForeignKey(
        ContentType, models.PROTECT, null=True, related_name="+", verbose_name="sur"
    )
    # Text, as the admin's own log has it: not every key is a number.
    object_id = models.CharField("numéro", max_length=100, db_default="")
    lead = models.ForeignKey(
        Lead,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="contact",
    )
    # How many rows were taken away, from which page, by which filters (S15); no word
    # that was typed.
    count = models.PositiveIntegerField("lignes", null=True)
    page = models.CharField("page", max_length=100, db_default="")
    filters = models.CharField("filtres", max_length=500, db_default="")

    class Meta:
        verbose_name = "acte du journal"
        verbose_name_plural = "journal des accès"
        ordering = ["-at", "-pk"]
        indexes = [
            models.Index(fields=["-at", "-id"], name="journal_latest"),
            models.Index(fields=["lead", "-at"], name="journal_of_lead"),
        ]

    def __str__(self) -> str:
        return f"{self.get_act_display()}, {self.page or self.object_id}"
