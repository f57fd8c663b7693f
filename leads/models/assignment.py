"""Who was given which lead, by whom or by which rule; and promises that broke."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from leads.models.lead import Lead
from leads.models.routing import RoutingRule
from outbox.models import Message


class Assignment(models.Model):
    """One lead given to one person, or taken back. A ledger: rows are only added.

    The mail that tells the person is owed by the same transaction.
    """

    lead = models.ForeignKey(
        Lead, models.PROTECT, related_name="assignments", verbose_name="contact"
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,  # Accounts are closed, not deleted.
        null=True,
        related_name="assignments",
        verbose_name="confié à",
    )
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="par",
    )
    rule = models.ForeignKey(
        RoutingRule, models.SET_NULL, null=True, related_name="+", verbose_name="règle"
    )
    # Why, in words, as it was known then: « Affecté à … : CHU, Bretagne, règle n° 4 ».
    sentence = models.CharField("motif", max_length=500)
    # Shared by those of one gesture; none where nobody was given anything.
    message = models.ForeignKey(
        Message,
        models.PROTECT,
        null=True,
        related_name="assignments",
        verbose_name="envoi",
    )
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "affectation"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="assignment_never_without_its_mail",
                condition=Q(to=None, message=None)
                | Q(to__isnull=False, message__isnull=False),
            ),
        ]
        indexes = [
            # The history of a person, newest first.
            models.Index(fields=["lead", "-at"], name="assignment_of_lead"),
        ]

    def __str__(self) -> str:
        return self.sentence


class Escalation(models.Model):
    """A promise that broke, and who was told. A ledger: rows are only added."""

    lead = models.ForeignKey(
        Lead, models.PROTECT, related_name="escalations", verbose_name="contact"
    )
    owner = models.ForeignKey(  # Who should have called then, if anybody.
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        related_name="+",
        verbose_name="responsable",
    )
    to = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="escalations",
        verbose_name="signalé à",
    )
    promised_on = models.DateField("promis avant le")
    message = models.ForeignKey(
        Message, models.PROTECT, related_name="escalations", verbose_name="envoi"
    )
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "signalement"
        ordering = ["-at", "-pk"]
        indexes = [
            # The history of a person, newest first.
            models.Index(fields=["lead", "-at"], name="escalation_of_lead"),
        ]

    def __str__(self) -> str:
        return f"promesse du {self.promised_on:%d/%m/%Y} non tenue"
