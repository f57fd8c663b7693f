"""Read all that the dashboard says of people in one query, and so of one moment.

`reading` defines each figure; here the same sums are taken together, for a period and
the one before it: whole, by day, and by each cut.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

from django.db import connection
from django.db.models import Case, DateField, F, When

from leads.analytics import pairs
from leads.analytics.counting import COLUMNS, CUTS, NAMES, SUMS, TEXTS, one_of
from leads.analytics.filters import Filters
from leads.analytics.reading import OF_DAYS, Counts
from leads.models.facts import DAY_COUNTS, FunnelDay, LeadFacts

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
    # What was set aside: (rules, leads alike), where facts were read. None: not read.
    aside: list[tuple[dict[str, list[int]], int]] | None = None

    def weeks(self) -> dict[date, Counts]:
        """Return the days summed by week, under its Monday."""
        found: dict[date, Counts] = {}
        for day, counts in self.days.items():
            monday = day - timedelta(days=day.weekday())
            _add(found.setdefault(monday, nothing()), counts)
        return found


def read(filters: Filters) -> Board:
    """Return every figure about people, with its past. One query."""
    ways = {0: _of_days, 1: _of_weeks}
    if way := ways.get(len(filters.kept)):
        return _board(filters, way(filters))
    aside: list[tuple[dict[str, list[int]], int]] = []
    return replace(_board(filters, _of_facts(filters, aside)), aside=aside)


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


def _of_weeks(filters: Filters) -> Iterable[Row]:
    """Read one value of a cut by day, and with each other cut by week."""
    ((cut, values),) = filters.kept.items()
    sql, params = pairs.select(
        filters,
        [other for other in CUTS if other != cut],
        DAY_COUNTS,
        at=_is_now(filters),
        periods=[filters.previous, filters],
    )
    for by, value, day, is_now, *numbers in _rows(
        f"SELECT cut, value, day, {_is_now(filters)('day')}, {', '.join(DAY_COUNTS)}"
        " FROM leads_funnelday WHERE cut = %s AND value = ANY(%s)"
        " AND day BETWEEN %s AND %s"
        " UNION ALL SELECT by, by_value, NULL, at, "
        f"{', '.join(DAY_COUNTS)} FROM ({sql})"
        f" AS pairs (by, by_value, at, {', '.join(DAY_COUNTS)})",
        [cut, values, filters.previous.first, filters.last, *params],
    ):
        counts = dict(zip(DAY_COUNTS, map(int, numbers), strict=True))
        yield by, value, None, is_now, counts
        if day is not None:
            yield "", "", day, is_now, counts
    # Who was anonymised is of this value, and of no other that is known.
    sums = ", ".join(f"sum({name})" for name in DAY_COUNTS)
    for is_now, *numbers in _rows(
        f"SELECT {_is_now(filters)('day')}, {sums} FROM leads_keptday"
        " WHERE cut = %s AND value = ANY(%s) AND day BETWEEN %s AND %s GROUP BY 1",
        [cut, values, filters.previous.first, filters.last],
    ):
        counts = dict(zip(DAY_COUNTS, map(int, numbers), strict=True))
        for other in CUTS:
            if other != cut:
                yield other, "", None, is_now, counts


def _of_facts(filters: Filters, aside: list[Any]) -> Iterable[Row]:
    """Group the facts by day, by each cut and by what was set aside, in one pass."""
    both = replace(filters, first=filters.previous.first)
    read = LeadFacts.objects.filter(both.facts())
    read = read.values("day", "set_aside", *COLUMNS.values(), *pairs.READ)
    sql, params = read.query.sql_with_params()
    # One value of a cut is the whole: it is not grouped by.
    kept = {c: values[0] for c, values in filters.kept.items() if len(values) == 1}
    by = [cut for cut in CUTS if cut not in kept]
    keys = ["day", "set_aside", *(COLUMNS[cut] for cut in by)]
    sets = ", ".join(f"(is_now, {key})" for key in keys)
    for cut, value, day, rules, is_now, *numbers in _rows(
        f"SELECT {one_of(NAMES, by)}, {one_of(TEXTS, by)}, day, set_aside::text,"
        f" is_now, {', '.join(SUMS)}"
        f" FROM (SELECT facts.*, {_is_now(filters)('day')} AS is_now"
        f" FROM ({sql}) facts) f GROUP BY GROUPING SETS ({sets})",
        list(params),
    ):
        counts = dict(zip(DAY_COUNTS, numbers, strict=True))
        if rules is not None:
            if is_now:
                aside.append((json.loads(rules), counts["leads"]))
            continue
        yield cut, value, day, is_now, counts
        if not cut:
            for own, its in kept.items():
                yield own, its, None, is_now, counts


def _is_now(filters: Filters) -> Callable[[str], str]:
    return lambda day: f"({day} >= '{filters.first.isoformat()}')"


def _rows(sql: str, params: list[Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())
