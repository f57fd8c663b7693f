"""Count the facts: by day, by each cut, and by week for each two of the cuts.

A day is counted anew whenever a fact of it changes. A week has some ten thousand pairs
of values at 2 500 leads a day: what changes is taken from them, then added to them, in
the transaction that changes the facts; `count_weeks` counts them anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import combinations

from django.db import connection

from leads.analytics import delays
from leads.models.facts import ACTION_COUNTS, DAY_COUNTS

CUTS = (
    "organisation_type",
    "job_function",
    "region",
    "origin",
    "campaign",
    "owner",
)
COLUMNS = {cut: "owner_id" if cut == "owner" else cut for cut in CUTS}
PAIRS = tuple(combinations(CUTS, 2))

# What is counted of facts, in the order of DAY_COUNTS and ACTION_COUNTS.
REACHED = ("rendered", "delivered", "retrieved", "contacted", "met", "won")
SUMS = (
    "count(*)",
    "coalesce(sum(submissions), 0)",
    *(f"count({name}_at)" for name in REACHED),
    "coalesce(sum(retrievals), 0)",
    "coalesce(sum(raw_retrievals), 0)",
    "count(*) FILTER (WHERE erased)",
)
ACTION_SUMS = (
    "count(*) FILTER (WHERE delivered_at IS NOT NULL AND contacted_at IS NULL"
    " AND NOT closed AND NOT erased)",
    *(
        f"count(*) FILTER (WHERE {column} = {number})"
        for column in delays.DELAY_OF.values()
        for number in range(len(delays.DELAYS))
    ),
)

NAMED = dict(zip((*DAY_COUNTS, *ACTION_COUNTS), (*SUMS, *ACTION_SUMS), strict=True))
_SUMS = ", ".join(NAMED.values())
_COUNTS = ", ".join(NAMED)
TEXTS = {cut: f"coalesce({column}::text, '')" for cut, column in COLUMNS.items()}


def one_of(values: dict[str, str], cuts: Iterable[str] = CUTS) -> str:
    """Return the SQL that tells a grouping set by the first of its cuts."""
    whens = (f"WHEN grouping({COLUMNS[cut]}) = 0 THEN {values[cut]}" for cut in cuts)
    listed = " ".join(whens)
    return f"CASE {listed} ELSE '' END" if listed else "''"


NAMES = {cut: f"'{cut}'" for cut in CUTS}
BY_DAY = ", ".join(["(day)", *(f"(day, {column})" for column in COLUMNS.values())])
_CUT, _VALUE = one_of(NAMES), one_of(TEXTS)
_KEPT = ", ".join((*DAY_COUNTS, *("0" for _ in ACTION_COUNTS)))
_ALL = ", ".join(f"greatest(sum({name}), 0)" for name in NAMED)
_OF_DAY = f"""
INSERT INTO leads_funnelday (day, cut, value, {_COUNTS})
SELECT day, cut, value, {_ALL} FROM (
    SELECT day, {_CUT}, {_VALUE}, {_SUMS} FROM leads_leadfacts WHERE day = ANY(%s)
    GROUP BY GROUPING SETS ({BY_DAY})
    UNION ALL SELECT day, cut, value, {_KEPT} FROM leads_keptday WHERE day = ANY(%s)
) counted (day, cut, value, {_COUNTS})
GROUP BY day, cut, value HAVING sum(leads) > 0 ORDER BY 2, 3, 1
"""
# What could name somebody together: the facts of who is anonymised lose it.
LOST = ("job_function", "region", "origin", "campaign")
_ASIDE = f"""
INSERT INTO leads_asideday (day, rule, cut, value, requests, files)
SELECT day, rule, {_CUT}, {_VALUE}, sum((n ->> 0)::int), sum((n ->> 1)::int)
FROM leads_leadfacts, jsonb_each(set_aside) AS of_rule (rule, n)
WHERE day = ANY(%s) GROUP BY rule, GROUPING SETS ({BY_DAY}) ORDER BY 3, 4, 1
"""
_SETS = ", ".join(f"(week, {COLUMNS[a]}, {COLUMNS[b]})" for a, b in PAIRS)
_WEEK = "date_trunc('week', day)::date"
_LAST_FIRST = CUTS[::-1]


def _pairs(kept: str) -> str:
    """Return the SQL of each two values and their counts, both ways, of facts."""
    return f"""
