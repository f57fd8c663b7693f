"""What is left of people who were erased, and how a restored backup loses them again.

A tombstone is a keyed hash and a number. The database's own are lost with it; so each
is also added to a file (`ERASURES_FILE`) that belongs to no backup of the database.
`manage.py reapply_erasures` reads it once a dump is restored.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from leads.models import Lead, PrivacyEvent, Tombstone
from leads.models.lead import email_key
from outbox.models import Suppression, suppression_hash

logger = logging.getLogger(__name__)
Kind = PrivacyEvent.Kind
BATCH = 500


@dataclass(frozen=True, slots=True)
class Erasure:
    """One line of the file."""

    number: int
    address_hash: bytes
    kind: str
    at: datetime

    @classmethod
    def read(cls, line: str) -> Erasure:
        """Return what a line says. Raises ValueError where it says nothing."""
        try:
            said = json.loads(line)
            at = datetime.fromisoformat(said["le"])
            if at.tzinfo is None:
                raise ValueError(said["le"])
            return cls(
                int(said["contact"]),
                bytes.fromhex(said["empreinte"]),
                said["nature"],
                at,
            )
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"not an erasure: {line[:80]!r}") from error

    def line(self) -> str:
        said = {
            "contact": self.number,
            "empreinte": self.address_hash.hex(),
            "nature": self.kind,
            "le": self.at.isoformat(),
        }
        return json.dumps(said) + "\n"


def write(lead: Lead, kind: Kind) -> None:
    """Leave a tombstone, here and, once this is committed, outside.

    `lead` is as it was before it was blanked.
    """
    if not lead.email_key:
        return
    Tombstone.objects.create(
        address_hash=suppression_hash(lead.email_key), number=lead.pk, kind=kind
    )
    transaction.on_commit(_keep_soon)


def _keep_soon() -> None:
    try:
        keep()
    except OSError:  # The hourly task tries again; the person is erased either way.
        logger.exception("erasures: %s cannot be written", settings.ERASURES_FILE)


def keep() -> int:
    """Add to the file what is not in it yet; return how many. Raises OSError.

    Dying in between adds a line twice, which says the same.
    """
    with transaction.atomic():
        rows = list(
            Tombstone.objects.filter(kept_at=None)
            .select_for_update(skip_locked=True)
            .order_by("pk")[:BATCH]
        )
        if rows:
            _append("".join(_erasure(row).line() for row in rows))
            keys = [row.pk for row in rows]
            Tombstone.objects.filter(pk__in=keys).update(kept_at=timezone.now())
    return len(rows)


def _erasure(row: Tombstone) -> Erasure:
    return Erasure(row.number, bytes(row.address_hash), row.kind, row.at)


def _append(lines: str) -> None:
    """Write whole lines at the end, on the disk before we go on; nobody else reads.

    A disk that fills up, or a crash, may leave half a line: ours begin on a new one.
    """
    path = Path(settings.ERASURES_FILE)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT
    descriptor = os.open(path, flags, 0o600)
    with os.fdopen(descriptor, "a+b", buffering=0) as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # Until it is closed: one process at a time.
        size = file.seek(0, os.SEEK_END)
        if size and os.pread(descriptor, 1, size - 1) != b"\n":
            lines = "\n" + lines
        left = lines.encode()
        try:
            while left:
                left = left[file.write(left) :]
            os.fsync(descriptor)
        except OSError:
            file.truncate(size)  # All of them are tried again.
            raise


def read(
    lines: Iterable[str], broken: Callable[[int, ValueError], object]
) -> Iterator[Erasure]:
    """Yield what a file says, once each; hand over the number of what says nothing."""
    seen = set()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            erasure = Erasure.read(line)
        except ValueError as error:
            broken(number, error)
            continue
        if erasure not in seen:
            seen.add(erasure)
            yield erasure


def to_erase(erasures: Iterable[Erasure]) -> list[tuple[Lead, Erasure]]:
    """Return the contacts of this database who were erased after it was saved.

    By their number, or by their address should staff have corrected it that day. Who
    came after their erasure came by themselves: they stay.
    """
    found: dict[int, Erasure] = {}
    by_number: dict[int, Erasure] = {}
    by_hash: dict[bytes, Erasure] = {}
    for erasure in sorted(erasures, key=lambda one: one.at):
        by_number[erasure.number] = by_hash[erasure.address_hash] = erasure
    leads = []
    people = Lead.objects.filter(erased_at=None).only("pk", "email_key", "created_at")
    for lead in people.iterator():
        hashed = suppression_hash(email_key(lead.email_key or ""))
        for said in (by_number.get(lead.pk), by_hash.get(hashed)):
            if said and lead.created_at < said.at and lead.pk not in found:
                found[lead.pk] = said
                leads.append((lead, said))
    return leads


def remember(erasures: Iterable[Erasure]) -> None:
    """Put back the tombstones that the database lost, and whom they set aside."""
    for erasure in erasures:
        Tombstone.objects.get_or_create(
            address_hash=erasure.address_hash,
            at=erasure.at,
            defaults={
                "number": erasure.number,
                "kind": erasure.kind,
                "kept_at": timezone.now(),
            },
        )
        if erasure.kind == Kind.NOT_ME:
            Suppression.objects.get_or_create(
                address_hash=erasure.address_hash,
                defaults={"reason": Suppression.Reason.OPPOSITION},
            )
