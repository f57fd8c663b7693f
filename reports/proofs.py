"""The proofs of an edition: owed anew, and dropped with their files."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now

from reports.models import Edition, Proof
from reports.personalisation import PERSONAS

KEPT = 2  # Published editions whose proofs stay: the live one, and the one before.


def start(edition: Edition) -> bool:
    """Owe the proofs of an edition, anew; False where they are being made."""
    with transaction.atomic():
        Edition.objects.select_for_update().get(pk=edition.pk)
        if edition.proofs.under_way().exists():
            return False
        drop(edition.proofs.exclude(persona__in=PERSONAS))
        Proof.objects.bulk_create(
            [Proof(edition=edition, persona=name) for name in PERSONAS],
            ignore_conflicts=True,
        )
        edition.proofs.update(
            made_at=None,
            next_attempt_at=Now(),
            lease_no=F("lease_no") + 1,
            attempts=0,
            cause="",
            checks=[],
            changed=[],
        )
    return True


def drop_old() -> None:
    """Forget the proofs of editions that nobody compares with any more."""
    published = Edition.objects.filter(published_at__isnull=False)
    kept = list(published.values_list("pk", flat=True)[:KEPT])
    drop(Proof.objects.filter(edition__in=published).exclude(edition__in=kept))


def drop(proofs: Iterable[Proof]) -> None:
    """Delete proofs with their files."""
    for proof in list(proofs):
        names = names_of(proof)
        proof.delete()
        transaction.on_commit(partial(delete, names))


def names_of(proof: Proof) -> list[str]:
    """Return the keys of a proof's files; some may have never been."""
    if not proof.folder:
        return []
    numbers = range(1, max([proof.pages, *proof.changed]) + 1)
    names = [f"{kind}-{n}.png" for kind in ("page", "ecart") for n in numbers]
    return [
        f"{proof.folder}/{name}" for name in ("synthese.pdf", "courriel.png", *names)
    ]


def delete(names: Iterable[str]) -> None:
    for name in names:
        storages["copies"].delete(name)