SELECT pairs.week, both_ways.*, {_COUNTS} FROM (
    SELECT week, {_CUT} AS a, {_VALUE} AS a_value, {one_of(NAMES, _LAST_FIRST)} AS b,
        {one_of(TEXTS, _LAST_FIRST)} AS b_value, {_SUMS}
    FROM (SELECT *, {_WEEK} AS week FROM leads_leadfacts WHERE {kept}) facts
    GROUP BY GROUPING SETS ({_SETS})) AS pairs
        (week, a, a_value, b, b_value, {_COUNTS}),
    LATERAL (VALUES (a, a_value, b, b_value), (b, b_value, a, a_value))
        AS both_ways (cut, value, by, by_value)
"""


_KEY = ("cut", "value", "week", "by", "by_value")
_SAME = " AND ".join(f"told.{name} = pair.{name}" for name in _KEY)
_TAKE = f"""
UPDATE leads_funnelweek told
SET {", ".join(f"{name} = greatest(told.{name} - pair.{name}, 0)" for name in NAMED)}
FROM ({_pairs("lead_id = ANY(%s)")}) pair WHERE {_SAME}
"""
_ADD = f"""
INSERT INTO leads_funnelweek AS told (week, cut, value, by, by_value, {_COUNTS})
{_pairs("lead_id = ANY(%s)")}
ON CONFLICT ({", ".join(_KEY)}) DO UPDATE
SET {", ".join(f"{name} = told.{name} + excluded.{name}" for name in NAMED)}
"""
_ANEW = f"""
INSERT INTO leads_funnelweek (week, cut, value, by, by_value, {_COUNTS})
{_pairs("day = ANY(%s)")} ORDER BY 2, 3, 1, 4
"""


def count_days(days: Iterable[date]) -> None:
    """Count whole days anew, once for each cut and once for all."""
    listed = list(days)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_funnelday WHERE day = ANY(%s)", [listed])
        cursor.execute(_OF_DAY, [listed, listed])
        cursor.execute("DELETE FROM leads_asideday WHERE day = ANY(%s)", [listed])
        cursor.execute(_ASIDE, [listed])


def keep(lead: int) -> None:
    """Count somebody who is about to be anonymised in `KeptDay`, from their facts.

    One row for each cut that will lose its value: what each of them says by itself
    stays counted, and nothing says any more that they were one person's.
    """
    columns = ", ".join(DAY_COUNTS)
    person = ", ".join(
        f"{'1' if name == 'erased' else NAMED[name]} AS {name}" for name in DAY_COUNTS
    )
    added = ", ".join(
        f"{name} = leads_keptday.{name} + excluded.{name}" for name in DAY_COUNTS
    )
    moved = ", ".join(f"sign * {name}" for name in DAY_COUNTS)
    with connection.cursor() as cursor:
        for cut in LOST:
            cursor.execute(
                f"INSERT INTO leads_keptday (day, cut, value, {columns})"
                f" SELECT day, %s, CASE sign WHEN 1 THEN value ELSE '' END, {moved}"
                f" FROM (SELECT day, {cut} AS value, {person} FROM leads_leadfacts"
                f" WHERE lead_id = %s AND {cut} <> '' GROUP BY day, {cut}) person,"
                " (VALUES (1), (-1)) AS signs (sign)"
                f" ON CONFLICT (cut, value, day) DO UPDATE SET {added}",
                [cut, lead],
            )


def take_from_weeks(leads: list[int]) -> None:
    """Take leads out of their weeks; before their facts change."""
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, [leads])


def add_to_weeks(leads: list[int]) -> None:
    """Add leads to their weeks; after their facts have changed."""
    with connection.cursor() as cursor:
        cursor.execute(_ADD, [leads])


def count_weeks(days: Iterable[date]) -> None:
    """Count anew the weeks that days are of, whatever they held."""
    weeks = sorted({day - timedelta(days=day.weekday()) for day in days})
    every = [week + timedelta(days=number) for week in weeks for number in range(7)]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_funnelweek WHERE week = ANY(%s)", [weeks])
        cursor.execute(_ANEW, [every])


def forget_empty_weeks() -> None:
    """Delete what is left of weeks and values that no lead is of any more."""
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM leads_funnelweek told WHERE leads = 0 OR NOT EXISTS ("
            "SELECT FROM leads_leadfacts WHERE day BETWEEN told.week AND told.week + 6)"
        )
