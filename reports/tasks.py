from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from contextlib import suppress

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from outbox.claims import LeaseLost
from reports import editions, pdf, proofing, proofs, relabelling, sweeping
from reports.models import Copy, CopyEvent, Edition, Proof
from reports.signals import copy_rendered

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 6  # Of a document that cannot be made, or takes its worker down.
MAX_WAITS = 200  # Of a storage that is away: some eight days.
RETRY = 20  # Seconds, doubled at each attempt, up to an hour.
OTHER_TREE = 20  # Seconds before a process that has the right tree is hoped for.
WHOLE = {  # Why a document is not made fast, by `fast.outcomes`; rarer reasons as is.
    "letters of another font": "lettres d’une autre police",
    "a label of several pages": "étiquette trop longue",
    "no base": "aucune base pour ce segment",
    "broken": "panne de la voie rapide",
}
PROOF_ATTEMPTS = 3  # Somebody is looking: three failures are told, not hidden.


class StorageAway(Exception):
    """The store of the copies does not answer, whatever its client raises."""


@shared_task(name="reports.render_copy")
def render_copy(pk: int, lease_no: int) -> None:
    """Render one copy and owe its messages. Running it again changes nothing.

    One that is rendered already has been asked for again: only the message is owed.

    Dying anywhere before the last transaction leaves the copy owed, and at worst an
    orphan file; the message is owed in the same transaction as the copy is rendered.
    """
    copy = Copy.objects.select_related("edition").claim(pk, lease_no)
    if copy is None:
        return  # Rendered already, or another worker is on it.
    try:
        if _takes_its_worker_down(copy):
            _abandon(copy)
        elif copy.rendered_at:
            with transaction.atomic():
                copy.finish(attempts=F("attempts") - 1)  # Nothing was made.
                copy_rendered.send(sender=Copy, copy=copy)
        else:
            _render(copy)
    except LeaseLost:
        return  # Too slow: whoever holds it now will finish.
    except (OSError, StorageAway) as error:  # Full or away: it will come back.
        _failed(copy, error, MAX_WAITS)
    except Exception as error:
        _failed(copy, error, MAX_ATTEMPTS)


def _render(copy: Copy) -> None:
    """Make the copy in the current edition, if this is the tree that makes it."""
    copy.edition = Edition.current()
    if not copy.edition.is_made_here:
        return _leave(copy)
    copy.record(CopyEvent.Kind.ATTEMPTED)
    before = pdf.fast.outcomes.copy()
    content = pdf.render(
        copy.reader,
        edition=copy.edition.version,
        reference=copy.reference,
        date=timezone.localdate(copy.requested_at),
        site=settings.SITE_URL,
    )
    way = _way(pdf.fast.outcomes - before)
    name = copy.file_name(copy.lease_no)
    try:
        key = storages["copies"].save(name, ContentFile(content))
    except Exception as error:  # An S3 client raises errors of its own.
        raise StorageAway(f"{type(error).__name__}: {error}") from error
    try:
        _finish(copy, key, content, way)
    except LeaseLost:
        # Proof that no row names this file. Nothing else is: a COMMIT whose answer was
        # lost may have been one.
        storages["copies"].delete(key)
        raise


def _way(outcomes: Iterable[str]) -> str:
    """Say, for the copy's history, how its document was made, and why not fast."""
    outcome = next(iter(outcomes), "")
    if outcome == "fast":
        return "par la voie rapide"
    return f"composé en entier\u00a0: {WHOLE.get(outcome, outcome)}"


