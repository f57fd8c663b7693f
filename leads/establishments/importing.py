"""Bring the table of establishments to what an extract says, in one transaction.

An older extract takes nothing back; what an extract does not hold stays as it is (part
of the register may be imported), unless it is said to be the whole register.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from itertools import batched
from typing import Any

from django.db import connection, transaction

from leads.establishments.register import Extract, Unreadable
from leads.models import Establishment, RegisterImport

NOT_COMPARED = frozenset(("as_of", "closed_on"))
LARGEST_FALL = 0.05  # Of the establishments that a whole register may close at once.
LOCK = 7_310_266  # One import at a time (pg_advisory_xact_lock).


@dataclass(slots=True)
class Changes:
    created: list[str] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    # By number: column → (before, after).
    changed: dict[str, dict[str, tuple[Any, Any]]] = field(default_factory=dict)
    unchanged: int = 0
    older: int = 0  # We hold a later extract's word.

    @property
    def nothing(self) -> bool:
        return not (self.created or self.closed or self.changed)

    @property
    def columns(self) -> Counter[str]:
        return Counter(name for change in self.changed.values() for name in change)


@transaction.atomic
def apply(
    extract: Extract,
    *,
    file_name: str,
    content: bytes,
    whole: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Write an extract and return what it changed; a second time changes nothing.

    `whole` says that the file is the register entire: who is not in it is closed.
    Raises Unreadable where that would close more than LARGEST_FALL of them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    rows: Any = Establishment.objects.values().iterator()
    known = {row["finess"]: row for row in rows}
    changes = compare(known, extract)
    if whole:
        changes.closed = _closed(known, extract)
    if dry_run:
        return changes
    _write([extract.rows[n] for n in (*changes.created, *changes.changed)])
    _date(known, extract, changes)
    closed = Establishment.objects.filter(pk__in=changes.closed)
    closed.update(closed_on=extract.as_of)
    if not changes.nothing:
        with connection.cursor() as cursor:  # What plans a search, at once.
            cursor.execute("ANALYZE leads_establishment")
        RegisterImport.objects.create(
            file_name=file_name[-200:],
            sha256=hashlib.sha256(content).hexdigest(),
            as_of=extract.as_of,
            read=extract.read,
            left_out=extract.left_out.total(),
            created=len(changes.created),
            changed=len(changes.changed),
            closed=len(changes.closed),
        )
    return changes


def compare(known: dict[str, dict[str, Any]], extract: Extract) -> Changes:
    """Say what an extract would change of the rows that are known, by number."""
    changes = Changes()
    for finess, row in extract.rows.items():
        before = known.get(finess)
        if before is None:
            changes.created.append(finess)
        elif before["as_of"] > extract.as_of:
            changes.older += 1
        elif differs := _differences(before, row):
            changes.changed[finess] = differs
        else:
            changes.unchanged += 1
    return changes


def _differences(before: dict[str, Any], row: dict[str, Any]) -> dict[str, Any]:
    found = {
        name: (before[name], value)
        for name, value in row.items()
        if name not in NOT_COMPARED and before[name] != value
    }
    if before["closed_on"]:  # It is back.
        found["closed_on"] = (before["closed_on"], None)
    return found


def _closed(known: dict[str, dict[str, Any]], extract: Extract) -> list[str]:
    gone = [
        finess
        for finess, row in known.items()
        if finess not in extract.rows
        and not row["closed_on"]
        and row["as_of"] <= extract.as_of
    ]
    if len(gone) > LARGEST_FALL * max(len(known), 1):
        raise Unreadable(
            f"Rien n’a été importé\u00a0: {len(gone)} établissements sur {len(known)} "
            "seraient fermés. Le fichier est-il bien le registre entier\u202f?"
        )
    return gone


def _write(rows: list[dict[str, Any]]) -> None:
    updated = [f.name for f in Establishment._meta.fields if not f.primary_key]
    for part in batched(rows, 2000):
        Establishment.objects.bulk_create(
            [Establishment(**row, closed_on=None) for row in part],
            update_conflicts=True,
            unique_fields=["finess"],
            update_fields=updated,
        )


def _date(known: dict[str, Any], extract: Extract, changes: Changes) -> None:
    """Note a later extract that says the same: an older one must not undo it."""
    confirmed = [
        finess
        for finess in extract.rows.keys() - changes.changed.keys()
        if finess in known and known[finess]["as_of"] < extract.as_of
    ]
    for part in batched(confirmed, 5000):
        Establishment.objects.filter(pk__in=part).update(as_of=extract.as_of)
