"""The copies made of an edition, and the hits on their links."""

from __future__ import annotations

import logging
import uuid
from dataclasses import asdict, fields
from datetime import datetime, timedelta
from typing import Any, ClassVar, Self, cast

from django.core.files.storage import storages
from django.db import models
from django.db.models import Exists, Min, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone

from outbox import files, tokens
from outbox.claims import Claimable, ClaimableQuerySet, Event, owed_index, worker_name
from outbox.models import Message
from reports.models.edition import Edition
from reports.personalisation import Reader
from reports.references import new_reference
from reports.vocabulary import JobFunction, OrganisationType, Region

logger = logging.getLogger(__name__)

COPY_TOKEN = "exemplaire"  # What a copy's token is good for.
LINK_LIFETIME = timedelta(days=90)
RETRIEVAL_WINDOW = timedelta(minutes=30)  # Repeated downloads count once.


class CopyQuerySet(ClaimableQuerySet["Copy"]):
    def rendered(self) -> Self:
        return self.filter(rendered_at__isnull=False)

    def for_reader(self, reader: Reader) -> Self:
        """Keep the copies that say exactly what this reader typed."""
        return self.filter(**asdict(reader))

    def held(self) -> Self:
        """Keep the copies really sent: a server accepted a message with them."""
        accepted = Message.objects.accepted().filter(copies=OuterRef("pk"))
        return self.filter(Exists(accepted))

    def genuine(self) -> Self:
        """Leave out tests, suspects and people who were erased, merged ones too."""
        return self.filter(
            lead__is_test=False,
            lead__suspected_at=None,
            lead__erased_at=None,
            lead__merged_into__suspected_at=None,
            lead__merged_into__erased_at=None,
        ).exclude(lead__merged_into__is_test=True)

    def by_token(self, token: str) -> Copy | None:
        return self.filter(token_digest=tokens.digest(token)).first()

    def behind(self, token: str) -> tuple[Copy, str]:
        """Return the copy that a link leads or led to, and why it no longer opens.

        The reason is revoked, replaced or expired, or nothing where the link is open.
        Raises Copy.DoesNotExist.
        """
        copy = self.by_token(token)
        if copy is not None:
            return copy, copy.closed
        copy = self.get(replaced_links__token_digest=tokens.digest(token))
        return copy, "revoked" if copy.revoked_at else "replaced"


def reader_of(row: Any) -> Reader:
    """Return the reader that a copy or a submission describes."""
    return Reader(**{f.name: getattr(row, f.name) for f in fields(Reader)})


def link_expiry() -> datetime:
    return timezone.now() + LINK_LIFETIME


