"""The document's editions, and the proofs seen before one is published."""

from __future__ import annotations

from typing import Any, ClassVar, Self

from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone

from outbox.claims import Claimable, ClaimableQuerySet, owed_index
from reports import editions
from reports.personalisation import PERSONAS, Reader


class NotReady(Exception):
    """The edition may not be published; holds the reasons, in French."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class EditionQuerySet(models.QuerySet["Edition"]):
    def published(self) -> Self:
        """Keep what has been published, the current one first."""
        return self.filter(published_at__lte=Now()).order_by("-published_at")


class Edition(models.Model):
    """A version of the document: declared in code, seen in proofs, then published."""

    version = models.CharField("version", max_length=20, unique=True)
    fingerprint = models.CharField("empreinte", max_length=64, blank=True)
    note = models.CharField("note", max_length=500, blank=True)
    published_at = models.DateTimeField("publiée le", null=True, blank=True)

    objects = EditionQuerySet.as_manager()

    class Meta:
        verbose_name = "édition"
        ordering = ["-published_at"]
        permissions = [
            ("publish_edition", "Peut faire les épreuves et publier une édition"),
            ("send_erratum", "Peut envoyer un erratum aux détenteurs d’une édition"),
        ]

    def __str__(self) -> str:
        return f"édition {self.version}"

    @classmethod
    def current(cls) -> Edition:
        """Return the edition that new copies are made from."""
        edition = cls.objects.published().first()
        if edition is None:
            raise cls.DoesNotExist("No edition has been published.")
        return edition

    @property
    def is_made_here(self) -> bool:
        """Tell whether this tree makes it: an edition has one tree, a tree one.

        A tree that is not what it declares makes none.
        """
        return self.version == editions.PRESENT.version and editions.is_intact()

    def obstacles(self) -> list[str]:
        """Say, in French, what forbids publishing it; nothing when nothing does."""
        if self.published_at:
            return ["Cette édition est déjà publiée."]
        if self.version != editions.PRESENT.version:
            return [f"Ce déploiement porte l’édition\u00a0{editions.PRESENT.version}."]
        if not self.is_made_here:
            return ["Le document a changé depuis que cette édition a été déclarée."]
        reasons = []
        proofs = list(self.proofs.all())
        made = [proof for proof in proofs if proof.made_at]
        if len(made) < len(PERSONAS):
            reasons.append(f"Épreuves faites\u00a0: {len(made)} sur {len(PERSONAS)}.")
        if any(proof.fingerprint != editions.fingerprint() for proof in made):
            reasons.append("Des épreuves viennent d’un autre état du document.")
        if red := sum(len(proof.failed_checks) for proof in made):
            reasons.append(f"Contrôles en échec\u00a0: {red}.")
        return reasons

    def publish(self, note: str) -> None:
        """Make new copies from this edition. Raises NotReady; of two, one succeeds."""
        with transaction.atomic():
            edition = type(self).objects.select_for_update().get(pk=self.pk)
            if reasons := edition.obstacles():
                raise NotReady(reasons)
            edition.note, edition.published_at = note, timezone.now()
            edition.fingerprint = editions.fingerprint()
            edition.save()


class ProofQuerySet(ClaimableQuerySet["Proof"]):
    def under_way(self) -> Self:
        return self.filter(next_attempt_at__isnull=False)

    def stop(self) -> int:
        """Let go of what is not made; a worker that is on it can write nothing more."""
        return self.under_way().update(
            next_attempt_at=None, lease_until=None, lease_no=F("lease_no") + 1
        )

    def resume(self) -> int:
        """Owe again what was stopped or failed."""
        return self.filter(made_at=None, next_attempt_at=None).update(
            next_attempt_at=Now(), attempts=0, cause=""
        )


class Proof(Claimable):
    """An edition as one fictitious reader would receive it, looked at before all."""

    edition = models.ForeignKey(Edition, models.CASCADE, related_name="proofs")
    persona = models.CharField("lecteur fictif", max_length=20)
    made_at = models.DateTimeField("faite le", null=True)
    cause = models.CharField("cause d’échec", max_length=200, blank=True)
    # synthese.pdf, courriel.png, page-1.png …, ecart-1.png …, in this folder.
    folder = models.CharField(max_length=60, blank=True)
    sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    size = models.PositiveIntegerField("taille (octets)", default=0)
    fingerprint = models.CharField("empreinte du document", max_length=64, blank=True)
    pages = models.PositiveSmallIntegerField("pages", default=0)
    mail_height = models.PositiveSmallIntegerField(default=0)  # In pixels.
    # The live edition it was compared with, and the pages that differ from it.
    compared_with = models.CharField(max_length=20, blank=True)
    changed = models.JSONField(default=list)
    checks = models.JSONField("contrôles", default=list)  # [key, passed, words]

    task_name: ClassVar[str] = "reports.make_proof"
    share: ClassVar[float] = 0.02  # Readers' copies go first.
    objects = ProofQuerySet.as_manager()

    class Meta:
        verbose_name = "épreuve"
        constraints = [
            models.UniqueConstraint(
                fields=["edition", "persona"], name="proof_once_per_reader"
            ),
            models.CheckConstraint(
                name="proof_not_owed_once_made",
                condition=Q(next_attempt_at=None) | Q(made_at=None),
            ),
            models.CheckConstraint(
                name="proof_made_has_its_bytes",
                condition=Q(made_at=None) | ~Q(folder="") & ~Q(sha256=""),
            ),
        ]
        indexes = [owed_index("proof")]

    def __str__(self) -> str:
        return f"épreuve {self.persona}, {self.edition_id}"

    @property
    def reader(self) -> Reader:
        return PERSONAS[self.persona]

    @property
    def failed_checks(self) -> list[Any]:
        return [check for check in self.checks if not check[1]]

    @property
    def file(self) -> str:
        return f"{self.folder}/synthese.pdf"
