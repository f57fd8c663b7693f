from __future__ import annotations

import hashlib
import logging
from contextlib import suppress

from celery import shared_task
from celery.signals import worker_process_shutdown
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from outbox.claims import LeaseLost
from reports import pdf
from reports.models import Copy, CopyEvent
from reports.signals import copy_rendered

logger = logging.getLogger(__name__)

MAX_ATTEMPTS = 6  # Of a document that cannot be made, or takes its worker down.
MAX_WAITS = 200  # Of a storage that is away: some eight days.
RETRY = 20  # Seconds, doubled at each attempt, up to an hour.


class StorageAway(Exception):
    """The store of the copies does not answer, whatever its client raises."""


@shared_task(name="reports.render_copy")
def render_copy(pk: int, lease_no: int) -> None:
    """Render one copy and owe its message. Running it again changes nothing.

    Dying anywhere before the last transaction leaves the copy owed, and at worst an
    orphan file; the message is owed in the same transaction as the copy is rendered.
    """
    copy = Copy.objects.select_related("edition").claim(pk, lease_no)
    if copy is None:
        return  # Rendered already, or another worker is on it.
    try:
        if _takes_its_worker_down(copy):
            _abandon(copy)
        else:
            _render(copy)
    except LeaseLost:
        return  # Too slow: whoever holds it now will finish.
    except (OSError, StorageAway) as error:  # Full or away: it will come back.
        _failed(copy, error, MAX_WAITS)
    except Exception as error:
        _failed(copy, error, MAX_ATTEMPTS)


def _render(copy: Copy) -> None:
    copy.record(CopyEvent.Kind.ATTEMPTED)
    content = pdf.render(
        copy.reader,
        edition=copy.edition.version,
        reference=copy.reference,
        date=timezone.localdate(copy.requested_at),
    )
    # A name of its own for each lease: a zombie cannot write over a finished file.
    name = f"{copy.uid.hex[:2]}/{copy.uid}-{copy.lease_no}.pdf"
    try:
        key = storages["copies"].save(name, ContentFile(content))
    except Exception as error:  # An S3 client raises errors of its own.
        raise StorageAway(f"{type(error).__name__}: {error}") from error
    try:
        _finish(copy, key, content)
    except LeaseLost:
        # Proof that no row names this file. Nothing else is: a COMMIT whose answer was
        # lost may have been one.
        storages["copies"].delete(key)
        raise


def _finish(copy: Copy, key: str, content: bytes) -> None:
    """Mark the copy rendered and let its message be owed, together."""
    with transaction.atomic():
        copy.finish(
            rendered_at=Now(),
            file=key,
            sha256=hashlib.sha256(content).hexdigest(),
            size=len(content),
        )
        copy.record(CopyEvent.Kind.RENDERED)
        copy.refresh_from_db()
        copy_rendered.send(sender=Copy, copy=copy)


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


@worker_process_shutdown.connect
def _close_engine(**kwargs: object) -> None:
    """Remove the engine's folder of fonts with the process that made it."""
    pdf.engine.close()
