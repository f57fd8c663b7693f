"""Messages that the house owes, what became of them, and who must not be written to."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar, Self

from django.core.mail import mailers
from django.db import connection, models, transaction
from django.db.models import Exists, F, OuterRef, Q
from django.db.models.functions import Now, Upper

from outbox import tokens
from outbox.breaker import Breaker
from outbox.claims import (
    Claimable,
    ClaimableQuerySet,
    Event,
    LeaseLost,
    owed_index,
    worker_name,
)

__all__ = ["Breaker", "Message", "MessageEvent", "Suppression", "Undelivered"]

# A link's place in a stored text. Private-use characters: no form lets them in.
MARK = "\ue000{name}\ue001"
LINK_TOKEN = "TOKEN"  # A token's place in the path of a link.

UNDELIVERED = (
    Q(failed_at__isnull=False)
    | Q(withheld_at__isnull=False)
    | Q(bounced_at__isnull=False)
)

WITHHELD_FOR_GOOD = ("corrected", "erased", "moot")  # Keys of outbox.replies.REASONS.

RECIPIENT_LOCK = 2026_02  # The family of advisory locks on one recipient.


class MessageQuerySet(ClaimableQuerySet["Message"]):
    def accepted(self) -> Self:
        return self.filter(accepted_at__isnull=False)

    def failed(self) -> Self:
        return self.filter(failed_at__isnull=False)

    def undelivered(self) -> Self:
        """Keep what ended without reaching anybody, as far as anybody told us."""
        return self.filter(UNDELIVERED).exclude(
            failed_at__isnull=False, delivered_at__isnull=False
        )

    def to_empty(self, age: Any) -> Self:
        """Keep what ended so long ago, all said and done, and still has its content."""
        ends = ("accepted", "failed", "withheld", "delivered", "bounced")
        return self.filter(
            created_at__lt=Now() - age, next_attempt_at=None, emptied_at=None
        ).filter(
            *(
                Q(**{f"{end}_at": None}) | Q(**{f"{end}_at__lt": Now() - age})
                for end in ends
            )
        )

    def empty(self) -> int:
        """Drop bodies, files and servers' words; fates, dates and subjects stay."""
        rows = self.filter(next_attempt_at=None, emptied_at=None)
        with transaction.atomic():
            locked = rows.select_for_update(no_key=True, skip_locked=True, of=("self",))
            keys = list(locked.order_by("pk").values_list("pk", flat=True))
            MessageEvent.objects.filter(message__in=keys).exclude(cause="").update(
                cause=""
            )
            return Message.objects.filter(pk__in=keys).update(
                text="",
                html="",
                headers={},
                links={},
                attachments=[],
                emptied_at=Now(),
            )

    def hand_over(self, limit: int = 100) -> list[tuple[int, int]]:
        """Hand over as usual; a server left alone gets one probe per interval."""
        offered = Breaker.objects.offers(mail_server())
        if offered == 0:
            return []
        return super().hand_over(limit if offered is None else min(limit, offered))

    def owe_again(self) -> list[Message]:
        """Owe once more what was refused, abandoned or withheld; return it.

        What a server accepted is left alone: it has been sent. So is what was
        withheld for good, as its address was corrected or its person erased.
        """
        for_good = MessageEvent.objects.filter(
            message=OuterRef("pk"), reason__in=WITHHELD_FOR_GOOD
        )
        with transaction.atomic():
            rows = list(
                self.undelivered()
                .filter(
                    ~Exists(for_good),
                    accepted_at=None,
                    next_attempt_at=None,
                    emptied_at=None,
                )
                .select_for_update(no_key=True, of=("self",))
                .defer("text", "html")
            )
            Message.objects.filter(pk__in=[row.pk for row in rows]).update(
                failed_at=None,
                withheld_at=None,
                deferred_at=None,
                attempts=0,
                lease_no=F("lease_no") + 1,
                next_attempt_at=Now(),
            )
            MessageEvent.objects.bulk_create(
                MessageEvent(
                    message=row,
                    kind=MessageEvent.Kind.QUEUED,
                    cause="renvoyé par l’équipe",
                    worker=worker_name(),
                )
                for row in rows
            )
        return rows

    def lock_recipient(self, recipient: str) -> None:
        """Make those who count the mail of one address wait for each other.

        Held until the transaction ends: who counts after us sees what we owed.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(%s, hashtext(%s))",
                [RECIPIENT_LOCK, recipient.upper()],
            )

    def mailed_since(self, recipient: str, since: Any) -> Self:
        """Keep what was, may have been or will be mailed to an address since then."""
        unsure = MessageEvent.objects.filter(message=OuterRef("pk"), ambiguous=True)
        return self.filter(
            Q(withheld_at=None) | Exists(unsure),
            recipient__iexact=recipient,
            created_at__gte=since,
        )


def mail_server() -> str:
    """Name the server that messages leave by, as the breaker knows it."""
    return str(getattr(mailers["default"], "server", ""))


class Message(Claimable):
    """One e-mail owed to one address.

    Texts are kept without their secrets: `links` says how to make them, and they
    take their place when the message leaves.
    """

    class State(models.TextChoices):
        QUEUED = "queued", "en file"
        DEFERRED = "deferred", "différé"
        ACCEPTED = "accepted", "accepté"
        DELIVERED = "delivered", "distribué"
        BOUNCED = "bounced", "rebond"
        FAILED = "failed", "refusé"
        WITHHELD = "withheld", "retenu"

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField("nature", max_length=40)
    lead = models.ForeignKey(
        "leads.Lead",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="messages",
        verbose_name="contact",
    )
    recipient = models.EmailField("destinataire", max_length=254)
    subject = models.CharField("objet", max_length=200)
    text = models.TextField("texte", blank=True)
    html = models.TextField("HTML", blank=True)
    headers = models.JSONField("en-têtes", default=dict, blank=True)
    links = models.JSONField("liens", default=dict, blank=True)
    # [{"key", "name", "type", "sha256"}], key in the "copies" storage.
    attachments = models.JSONField("pièces jointes", default=list, blank=True)
    # For a message that is made when it leaves (outbox/making.py): numbers of rows.
    about = models.JSONField(
        "objet interne",
        default=dict,
        blank=True,
        db_default=models.Value({}, models.JSONField()),
    )
    message_id = models.CharField("Message-ID", max_length=200, unique=True)
    created_at = models.DateTimeField("demandé le", db_default=Now(), editable=False)
    accepted_at = models.DateTimeField("accepté le", null=True, editable=False)
    failed_at = models.DateTimeField("refusé le", null=True, editable=False)
    withheld_at = models.DateTimeField("retenu le", null=True, editable=False)
    deferred_at = models.DateTimeField("différé le", null=True, editable=False)
    # What the recipient's side said later, where anybody tells us.
    delivered_at = models.DateTimeField("distribué le", null=True, editable=False)
    bounced_at = models.DateTimeField("rebond le", null=True, editable=False)
    # When its body and files were dropped: it can never be sent again.
    emptied_at = models.DateTimeField("contenu effacé le", null=True, editable=False)
    # Set just before DATA and cleared by the outcome: a claim that finds it set takes
    # over from a worker that died while the server may already have said yes.
    handing_over_at = models.DateTimeField(null=True, editable=False)

    task_name: ClassVar[str] = "outbox.send_message"
    # Each task sends what is due after its own message, too: few wake all workers.
    share: ClassVar[float] = 0.2
    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = "envoi"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="message_ends_one_way",
                condition=Q(accepted_at=None, failed_at=None)
                | Q(accepted_at=None, withheld_at=None)
                | Q(failed_at=None, withheld_at=None),
            ),
            models.CheckConstraint(
                name="message_not_owed_once_ended",
                condition=Q(next_attempt_at=None)
                | Q(accepted_at=None, failed_at=None, withheld_at=None),
            ),
        ]
        indexes = [
            owed_index("message"),
            # Staff's list of messages, newest first.
            models.Index(fields=["-created_at", "-id"], name="message_newest"),
            # Staff's screen of what reached nobody, newest first.
            models.Index(
                fields=["-created_at", "-id"],
                condition=UNDELIVERED,
                name="message_undelivered",
            ),
            # What is over and may be emptied, the oldest first. Some 90 days of mail.
            models.Index(
                fields=["created_at"],
                condition=Q(emptied_at=None, next_attempt_at=None),
                name="message_full",
            ),
            # The quota per recipient, at each message owed.
            models.Index(
                Upper("recipient"),
                "created_at",
                name="message_recipient",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.recipient}"

    @property
    def state(self) -> State:
        """Derive the state from what happened, the recipient's side last."""
        if self.bounced_at:
            return self.State.BOUNCED
        if self.delivered_at:
            return self.State.DELIVERED
        if self.accepted_at:
            return self.State.ACCEPTED
        if self.failed_at:
            return self.State.FAILED
        if self.withheld_at:
            return self.State.WITHHELD
        # Tried, and waiting: an attempt under way still counts as queued.
        waits = (self.attempts or self.deferred_at) and self.lease_until is None
        return self.State.DEFERRED if waits else self.State.QUEUED

    def begin_handing_over(self) -> None:
        """Note that the content is about to leave. Raises LeaseLost if we may not."""
        alive = self._held().filter(lease_until__gt=Now())
        if not alive.update(handing_over_at=Now()):
            raise LeaseLost(f"{self._meta.label} {self.pk}, prise {self.lease_no}")

    def _release(self, **values: Any) -> None:
        super()._release(handing_over_at=None, **values)

    def record(self, kind: MessageEvent.Kind, **details: Any) -> MessageEvent:
        """Add a step to the message's history."""
        return MessageEvent.objects.create(
            message=self,
            kind=kind,
            attempt=self.attempts,
            worker=worker_name(),
            **details,
        )