class Copy(Claimable):
    """One edition made for one reader, who is frozen as they introduced themselves.

    What the lead's record holds is never read into a document: a stranger who types
    a known address must receive only what they typed.
    """

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    reference = models.CharField(
        "référence", max_length=14, unique=True, default=new_reference, editable=False
    )
    # The current one when it is rendered; until then, when it was asked for.
    edition = models.ForeignKey(Edition, models.PROTECT, verbose_name="édition")
    fingerprint = models.CharField(
        "empreinte du document", max_length=64, blank=True, editable=False
    )
    lead = models.ForeignKey(
        "leads.Lead", models.PROTECT, related_name="copies", verbose_name="contact"
    )
    first_name = models.CharField("prénom", max_length=100)
    last_name = models.CharField("nom", max_length=100)
    organisation = models.CharField("établissement", max_length=200)
    organisation_type = models.CharField(
        "type d’établissement", max_length=20, choices=OrganisationType, blank=True
    )
    job_function = models.CharField(
        "fonction", max_length=20, choices=JobFunction, blank=True
    )
    region = models.CharField("région", max_length=20, choices=Region, blank=True)
    recipient = models.EmailField("adresse", max_length=254)

    # Every message that carries this copy, whoever asked for it.
    messages = models.ManyToManyField(
        Message, related_name="copies", editable=False, verbose_name="envois"
    )

    requested_at = models.DateTimeField("demandé le", db_default=Now(), editable=False)
    rendered_at = models.DateTimeField("rendu le", null=True, editable=False)
    failed_at = models.DateTimeField("abandonné le", null=True, editable=False)
    file = models.CharField("fichier", max_length=200, blank=True, editable=False)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True, editable=False)
    size = models.PositiveIntegerField("taille (octets)", default=0, editable=False)
    damaged_at = models.DateTimeField(
        "fichier trouvé altéré le", null=True, editable=False
    )

    token_generation = models.PositiveSmallIntegerField(default=1, editable=False)
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    link_expires_at = models.DateTimeField(
        "lien valable jusqu’au", default=link_expiry, editable=False
    )
    revoked_at = models.DateTimeField("lien révoqué le", null=True, editable=False)

    task_name: ClassVar[str] = "reports.render_copy"
    share: ClassVar[float] = 0.1
    objects = CopyQuerySet.as_manager()

    class Meta:
        verbose_name = "exemplaire"
        ordering = ["-requested_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="copy_rendered_has_its_bytes",
                condition=Q(rendered_at=None) | ~Q(file="") & ~Q(sha256=""),
            ),
            models.CheckConstraint(
                # Rendered, it may be owed again: to who asks for the same once more.
                name="copy_not_owed_once_abandoned",
                condition=Q(next_attempt_at=None) | Q(failed_at=None),
            ),
        ]
        indexes = [
            owed_index("copy"),
            # Staff's list of copies, newest first.
            models.Index(fields=["-requested_at", "-id"], name="copy_newest"),
        ]

    def __str__(self) -> str:
        return self.reference

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self.pk is None:
            self.token_digest = tokens.digest(self.token)
        super().save(*args, **kwargs)

    @property
    def token(self) -> str:
        """Return the secret of the copy's link, which the database cannot tell."""
        return tokens.make(COPY_TOKEN, self.uid, self.token_generation)

    @property
    def reader(self) -> Reader:
        return reader_of(self)

    @property
    def closed(self) -> str:
        """Return why the link opens nothing, revoked or expired; nothing if it does."""
        if self.revoked_at:
            return "revoked"
        return "" if self.link_expires_at > timezone.now() else "expired"

    @property
    def is_open(self) -> bool:
        """Tell whether the link still opens the copy."""
        return not self.closed

    def replace_link(self) -> None:
        """Let a new link open the copy, and the one before say so. Call it locked.

        What has not left yet will bring the new one.
        """
        self.replaced_links.create(token_digest=self.token_digest)
        self.token_generation += 1
        self.token_digest = tokens.digest(self.token)
        self.link_expires_at = link_expiry()
        self.save(update_fields=["token_generation", "token_digest", "link_expires_at"])
        for message in self.messages.filter(accepted_at=None, links__has_key="copy"):
            message.links["copy"]["generation"] = self.token_generation
            message.save(update_fields=["links"])

    def file_name(self, lease_no: int) -> str:
        """Return a name for each lease: a zombie cannot write over a finished file."""
        return f"{self.uid.hex[:2]}/{self.uid}-{lease_no}.pdf"

    def delete_files(self) -> None:
        """Delete its file, and what workers that died may have left of it."""
        left = {self.file_name(number) for number in range(1, self.lease_no + 1)}
        for name in sorted(left | {self.file} - {""}):
            storages["copies"].delete(name)

    def content(self) -> bytes:
        """Return the bytes that were rendered, and no others.

        Raises OSError, or DamagedFile once staff have been told: the row says so.
        """
        try:
            return files.read(self.file, self.sha256)
        except files.DamagedFile:
            # A file made at its first use (the demo's) writes its hash as it is read.
            self.refresh_from_db(fields=["sha256"])
        try:
            return files.read(self.file, self.sha256)
        except files.DamagedFile:
            self._tell_damage()
            raise

    def _tell_damage(self) -> None:
        logger.error("copy %s: its file is not what was rendered", self.reference)
        found = Copy.objects.filter(pk=self.pk, damaged_at=None)
        if found.update(damaged_at=Now()):
            self.record(CopyEvent.Kind.DAMAGED, "le SHA-256 ne correspond pas")

    def accepted_at(self) -> datetime | None:
        """Return when a mail server first took a message with this copy, in UTC."""
        first = self.messages.aggregate(first=Min("accepted_at"))["first"]
        return cast("datetime | None", first)

    def record(self, kind: CopyEvent.Kind, cause: str = "") -> CopyEvent:
        """Add a step to the copy's history."""
        return CopyEvent.objects.create(
            copy=self,
            kind=kind,
            attempt=self.attempts,
            worker=worker_name(),
            cause=cause[:500],
        )


