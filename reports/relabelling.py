"""Judge the requests of the past by the rules of today, and say what moved.

A rule that changes must not split a curve in two. Only what a hit keeps of itself is
needed. Each batch is committed by itself: stopped, it goes on from the last copy.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby
from typing import NamedTuple

from django.db import transaction

from reports import hits
from reports.models import Copy, Hit

BATCH = 200  # Copies judged in one transaction.


class Label(NamedTuple):
    confidence: str
    rule: str
    counted: bool

    @classmethod
    def of(cls, hit: Hit) -> Label:
        return cls(str(hit.confidence), hit.rule, hit.counted)


@dataclass
class Moves:
    """What a relabelling moved so far, from one label to another."""

    copies: int = 0
    requests: int = 0
    moved: Counter[tuple[Label, Label]] = field(default_factory=Counter)
    last: int = 0  # The copy it has come to.

    @property
    def retrievals(self) -> tuple[int, int]:
        """Return how many retrievals are no longer counted, and how many now are."""
        lost = won = 0
        for (old, new), count in self.moved.items():
            lost += count * (old.counted > new.counted)
            won += count * (old.counted < new.counted)
        return lost, won


def waiting(
    since: datetime | None = None, after: int = 0, most: int | None = None
) -> list[int]:
    """Return the copies with requests to judge, in order, those done left out.

    Who was erased keeps the labels of their day: figures that hold a part of them that
    nobody can count again must not move.
    """
    found = Hit.objects.filter(copy_id__gt=after, copy__lead__erased_at=None)
    if since:
        found = found.filter(at__gte=since)
    copies = found.order_by("copy_id").values_list("copy_id", flat=True).distinct()
    return list(copies[:most])


def relabel(
    copies: list[int],
    moves: Moves,
    since: datetime | None = None,
    *,
    dry_run: bool = False,
) -> None:
    """Judge one batch of copies and add what moved to `moves`.

    What came before `since` is left as it is, and still looked at.
    """
    with transaction.atomic():
        # A request that arrives meanwhile judges its neighbours, too.
        list(
            Copy.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk__in=copies)
            .order_by("pk")
            .values_list("pk")
        )
        rows = Hit.objects.filter(copy_id__in=copies).order_by("copy_id", "at", "pk")
        changed = []
        for _, found in groupby(rows, key=lambda hit: hit.copy_id):
            own = list(found)
            before = [(hit, Label.of(hit)) for hit in own]
            changed += hits.judge(own, since)
            moves.requests += sum(since is None or hit.at >= since for hit in own)
            moves.moved.update(
                (old, new) for hit, old in before if (new := Label.of(hit)) != old
            )
        if not dry_run:
            hits.save(changed)
    moves.copies += len(copies)
    moves.last = max(copies, default=moves.last)
