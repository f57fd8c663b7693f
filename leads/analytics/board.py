"""Read all that the dashboard says of people in one query, and so of one moment.

`reading` defines each figure; here the same sums are taken together, for a period and
the one before it: whole, by day, and by each cut.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, DateField, F, Q, When

from leads.analytics.facts import CUTS, REACHED, SUMS
from leads.analytics.filters import Filters
from leads.analytics.reading import OF_DAYS, Counts, stored
from leads.models.facts import DAY_COUNTS, FunnelDay, LeadFacts

COUNTED = (
    "submissions",
    "retrievals",
    "raw_retrievals",
    "erased",
    *(f"{name}_at" for name in REACHED),
)
KEPT = "+"  # In place of a cut: a day of `KeptDay`.
type Pair = tuple[Counts, Counts]  # Of the period, and of the one before it.
# (cut, value, day, is it of the period?, counts): a day where the cut is "".
type Row = tuple[str, str, date | None, bool, Counts]


def nothing() -> Counts:
    return dict.fromkeys(DAY_COUNTS, 0)


@dataclass(frozen=True, slots=True)
class Board:
    now: Counts
    before: Counts
    by: dict[str, dict[str, Pair]]
    days: dict[date, Counts]  # Every day of the period.

    def weeks(self) -> dict[date, Counts]:
        """Return the days summed by week, under its Monday."""
        found: dict[date, Counts] = {}
        for day, counts in self.days.items():
            monday = day - timedelta(days=day.weekday())
            _add(found.setdefault(monday, nothing()), counts)
        return found


def read(filters: Filters) -> Board:
    """Return every figure about people, with its past. One query."""
    whole = not filters.cuts and filters.owner is None
    return _board(filters, _of_days(filters) if whole else _of_facts(filters))


def _board(filters: Filters, rows: Iterable[Row]) -> Board:
    now, before = nothing(), nothing()
    by: dict[str, dict[str, Pair]] = {
        cut: defaultdict(lambda: (nothing(), nothing())) for cut in CUTS
    }
    days = {
        filters.first + timedelta(days=number): nothing()
        for number in range(filters.days)
    }
    for cut, value, day, is_now, counts in rows:
        if cut:
            _add(by[cut][value][0 if is_now else 1], counts)
            continue
        _add(now if is_now else before, counts)
        if is_now and day is not None:
            _add(days[day], counts)
    return Board(now, before, {cut: dict(found) for cut, found in by.items()}, days)


def _add(total: Counts, counts: Counts) -> None:
    for name in DAY_COUNTS:
        total[name] += counts[name]


def _of_days(filters: Filters) -> Iterable[Row]:
    found = FunnelDay.objects.filter(
        day__gte=filters.previous.first, day__lte=filters.last
    )
    is_now = Case(When(day__gte=filters.first, then=True), default=False)
    of_day = Case(When(cut="", then=F("day")), output_field=DateField(null=True))
    rows: Any = (
        found.annotate(is_now=is_now, of_day=of_day)
        .values("cut", "value", "of_day", "is_now")
        .annotate(**OF_DAYS)
        .order_by()
    )
    for row in rows:
        counts = {name: row[f"{name}_"] for name in DAY_COUNTS}
        yield row["cut"], row["value"], row["of_day"], row["is_now"], counts


def _of_facts(filters: Filters) -> Iterable[Row]:
    """Group the facts by day and by each cut, in one pass over them."""
    both: Q = replace(filters, first=filters.previous.first).facts()
    columns = {cut: f"{cut}_id" if cut == "owner" else cut for cut in CUTS}
    # No more than is counted: wide rows would not be grouped in memory.
    read = LeadFacts.objects.filter(both).values("day", *columns.values(), *COUNTED)
    sql, params = read.query.sql_with_params()
    names = " ".join(f"WHEN grouping({c}) = 0 THEN '{n}'" for n, c in columns.items())
    values = " ".join(
        f"WHEN grouping({c}) = 0 THEN coalesce({c}::text, '')" for c in columns.values()
    )
    sets = ", ".join(["(is_now, day)", *(f"(is_now, {c})" for c in columns.values())])
    kept, of_kept = _kept(filters)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT CASE {names} ELSE '' END, CASE {values} ELSE '' END, day, is_now,"
            f" {', '.join(SUMS)}"
            f" FROM (SELECT facts.*, facts.day >= %s AS is_now FROM ({sql}) facts) f"
            f" GROUP BY GROUPING SETS ({sets}) UNION ALL {kept}",
            [filters.first, *params, *of_kept],
        )
        found: list[Any] = cursor.fetchall()
    for cut, value, day, is_now, *row in found:
        counts = dict(zip(DAY_COUNTS, row, strict=True))
        if cut != KEPT:
            yield cut, value, day, is_now, counts
            continue
        # Who was anonymised: of this value, and of no other that is known.
        yield "", "", day, is_now, counts
        for name in CUTS:
            yield name, value if name in filters.cuts else "", None, is_now, counts


def _kept(filters: Filters) -> tuple[str, list[Any]]:
    """Return the SQL of what `KeptDay` adds to a board of one value of one cut."""
    sums = ", ".join(DAY_COUNTS)
    sql = (
        f"SELECT '{KEPT}', value, day, day >= %s, {sums} FROM leads_keptday"
        " WHERE cut = %s AND value = %s AND day BETWEEN %s AND %s"
    )
    # Crossed with another, or with whose they are, nothing is known of them.
    cut, value = filters.summed or ("", "")
    days = [filters.previous.first, filters.last]
    return sql, [filters.first, cut, stored(value), *days]
