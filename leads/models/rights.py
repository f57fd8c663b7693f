"""What people ask of their own data: their links, their requests, their erasures."""

from __future__ import annotations

import calendar
import uuid
from datetime import date, timedelta
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from leads.models.lead import Lead, email_key
from leads.models.privacy import PrivacyEvent
from outbox import tokens
from outbox.claims import Claimable, ClaimableQuerySet, owed_index
from outbox.models import mailbox_of, suppression_hash

DATA_TOKEN = "mes-donnees"
KEPT = timedelta(days=90)  # A closed link says why it is closed; then it is unknown.


class DataLinkQuerySet(ClaimableQuerySet["DataLink"]):
    def by_token(self, token: str) -> DataLink | None:
        return self.filter(token_digest=tokens.digest(token)).first()

    def forget(self) -> int:
        """Delete what closed long ago, and return how many rows went."""
        return self.filter(asked_at__lt=Now() - KEPT).delete()[0]


class DataLink(Claimable):
    """Somebody asked, at an address, for the link to what is held of them.

    The post writes this row whatever the address: who it is known to is looked up by
    a worker, and the address is blank from then on.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField("adresse", max_length=254, blank=True)
    lead = models.ForeignKey(
        Lead,
        models.CASCADE,
        null=True,
        related_name="data_links",
        verbose_name="contact",
    )
    # Of the mailbox it was mailed to: it opens nothing once the contact has another.
    address_hash = models.BinaryField(max_length=32, null=True, editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    asked_at = models.DateTimeField("demandé le", db_default=Now(), editable=False)
    expires_at = models.DateTimeField("valable jusqu’au", null=True, editable=False)
    closed_at = models.DateTimeField("fermé le", null=True, editable=False)
    # The code that confirms an erasure: which one it is, since when, how often tried.
    code_no = models.PositiveSmallIntegerField(default=0, editable=False)
    code_sent_at = models.DateTimeField(null=True, editable=False)
    code_tries = models.PositiveSmallIntegerField(default=0, editable=False)

    task_name: ClassVar[str] = "leads.mail_data_link"
    share: ClassVar[float] = 0.1
    objects = DataLinkQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = "lien vers ses données"
        verbose_name_plural = "liens vers ses données"
        indexes = [owed_index("datalink")]

    def __str__(self) -> str:
        return f"lien {self.pk}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.token_digest = tokens.digest(self.token)
        super().save(*args, **kwargs)

    @property
    def token(self) -> str:
        """Return the secret of the link, which the database cannot tell."""
        return tokens.make(DATA_TOKEN, self.uid)

    @property
    def closed(self) -> str:
        """Return why the link opens nothing, erased or expired; nothing if it does."""
        if self.closed_at or self.lead is None or self.lead.erased_at:
            return "erased"
        key = self.lead.email_key or ""
        if bytes(self.address_hash or b"") != suppression_hash(key):
            return "expired"
        ends = self.expires_at
        return "" if ends and ends > timezone.now() else "expired"


def a_month_after(day: date) -> date:
    """Return the same day of the next month, or its last one (art. 12(3) GDPR).

    Regulation 1182/71 would add a day where that is a holiday: we do not wait for it.
    """
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    last = calendar.monthrange(year, month)[1]
    return date(year, month, min(day.day, last))


class RightsRequestQuerySet(models.QuerySet["RightsRequest"]):
    def waiting(self) -> Self:
        return self.filter(closed_at=None)

    def overdue(self) -> Self:
        """Keep what is not answered and should have been, as of today in Paris."""
        return self.waiting().filter(due_on__lt=timezone.localdate())


class RightsRequest(models.Model):
    """A right that somebody exercised, and what was done.

    What people do by themselves is done at once; what they write or say is noted by
    staff, who have a month.
    """

    class Right(models.TextChoices):
        ACCESS = "acces", "accès"
        PORTABILITY = "portabilite", "portabilité"
        RECTIFICATION = "rectification", "rectification"
        ERASURE = "effacement", "effacement"
        FREEZE = "limitation", "limitation"
        UNFREEZE = "reprise", "fin de la limitation"
        OBJECTION = "opposition", "opposition"
        WITHDRAWAL = "retrait", "retrait d’un accord"
        CONSENT = "accord", "accord donné"

    class Channel(models.TextChoices):
        SITE = "site", "site"
        EMAIL = "courriel", "courriel"
        PHONE = "telephone", "téléphone"
        POST = "courrier", "courrier"

    lead = models.ForeignKey(
        Lead,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="rights_requests",
        verbose_name="contact",
    )
    # Of somebody we do not know, or not yet: how to answer them.
    who = models.CharField("qui demande", max_length=200, blank=True, default="")
    right = models.CharField("droit", max_length=20, choices=Right)
    channel = models.CharField("canal", max_length=20, choices=Channel)
    said = models.TextField("ce qui est demandé", blank=True, default="")
    answer = models.TextField("ce qui a été fait", blank=True, default="")
    # {"organisation": ["what was kept", "what is now"]}
    changes = models.JSONField("corrections", default=dict, blank=True)
    received_on = models.DateField("reçue le", default=timezone.localdate)
    due_on = models.DateField("à traiter avant le", editable=False)
    at = models.DateTimeField("notée le", db_default=Now(), editable=False)
    closed_at = models.DateTimeField("close le", null=True, editable=False)
    noted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,  # Accounts are closed, not deleted.
        null=True,
        editable=False,
        related_name="+",
        verbose_name="notée par",
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
        verbose_name="close par",
    )

    objects = RightsRequestQuerySet.as_manager()

    class Meta:
        verbose_name = "demande d’exercice de droit"
        verbose_name_plural = "demandes d’exercice de droits"
        ordering = ["-at", "-pk"]
        default_permissions = ("view", "add", "change")
        constraints = [
            models.CheckConstraint(
                name="rightsrequest_closed_says_what_was_done",
                condition=Q(closed_at=None) | ~Q(answer=""),
                violation_error_message="Dites ce qui a été fait.",
            ),
        ]
        indexes = [
            # What staff have to answer, the most pressing first.
            models.Index(
                fields=["due_on"],
                condition=Q(closed_at=None),
                name="rightsrequest_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_right_display()}, reçue le {self.received_on:%d/%m/%Y}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.due_on = a_month_after(self.received_on)
        super().save(*args, **kwargs)

    @property
    def is_overdue(self) -> bool:
        return self.closed_at is None and self.due_on < timezone.localdate()


class TombstoneQuerySet(models.QuerySet["Tombstone"]):
    def covers(self, address: str) -> bool:
        """Tell whether whoever has this address, or its mailbox, was erased."""
        key = email_key(address.strip())
        hashes = {suppression_hash(name) for name in (key, mailbox_of(key))}
        return self.filter(address_hash__in=hashes).exists()


class Tombstone(models.Model):
    """Somebody was erased: a keyed hash of their address, and their number.

    It refuses their return by a file, and erases them again after a restored backup
    (leads/tombstones.py keeps it outside of the database, too).
    """

    address_hash = models.BinaryField("empreinte", max_length=32)
    number = models.BigIntegerField("numéro du contact")
    kind = models.CharField("nature", max_length=20, choices=PrivacyEvent.Kind)
    at = models.DateTimeField("effacé le", default=timezone.now)
    # When it was written outside of the database.
    kept_at = models.DateTimeField("recopiée le", null=True)

    objects = TombstoneQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = "empreinte d’une personne effacée"
        verbose_name_plural = "empreintes des personnes effacées"
        constraints = [
            models.UniqueConstraint(
                name="tombstone_once", fields=["address_hash", "at"]
            ),
        ]
        indexes = [
            # What is still to be written outside. Empty when idle.
            models.Index(
                fields=["id"], condition=Q(kept_at=None), name="tombstone_to_keep"
            ),
        ]

    def __str__(self) -> str:
        return f"contact {self.number}"
