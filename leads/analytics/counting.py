"""Count the facts by day, whole and by each cut.

A day is counted anew whenever a fact of it changes. Two cuts or more are counted by
`bits`, from columns that are written at the same moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

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


def _one_of(values: dict[str, str]) -> str:
    """Return the SQL that tells a grouping set by its cut."""
    whens = (f"WHEN grouping({COLUMNS[cut]}) = 0 THEN {values[cut]}" for cut in CUTS)
    return f"CASE {' '.join(whens)} ELSE '' END"


NAMES = {cut: f"'{cut}'" for cut in CUTS}
BY_DAY = ", ".join(["(day)", *(f"(day, {column})" for column in COLUMNS.values())])
_CUT, _VALUE = _one_of(NAMES), _one_of(TEXTS)
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