class Undelivered(Message):
    """Messages that reached nobody, on a screen of their own."""

    class Meta:
        proxy = True
        default_permissions = ()  # Whoever may see messages may see these.
        verbose_name = "envoi non abouti"
        verbose_name_plural = "envois non aboutis"


class MessageEvent(Event):
    class Kind(models.TextChoices):
        QUEUED = "queued", "en file"
        ATTEMPTED = "attempted", "tentative"
        ACCEPTED = "accepted", "accepté"
        DEFERRED = "deferred", "différé"
        DELIVERED = "delivered", "distribué"
        BOUNCED = "bounced", "rebond"
        COMPLAINED = "complained", "plainte"
        REFUSED = "refused", "refusé"
        ABANDONED = "abandoned", "abandonné"
        WITHHELD = "withheld", "retenu"

    message = models.ForeignKey(Message, models.CASCADE, related_name="events")
    kind = models.CharField("étape", max_length=20, choices=Kind)
    smtp_code = models.PositiveSmallIntegerField("code SMTP", null=True, blank=True)
    reason = models.CharField(  # A key of outbox.replies.REASONS.
        "motif", max_length=20, blank=True, default="", db_default=""
    )
    # What tells a report by others from its repetition. Empty for our own steps.
    fingerprint = models.CharField(
        max_length=64, blank=True, editable=False, default="", db_default=""
    )
    # The server may have taken the message before the line broke (RFC 1047).
    ambiguous = models.BooleanField("issue incertaine", default=False)

    class Meta:
        verbose_name = "étape d’un envoi"
        verbose_name_plural = "étapes d’un envoi"
        ordering = ["at", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="messageevent_reported_once",
                fields=["message", "fingerprint"],
                condition=~Q(fingerprint=""),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.message_id})"


