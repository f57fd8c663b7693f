"""Read counts by one cut where another is filtered: weeks, and the days beside them.

Whole weeks are counted already (`FunnelWeek`); the few days before and after them are
counted from their facts, in the same statement and so of the same moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from leads.analytics.counting import COLUMNS, NAMED, NAMES, TEXTS, one_of
from leads.analytics.filters import Filters
from leads.models import LeadFacts

# What counts are made of. No more: wide rows would not be grouped in memory.
READ = (
    "submissions",
    "retrievals",
    "raw_retrievals",
    "erased",
    "closed",
    "rendered_at",
    "delivered_at",
    "retrieved_at",
    "contacted_at",
    "met_at",
    "won_at",
    "contact_delay",
    "met_delay",
)
type Statement = tuple[str, list[Any]]


def select(
    filters: Filters,
    bys: Iterable[str],
    counts: Iterable[str],
    *,
    at: Callable[[str], str],
    periods: Iterable[Filters] = (),
) -> Statement:
    """Return the SQL of (by, its value, at, *counts): one cut is filtered, or two of
    which the second is the one of `bys`.

    `at` makes of a day a further key of the groups. `periods` stand for the filters'.
    """
    listed, named = list(bys), list(counts)
    periods = list(periods) or [filters]
    weeks = [week for period in periods for week in period.weeks]
    edges = [day for period in periods for day in period.edges]
    sql, params = _of_weeks(filters, listed, named, at("week"), weeks)
    if edges:
        of_facts = LeadFacts.objects.filter(filters.among(), day__in=edges)
        more, of_it = grouped(of_facts, listed, named, at("day"))
        sql, params = f"{sql} UNION ALL {more}", [*params, *of_it]
    return sql, params


def _of_weeks(
    filters: Filters, bys: list[str], counts: list[str], at: str, weeks: list[Any]
) -> Statement:
    kept = filters.kept
    (cut,) = [name for name in kept if name not in bys]
    where = "cut = %s AND value = ANY(%s) AND by = ANY(%s) AND week = ANY(%s)"
    params: list[Any] = [cut, kept[cut], bys, weeks]
    for by in bys:
        if by in kept:
            where += " AND by_value = ANY(%s)"
            params.append(kept[by])
    sums = ", ".join(f"sum({name})" for name in counts)
    return (
        f"SELECT by, by_value, {at} AS at, {sums} FROM leads_funnelweek"
        f" WHERE {where} GROUP BY 1, 2, 3 HAVING sum(leads) > 0",
        params,
    )


def grouped(
    facts: Any, bys: Sequence[str], counts: Iterable[str], at: str
) -> Statement:
    """Return the SQL of the same, all of it from facts, in one pass over them."""
    read = facts.values("day", *(COLUMNS[by] for by in bys), *READ)
    sql, params = read.query.sql_with_params()
    sets = ", ".join(f"(at, {COLUMNS[by]})" for by in bys)
    sums = ", ".join(NAMED[name] for name in counts)
    return (
        f"SELECT {one_of(NAMES, bys)}, {one_of(TEXTS, bys)}, at, {sums}"
        f" FROM (SELECT facts.*, {at} AS at FROM ({sql}) facts) f"
        f" GROUP BY GROUPING SETS ({sets})",
        list(params),
    )
