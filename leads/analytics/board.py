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

from django.db.models import Case, DateField, F, When

from leads.analytics import bits
from leads.analytics.counting import CUTS
from leads.analytics.filters import Filters
from leads.analytics.reading import OF_DAYS, Counts
from leads.analytics.tiles import Aside, aside_of
from leads.models.facts import DAY_COUNTS, FunnelDay

type Pair = tuple[Counts, Counts]  # Of the period, and of the one before it.
# (cut, value, day, is it of the period?, counts): a day where the cut is "".
type Row = tuple[str, str, date | None, bool, Counts]


# What is told of each value of a cut; of the period before it, the leads alone.
COLUMNS = (
    "leads",
    "delivered",
    "retrievals",
    "raw_retrievals",
    "contacted",
    "met",
    "won",
)
BEFORE = ("leads",)


def nothing(names: Iterable[str] = DAY_COUNTS) -> Counts:
    return dict.fromkeys(names, 0)


@dataclass(frozen=True, slots=True)
class Board:
    now: Counts
    before: Counts
    by: dict[str, dict[str, Pair]]  # `COLUMNS` of now, and the leads of before.
    days: dict[date, Counts]  # Every day of the period.
    # What was set aside, where columns were read. None: not read.
    aside: list[Aside] | None = None

    def weeks(self) -> dict[date, Counts]:
        """Return the days summed by week, under its Monday."""
        found: dict[date, Counts] = {}
        for day, counts in self.days.items():
            monday = day - timedelta(days=day.weekday())
            _add(found.setdefault(monday, nothing()), counts)
        return found


def read(filters: Filters) -> Board:
    """Return every figure about people, with its past. One query."""
    if not filters.kept:
        return _board(filters, _of_days(filters))
    both = replace(filters, first=filters.previous.first)
    names = [*DAY_COUNTS, bits.REQUESTS, bits.FILES]
    # Of a cut that is filtered, the values that are kept are read as it is.
    others = [cut for cut in CUTS if cut not in filters.kept]
    sql, params = bits.select(both, names, by=others)
    more, of_them = _beside(both)
    rows = bits.fetch(f"{sql} UNION ALL {more}", [*params, *of_them])
    found = bits.columns(both, (row for row in rows if row[3] is not None))
    sums = [row for row in rows if row[3] is None]
    counted = list(_of_sums(filters, sums)) if len(filters.kept) == 1 else []
    counted += _of_columns(filters, found)
    aside = aside_of(found.during(filters))
    return replace(_board(filters, counted), aside=aside)


def _board(filters: Filters, rows: Iterable[Row]) -> Board:
    now, before = nothing(), nothing()
    by: dict[str, dict[str, Pair]] = {
        cut: defaultdict(lambda: (nothing(COLUMNS), nothing(BEFORE))) for cut in CUTS
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
    for name in total:
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


_BESIDE = f"""
SELECT day, source, array_prepend(value::text, ARRAY[{", ".join(DAY_COUNTS)}]::text[]),
    NULL
FROM (
    SELECT 'days' AS source, cut, value, day, {", ".join(DAY_COUNTS)}
    FROM leads_funnelday
    UNION ALL SELECT 'kept', cut, value, day, {", ".join(DAY_COUNTS)}
    FROM leads_keptday) sums
WHERE cut = %s AND value = ANY(%s) AND day BETWEEN %s AND %s
"""


def _beside(filters: Filters) -> tuple[str, list[Any]]:
    """Return the SQL of the sums of a cut, to be read with the columns of others."""
    cut, values = next(iter(filters.kept.items()))
    return _BESIDE, [cut, values, filters.first, filters.last]


def _of_sums(filters: Filters, sums: list[Any]) -> Iterable[Row]:
    """Yield the days of the one cut that is filtered, and who was anonymised of them:
    they are of this value, and of no other that is known."""
    (cut,) = filters.kept
    for day, source, (value, *numbers), _ in sums:
        counts = dict(zip(DAY_COUNTS, map(int, numbers), strict=True))
        is_now = day >= filters.first
        if source == "days":
            yield "", "", day, is_now, counts
            yield cut, value, None, is_now, counts
            continue
        for other in CUTS:
            if other != cut:
                yield other, "", None, is_now, counts


def _of_columns(filters: Filters, both: bits.Columns) -> Iterable[Row]:
    """Count by each cut and, where more than one is filtered, by day."""
    alone = set(filters.kept) if len(filters.kept) == 1 else set()
    for period, is_now in ((filters, True), (filters.previous, False)):
        found = both.during(period)
        for cut in sorted({*CUTS} - alone):
            for value, leads in found.by(cut):
                names = COLUMNS if is_now else BEFORE
                yield cut, value, None, is_now, found.count(leads, names)
        if not alone:  # Else its days are summed already.
            for day, counts in found.by_day(found.kept, DAY_COUNTS).items():
                yield "", "", day, is_now, counts
