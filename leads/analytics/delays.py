"""Delays between a request and what was done about it, in whole business days.

0 is the day of the request itself, or the days off after it. Delays are compared as
instants, midnights in Europe/Paris: the count of a cell and its rows cannot differ.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from leads.business_days import PROMISE, is_business_day


@dataclass(frozen=True, slots=True)
class Delay:
    """A column: from `first` to `last` business days; None ends nowhere."""

    key: str
    title: str
    first: int
    last: int | None

    @property
    def late(self) -> bool:
        return self.first > PROMISE


DELAYS = (
    Delay("0-1", "0 ou 1 jour", 0, 1),
    Delay("2", "2 jours", 2, 2),
    Delay("3-5", "3 à 5", 3, 5),
    Delay("6-10", "6 à 10", 6, 10),
    Delay("plus", "plus de 10", 11, None),
)
NOT_YET = "jamais"
KEYS = (*(delay.key for delay in DELAYS), NOT_YET)
# Act → the instant of it, in the facts; and its delay, there and where it is counted.
ACTS = {"contact": "contacted_at", "rendez-vous": "met_at"}
DELAY_OF = {"contact": "contact_delay", "rendez-vous": "met_delay"}
COUNTS_OF = {
    act: tuple(f"{name}_{number}" for number in range(len(DELAYS)))
    for act, name in {"contact": "contact", "rendez-vous": "met"}.items()
}
_BORDERS = [f"b{number}" for number in range(len(DELAYS) - 1)]


def borders(days: Iterable[date]) -> list[tuple[date | datetime, ...]]:
    """Return (day, the instant at which each delay but the last one is over).

    A delay of n business days is over as the (n + 1)th business day after begins.
    """
    wanted = sorted(days)
    if not wanted:
        return []
    until = wanted[-1] + timedelta(days=4 * (DELAYS[-1].first + 1))
    span = (until - wanted[0]).days
    calendar = (wanted[0] + timedelta(days=number) for number in range(span))
    business = [day for day in calendar if is_business_day(day)]
    return [
        (day, *(_over(business, day, delay.last or 0) for delay in DELAYS[:-1]))
        for day in wanted
    ]


def _over(business: Sequence[date], day: date, last: int) -> datetime:
    after = business[bisect_right(business, day) + last]
    return datetime.combine(after, time.min, timezone.get_default_timezone())


def numbered(column: str) -> str:
    """Return the SQL of which of `DELAYS` an instant came within, null where none.

    It reads the columns of `JOINED`, whose parameters are those of `borders`.
    """
    when = " ".join(
        f"WHEN {column} < borders.{name} THEN {number}"
        for number, name in enumerate(_BORDERS)
    )
    return f"CASE WHEN {column} IS NULL THEN NULL {when} ELSE {len(_BORDERS)} END"


JOINED = (
    "LEFT JOIN unnest(%(days)s::date[], "
    + ", ".join(f"%({name})s::timestamptz[]" for name in _BORDERS)
    + f") AS borders (day, {', '.join(_BORDERS)})"
)


def parameters(days: Iterable[date]) -> dict[str, list[date | datetime]]:
    names = ("days", *_BORDERS)
    columns = zip(*borders(days), strict=True)
    empty: dict[str, list[date | datetime]] = {name: [] for name in names}
    return empty | {n: list(c) for n, c in zip(names, columns, strict=False)}