class CopyEvent(Event):
    class Kind(models.TextChoices):
        ATTEMPTED = "attempted", "tentative"
        RENDERED = "rendered", "rendu"
        DEFERRED = "deferred", "différé"
        ABANDONED = "abandoned", "abandonné"
        DAMAGED = "damaged", "fichier altéré"

    copy = models.ForeignKey(Copy, models.CASCADE, related_name="events")
    kind = models.CharField("étape", max_length=20, choices=Kind)

    class Meta:
        verbose_name = "étape d’un exemplaire"
        verbose_name_plural = "étapes d’un exemplaire"
        ordering = ["at", "pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} ({self.copy_id})"


class HitQuerySet(models.QuerySet["Hit"]):
    def served(self) -> Self:
        """Keep the requests that were answered with the file."""
        return self.filter(served=True)

    def probable(self) -> Self:
        """Keep the retrievals by a probable human, one per copy and half hour."""
        return self.filter(counted=True, confidence__in=Hit.HUMAN)


class Hit(models.Model):
    """One request on a mailed link: features, never an address or an agent string."""

    class Confidence(models.TextChoices):
        CERTAIN = "certain", "certain"
        PROBABLE = "probable", "probable"
        DOUBTFUL = "douteux", "douteux"
        ROBOT = "robot", "robot"

    HUMAN = (Confidence.CERTAIN, Confidence.PROBABLE)

    class Agent(models.TextChoices):
        BROWSER = "browser", "navigateur"
        SCANNER = "scanner", "analyseur de liens"
        ROBOT = "robot", "robot déclaré"
        TOOL = "tool", "outil"
        NONE = "none", "aucun"

    class Link(models.TextChoices):
        """The links of a message; what is pressed on a page is of that page's link."""

        COPY = "copy", "exemplaire"
        NOT_ME = "not-me", "ce n’est pas moi"

    copy = models.ForeignKey(Copy, models.CASCADE, related_name="hits")
    link = models.CharField(
        "lien", max_length=12, choices=Link, default=Link.COPY, db_default=Link.COPY
    )
    at = models.DateTimeField("le", db_default=Now(), editable=False)
    method = models.CharField("méthode", max_length=8)
    agent = models.CharField("agent", max_length=10, choices=Agent)
    # Seconds since a mail server last took a message with the copy; null if none has.
    since_acceptance = models.FloatField("délai (s)", null=True)
    # Other openings (GET, HEAD) of this copy's links nearby, before or after; and how
    # many of its links were opened then, this one included (reports/rules.py).
    siblings = models.PositiveSmallIntegerField("ouvertures voisines", default=0)
    links = models.PositiveSmallIntegerField("liens ouverts", default=1, db_default=1)
    # A page was opened by the same copy's links before, by no known machine.
    page_seen = models.BooleanField("page vue", default=False)
    served = models.BooleanField("fichier servi", default=False)
    counted = models.BooleanField("compté", default=False)
    confidence = models.CharField("confiance", max_length=10, choices=Confidence)
    rule = models.CharField("règle", max_length=40)

    objects = HitQuerySet.as_manager()

    class Meta:
        verbose_name = "requête sur un lien"
        verbose_name_plural = "requêtes sur les liens"
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="hit_counted_was_served",
                condition=Q(counted=False) | Q(served=True),
            ),
        ]
        indexes = [
            # Siblings of a request, and the last retrieval of a copy.
            models.Index(fields=["copy", "-at"], name="hit_of_copy"),
            # Retrievals by day.
            models.Index(
                fields=["at"], condition=Q(served=True), name="hit_served_by_day"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.method} {self.get_confidence_display()} ({self.rule})"
