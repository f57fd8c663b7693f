"""What a figure is of: a period, and perhaps one value of one or more cuts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django.db.models import Q
from django.utils import timezone

from leads.analytics.counting import CUTS

DEFAULT_DAYS = 28
EARLIEST, LONGEST = date(2020, 1, 1), 1100  # Days.
# In an address → on a page.
NAMES = {
    "organisation_type": "type",
    "job_function": "fonction",
    "region": "region",
    "origin": "source",
    "campaign": "campagne",
    "owner": "responsable",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Whole days in Europe/Paris, both ends included, and a value for some cuts.

    `owner` is who may see no more than their own and what nobody has: it is no choice.
    """

    first: date
    last: date
    cuts: Mapping[str, str] = field(default_factory=dict)
    owner: int | None = None

    @classmethod
    def parse(cls, asked: Mapping[str, str], user: Any) -> Self:
        """Read an address; what makes no sense is as if it were not there."""
        today = timezone.localdate()
        last = max(min(_day(asked.get("au", ""), today), today), EARLIEST)
        first = _day(asked.get("du", ""), last - timedelta(days=DEFAULT_DAYS - 1))
        first = max(min(first, last), EARLIEST, last - timedelta(days=LONGEST))
        cuts = {
            cut: asked[name][:100]
            for cut, name in NAMES.items()
            if asked.get(name) and "\x00" not in asked[name]
        }
        owner = cuts.get("owner", NONE)
        if owner != NONE and not (owner.isdecimal() and len(owner) < 10):
            del cuts["owner"]
        mine = None if user.has_perm("leads.view_all_lead") else user.pk
        return cls(first, last, cuts, mine)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def previous(self) -> Self:
        """Return the same, for as many days just before."""
        length = timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)

    def without(self, cut: str) -> Self:
        cuts = {name: value for name, value in self.cuts.items() if name != cut}
        return replace(self, cuts=cuts)

    def having(self, cut: str, value: str) -> Self:
        return replace(self, cuts={**self.cuts, cut: value})

    def query(self, **more: str) -> str:
        """Return the address that asks for this again."""
        values = {NAMES[cut]: value for cut, value in self.cuts.items()}
        days = {"du": self.first.isoformat(), "au": self.last.isoformat()}
        return urlencode({**days, **values, **more})

    @property
    def kept(self) -> dict[str, list[str]]:
        """Return the values that are kept of each cut, as the facts spell them."""
        kept = {cut: ["" if v == NONE else v] for cut, v in self.cuts.items()}
        if self.owner is not None:
            scope = [str(self.owner), ""]
            kept["owner"] = [v for v in kept.get("owner", scope) if v in scope]
        return kept

    def facts(self, path: str = "") -> Q:
        """Return what keeps, of the facts, those that the figure is of."""
        days = {f"{path}day__gte": self.first, f"{path}day__lte": self.last}
        return Q(**days) & self.among(path)

    def among(self, path: str = "") -> Q:
        """Return what keeps the facts of the cuts alone, whatever their day."""
        found = Q()
        for cut, value in self.cuts.items():
            found &= _of(cut, value, path)
        if self.owner is not None:
            of_nobody = Q(**{f"{path}owner_id__isnull": True})
            found &= Q(**{f"{path}owner_id": self.owner}) | of_nobody
        return found

    @property
    def weeks(self) -> list[date]:
        """Return the Mondays of the weeks that are whole in the period."""
        monday = self.first + timedelta(days=-self.first.weekday() % 7)
        count = ((self.last - monday).days + 1) // 7
        return [monday + timedelta(days=7 * number) for number in range(count)]

    @property
    def edges(self) -> list[date]:
        """Return the days of the period that are of no whole week."""
        whole = set(self.weeks)
        days = (self.first + timedelta(days=number) for number in range(self.days))
        return [d for d in days if d - timedelta(days=d.weekday()) not in whole]


NONE = "aucun"  # In an address: no value.


def _of(cut: str, value: str, path: str) -> Q:
    if cut == "owner" and value == NONE:
        return Q(**{f"{path}owner_id__isnull": True})
    if cut == "owner":
        return Q(**{f"{path}owner_id": int(value)})
    return Q(**{f"{path}{cut}": "" if value == NONE else value})


def _day(text: str, default: date) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return default


assert set(NAMES) == set(CUTS)
