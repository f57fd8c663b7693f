"""One post of the form, valid or suspect, kept as it was typed."""

from __future__ import annotations

import uuid
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any, Self

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property

from leads.models.lead import Identity, Lead
from outbox import tokens
from outbox.models import Message
from reports.models import Copy, reader_of
from reports.personalisation import Reader

FOLLOW_UP_TOKEN = "suivi"
CORRECTABLE = Q(
    created_at__gt=Now() - timedelta(hours=24), corrects=None, correction=None
)


class SubmissionQuerySet(models.QuerySet["Submission"]):
    def genuine(self) -> Self:
        return self.filter(suspicion="", lead__is_test=False)

    def for_reader(self, reader: Reader) -> Self:
        """Keep the submissions that typed exactly this."""
        return self.filter(**asdict(reader))

    def correctable(self) -> Self:
        """Keep those whose address may still be corrected: once, and for a day."""
        return self.filter(CORRECTABLE)

    def by_token(self, token: str) -> Submission | None:
        return self.filter(token_digest=tokens.digest(token)).first()


class Submission(Identity):
    class Suspicion(models.TextChoices):
        HONEYPOT = "honeypot", "champ piège rempli"
        FORGED = "forged", "jeton de formulaire falsifié"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    lead = models.ForeignKey(
        Lead, models.CASCADE, related_name="submissions", verbose_name="contact"
    )
    # None for a suspect, to whom nothing is owed. Shared by submissions that say
    # exactly the same: the same copy is sent again.
    copy = models.ForeignKey(
        Copy,
        models.PROTECT,  # Erasure blanks; nothing goes with its row.
        null=True,
        blank=True,
        related_name="submissions",
        verbose_name="exemplaire",
    )
    messages = models.ManyToManyField(
        Message, related_name="submissions", editable=False, verbose_name="envois"
    )
    suspicion = models.CharField(
        "soupçon", max_length=20, choices=Suspicion, blank=True
    )
    phone = models.CharField(  # E.164.
        "rappel demandé au", max_length=16, blank=True, default="", db_default=""
    )
    news_consent = models.BooleanField("actualités acceptées", default=False)
    # What was chosen among the form's suggestions, if it was.
    establishment = models.ForeignKey(
        "leads.Establishment",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="établissement du registre",
    )
    # Campaign parameters exactly as they came: {"utm_source": ["…"], …}.
    source = models.JSONField("provenance", default=dict, blank=True)
    # The same, as they are compared: lower case, trimmed. What they mean today is in
    # `LeadFacts` (leads/sources.py): a campaign that is named later corrects the past,
    # and a visitor's post reads no campaign.
    origin = models.CharField(
        "source", max_length=100, blank=True, default="", db_default="", editable=False
    )
    campaign = models.CharField(
        "campagne",
        max_length=100,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    created_at = models.DateTimeField("reçue le", db_default=Now(), editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    # When its author last asked for its message again, sent or not.
    resend_asked_at = models.DateTimeField(
        "renvoi demandé le", null=True, editable=False
    )
    # The submission whose address this one corrects: once each.
    corrects = models.OneToOneField(
        "self",
        models.PROTECT,
        null=True,
        editable=False,
        related_name="correction",
        verbose_name="corrige la demande",
    )

    objects = SubmissionQuerySet.as_manager()

    class Meta:
        verbose_name = "demande"
        ordering = ["-created_at", "-pk"]
        permissions = [("send_again", "Peut renvoyer la synthèse")]
        indexes = [
            # Staff's list, and the counts by day.
            models.Index(fields=["-created_at", "-id"], name="submission_newest"),
            # Staff's filters by source and by campaign.
            models.Index(
                fields=["origin", "lead"],
                condition=~Q(origin=""),
                name="submission_origin",
            ),
            models.Index(
                fields=["campaign", "lead"],
                condition=~Q(campaign=""),
                name="submission_campaign",
            ),
        ]

    def __str__(self) -> str:
        return f"demande {self.pk} de {self.full_name}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.token_digest = tokens.digest(self.token)
            self.name_source()
        super().save(*args, **kwargs)

    def name_source(self) -> None:
        """Set origin and campaign from the raw parameters."""
        self.origin = _named(self.source, "utm_source")
        self.campaign = _named(self.source, "utm_campaign")

    @property
    def suspected_at(self) -> datetime | None:
        """Return since when its author is suspect: now, or never."""
        return timezone.now() if self.suspicion else None

    @property
    def token(self) -> str:
        """Return the secret of the follow-up page, which the database cannot tell."""
        return tokens.make(FOLLOW_UP_TOKEN, self.uid)

    @property
    def reader(self) -> Reader:
        return reader_of(self)

    @property
    def masked_email(self) -> str:
        """Return the address as c•••@chu-exemple.fr."""
        local, _, domain = self.email.partition("@")
        return f"{local[:1]}•••@{domain}"

    @cached_property
    def newest_message(self) -> Message | None:
        """Return the message that tells where this submission stands.

        One that was held back takes nothing away from one that was sent before it.
        """
        newest_first = self.messages.order_by("-created_at", "-pk")
        newest = newest_first.first()
        if newest and newest.withheld_at:
            return newest_first.accepted().first() or newest
        return newest

    @property
    def state(self) -> str:
        """Tell where this submission stands, from its own copy and messages alone.

        One of requested, rendered, queued, deferred, accepted, delivered, bounced,
        failed, withheld, corrected.
        """
        if hasattr(self, "correction"):
            return "corrected"
        if self.copy is None:
            return "withheld"
        message = self.newest_message
        if message is not None:
            return str(message.state)
        if self.copy.failed_at:
            return "failed"
        return "rendered" if self.copy.rendered_at else "requested"


def _named(source: dict[str, list[str]], name: str) -> str:
    """Return the first value of a campaign parameter, as values are compared."""
    first = next(iter(source.get(name, ())), "")
    return " ".join(first.lower().split())[:100]