class SuppressionQuerySet(models.QuerySet["Suppression"]):
    def covers(self, address: str) -> bool:
        """Tell whether an address must not be written to, nor its mailbox."""
        hashes = {suppression_hash(name) for name in (address, mailbox_of(address))}
        return self.filter(address_hash__in=hashes).exists()


def mailbox_of(address: str) -> str:
    """Return an address without its tag: zoe+etude@exemple.fr is zoe's (RFC 5233).

    What a person says counts for all of their tags; a bounce says nothing of others.
    """
    local, _, domain = address.rpartition("@")
    return f"{local.partition('+')[0] or local}@{domain}"


def suppression_hash(address: str) -> bytes:
    return tokens.keyed_hash("suppression", address.strip().lower())


class Suppression(models.Model):
    """An address we must not write to, known only by a keyed hash."""

    class Reason(models.TextChoices):
        BOUNCE = "bounce", "adresse en erreur"
        COMPLAINT = "complaint", "plainte"
        OPPOSITION = "opposition", "opposition de la personne"

    address_hash = models.BinaryField("empreinte", max_length=32, unique=True)
    reason = models.CharField("motif", max_length=20, choices=Reason)
    created_at = models.DateTimeField("depuis", db_default=Now(), editable=False)

    objects = SuppressionQuerySet.as_manager()

    class Meta:
        verbose_name = "adresse écartée"
        verbose_name_plural = "adresses écartées"

    def __str__(self) -> str:
        return self.get_reason_display()