def _finish(copy: Copy, key: str, content: bytes, way: str) -> None:
    """Mark the copy rendered and let its message be owed, together."""
    with transaction.atomic():
        copy.finish(
            rendered_at=Now(),
            edition=copy.edition,
            fingerprint=editions.fingerprint(),
            file=key,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        copy.record(CopyEvent.Kind.RENDERED, way)
        copy.refresh_from_db()
        copy_rendered.send(sender=Copy, copy=copy)


def _leave(copy: Copy) -> None:
    """Leave the copy to a process whose tree makes the current edition.

    Between the deployment of an edition and its publication, and where two releases
    run side by side, nothing is made that would bear another edition's number.
    """
    here = editions.PRESENT.version
    cause = (
        f"ce processus porte l’édition {here}, non la {copy.edition.version}"
        if here != copy.edition.version
        else f"le document de ce processus n’est pas l’édition {here} qu’il déclare"
    )
    with transaction.atomic():
        copy.postpone(OTHER_TREE, attempts=copy.attempts - 1)
        if not copy.events.filter(cause=cause).exists():
            copy.record(CopyEvent.Kind.DEFERRED, cause)


def _takes_its_worker_down(copy: Copy) -> bool:
    """Tell whether too many attempts ended without a word."""
    deferred = copy.events.filter(kind=CopyEvent.Kind.DEFERRED).count()
    return copy.attempts - deferred > MAX_ATTEMPTS


def _failed(copy: Copy, error: Exception, most: int) -> None:
    logger.exception("copy %s: attempt %s", copy.reference, copy.attempts)
    with suppress(LeaseLost), transaction.atomic():
        if copy.attempts >= most:
            return _abandon(copy)
        copy.postpone(min(RETRY * 2 ** (copy.attempts - 1), 3600))
        cause = type(error.__cause__ or error).__name__
        copy.record(CopyEvent.Kind.DEFERRED, cause)


def _abandon(copy: Copy) -> None:
    """Give up a copy that fails each time, or takes its worker down."""
    with transaction.atomic():
        copy.finish(failed_at=Now())
        copy.record(CopyEvent.Kind.ABANDONED, "trop de tentatives")
    logger.error("copy %s: abandoned", copy.reference)


@shared_task(name="reports.make_proof")
def make_proof(pk: int, lease_no: int) -> None:
    """Make one proof of an edition. Running it again changes nothing."""
    proof = Proof.objects.select_related("edition").claim(pk, lease_no)
    if proof is None:
        return  # Made already, stopped, or another worker is on it.
    try:
        if proof.attempts > PROOF_ATTEMPTS:  # It takes its worker down each time.
            proof.finish(cause="le processus s’arrête")
        elif proof.edition.is_made_here:
            proofing.make(proof)
        else:
            proof.postpone(OTHER_TREE)
    except LeaseLost:
        return
    except Exception as error:
        logger.exception("proof %s: attempt %s", proof, proof.attempts)
        cause = type(error).__name__
        with suppress(LeaseLost):
            if proof.attempts >= PROOF_ATTEMPTS:
                proof.finish(cause=cause)
            else:
                proof.postpone(RETRY, cause=cause)


@shared_task(name="reports.prove_live_edition")
def prove_live_edition() -> None:
    """Owe the live edition's proofs, once, where its own tree runs.

    The next edition is compared with them, and its tree cannot make them any more.
    Running it again finds them.
    """
    live = Edition.current()
    if live.is_made_here and not live.proofs.exists():
        proofs.start(live)


@shared_task(name="reports.relabel_hits")
def relabel_hits(after: int = 0) -> None:
    """Judge one batch of copies by today's rules, and hand on the rest.

    Running it again changes nothing more; `manage.py relabel_hits` is the same work.
    """
    moves = relabelling.Moves()
    copies = relabelling.waiting(None, after, relabelling.BATCH)
    if not copies:
        return
    relabelling.relabel(copies, moves)
    for (old, new), count in moves.moved.items():
        logger.info("hits: %s from %s to %s", count, old, new)
    relabel_hits.delay(moves.last)


@shared_task(name="reports.sweep_copies")
def sweep_copies() -> None:
    """Delete orphan files of copies, an hour's share. Running it again finds none."""
    sweeping.sweep(timezone.now())


@worker_process_shutdown.connect
def _close_engine(**kwargs: object) -> None:
    """Remove the engine's folder of fonts with the process that made it."""
    pdf.engine.close()
