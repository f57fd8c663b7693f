"""Count facts by bits: a column for each value of each cut, and for each count.

In every column of a day, a lead has the same place. How many leads have a value and
another, and came to a step, is how many bits are left where their columns lie one over
the other: it takes as long whatever is filtered, and however much. A number has a
column for each of its binary digits (P. O'Neil and D. Quass, SIGMOD 1997).

The days of a period end to end are one integer of Python for each column.
"""

from __future__ import annotations

import json
import struct
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property, lru_cache
from itertools import groupby
from typing import Any

import psycopg
from django.db import connection

from leads.analytics.counting import CUTS, NAMED, TEXTS
from leads.analytics.filters import Filters
from leads.models import DayBits

REQUESTS, FILES = "requests", "files"  # Set aside: by rule.
type Numbers = dict[str, int]
type Written = dict[str, dict[str, bytes]]  # Name → label → the bits of a day.

# What each lead counts is what is counted of it alone.
_ONE_BY_ONE = f"""
SELECT day, {", ".join(TEXTS.values())}, set_aside::text, {", ".join(NAMED.values())}
FROM leads_leadfacts WHERE day = ANY(%s) GROUP BY lead_id ORDER BY day, lead_id
"""


def write(days: Iterable[date]) -> None:
    """Write the columns of whole days anew."""
    listed = list(days)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM leads_daybits WHERE day = ANY(%s)", [listed])
    DayBits.objects.bulk_create(
        DayBits(day=day, name=name, labels=list(found), bits=b"".join(found.values()))
        for day, columns in made(listed)
        for name, found in columns.items()
    )


def made(days: list[date]) -> Iterator[tuple[date, Written]]:
    """Yield the columns of days, of their facts."""
    with connection.cursor() as cursor:
        cursor.execute(_ONE_BY_ONE, [days])
        for day, rows in groupby(cursor.fetchall(), lambda row: row[0]):
            yield day, _columns(list(rows))


def _columns(rows: Sequence[tuple[Any, ...]]) -> Written:
    size = (len(rows) + 7) // 8
    found: dict[str, dict[str, bytearray]] = defaultdict(
        lambda: defaultdict(lambda: bytearray(size))
    )
    for place, row in enumerate(rows):
        byte, bit = place >> 3, 1 << (place & 7)
        for name, label in _said(row):
            found[name][label][byte] |= bit
    return {
        name: {label: bytes(bits) for label, bits in sorted(columns.items())}
        for name, columns in found.items()
    }


def _said(row: tuple[Any, ...]) -> Iterator[tuple[str, str]]:
    """Yield the columns in which one lead has a bit."""
    _, *rest = row
    yield from zip(CUTS, rest, strict=False)
    aside, *numbers = rest[len(CUTS) :]
    for name, number in zip(NAMED, numbers, strict=True):
        for digit in _ones(number):
            yield name, f":{digit}"
    if aside != "{}":
        for rule, counts in json.loads(aside).items():
            for name, number in zip((REQUESTS, FILES), counts, strict=True):
                for digit in _ones(number):
                    yield name, f"{rule}:{digit}"


def total(labels: Sequence[str], together: bytes, *, is_number: bool) -> int:
    """Return what a day's columns of one name come to."""
    size = len(together) // len(labels)
    found = 0
    for number, label in enumerate(labels):
        column = int.from_bytes(together[number * size : (number + 1) * size])
        found += column.bit_count() << (_digit(label) if is_number else 0)
    return found


@lru_cache(maxsize=1000)
def _digit(label: str) -> int:
    return int(label.rpartition(":")[2])


@lru_cache(maxsize=1000)
def _ones(number: int) -> list[int]:
    return [digit for digit in range(number.bit_length()) if number >> digit & 1]


_WHOLE = """
SELECT day, name, labels, bits FROM leads_daybits
WHERE name = ANY(%s) AND day BETWEEN %s AND %s
"""
# Of a cut that is no more than filtered by, the values that are kept.
_SIZE = "(octet_length(bits) / cardinality(labels))"
_PARTS = f"""
SELECT day, name, ARRAY[label]::text[], substring(bits
    FROM (array_position(labels::text[], label) - 1) * {_SIZE} + 1 FOR {_SIZE})
FROM leads_daybits, unnest(%s::text[], %s::text[]) AS wanted (of_name, label)
WHERE name = of_name AND day BETWEEN %s AND %s AND label = ANY(labels)
"""


_NOTHING: tuple[list[str], bytes] = ([], b"")


def _split(labels: list[str], bits: bytes) -> tuple[bytes, ...]:
    size = len(bits) // len(labels) if labels else 0
    return struct.unpack(f"{size}s" * len(labels), bits)


type Rows = dict[date, tuple[list[str], bytes]]  # Labels, their columns.


@dataclass(frozen=True)
class Columns:
    """The columns of the days of a period, of which some leads are kept."""

    filters: Filters
    rows: dict[str, Rows]

    def during(self, filters: Filters) -> Columns:
        """Return the same, of a part of the days."""
        return Columns(filters, self.rows)

    @cached_property
    def spans(self) -> dict[date, tuple[int, int]]:
        """Return which bytes of a column are each day's."""
        found, start = {}, 0
        for day, (labels, bits) in sorted(self.rows.get("leads", {}).items()):
            if self.filters.first <= day <= self.filters.last:
                end = start + len(bits) // len(labels)
                found[day] = start, end
                start = end
        return found

    @cached_property
    def weeks(self) -> dict[date, tuple[int, int]]:
        """Return the same of each week, under its Monday."""
        found: dict[date, tuple[int, int]] = {}
        for day, (start, end) in self.spans.items():
            monday = day - timedelta(days=day.weekday())
            found[monday] = found.get(monday, (start, end))[0], end
        return found

    @cached_property
    def length(self) -> int:
        return max((end for _, end in self.spans.values()), default=0)

    @cached_property
    def kept(self) -> int:
        """Return a bit for each lead that the filters keep."""
        found = self._of("leads").get(":0", 0)
        for cut, values in self.filters.kept.items():
            one_of = 0
            for value in values:
                one_of |= self._of(cut).get(value, 0)
            found &= one_of
        return found

    def by(self, cut: str) -> Iterator[tuple[str, int]]:
        """Yield each value of a cut, with the leads that have it."""
        for value, bits in self._of(cut).items():
            if some := self.kept & bits:
                yield value, some

    def count(self, leads: int, names: Iterable[str]) -> Numbers:
        """Count what some leads come to."""
        return {
            name: leads.bit_count()
            if name == "leads"
            else sum(
                (leads & bits).bit_count() << digit
                for _, digit, bits in self._digits(name)
            )
            for name in names
        }

    def by_rule(self, leads: int, name: str) -> Numbers:
        found: Numbers = defaultdict(int)
        for rule, digit, bits in self._digits(name):
            found[rule] += (leads & bits).bit_count() << digit
        return found

    def by_day(
        self, leads: int, names: Iterable[str], rule: str | None = None
    ) -> dict[date, Numbers]:
        """Count each day: of what is set aside, by one rule or, None, by all."""
        return self._by(self.spans, leads, names, rule)

    def by_week(self, leads: int, names: Iterable[str]) -> dict[date, Numbers]:
        """Count each week, under its Monday."""
        return self._by(self.weeks, leads, names)

    def _by(
        self,
        spans: dict[date, tuple[int, int]],
        leads: int,
        names: Iterable[str],
        rule: str | None = None,
    ) -> dict[date, Numbers]:
        listed = list(names)
        found = {at: dict.fromkeys(listed, 0) for at in spans}
        for name in listed:
            for label, digit, bits in self._digits(name):
                if rule not in (None, label):
                    continue
                told = (leads & bits).to_bytes(self.length, "little")
                for at, (start, end) in spans.items():
                    some = int.from_bytes(told[start:end], "little")
                    found[at][name] += some.bit_count() << digit
        return found

    def _digits(self, name: str) -> Iterator[tuple[str, int, int]]:
        """Yield (label, digit, bits) for each column of a number."""
        for label, bits in self._of(name).items():
            yield label.rpartition(":")[0], _digit(label), bits

    def _of(self, name: str) -> dict[str, int]:
        """Return the columns of a name, its days end to end."""
        if name not in self._joined:
            columns: dict[str, list[bytes]] = defaultdict(list)
            filled: dict[str, int] = {}
            rows = self.rows.get(name, {})
            # Most days have the same values: they are joined together.
            by_labels = groupby(self.spans, lambda day: rows.get(day, _NOTHING)[0])
            for labels, run in by_labels:
                days = list(run)
                start, end = self.spans[days[0]][0], self.spans[days[-1]][1]
                of_days = (_split(*rows.get(day, _NOTHING)) for day in days)
                split = zip(*of_days, strict=True)
                for label, of_label in zip(labels, split, strict=True):
                    gap = bytes(start - filled.get(label, 0))
                    columns[label] += [gap, *of_label]
                    filled[label] = end
            self._joined[name] = {
                label: int.from_bytes(b"".join(parts), "little")
                for label, parts in columns.items()
            }
        return self._joined[name]

    @cached_property
    def _joined(self) -> dict[str, dict[str, int]]:
        return {}


def read(filters: Filters, names: Iterable[str], *, by: Iterable[str] = ()) -> Columns:
    """Read the columns of counts, and of cuts to count by. One query."""
    sql, params = select(filters, names, by=by)
    return columns(filters, fetch(sql, params))


def fetch(sql: str, params: list[Any]) -> list[tuple[Any, ...]]:
    """Return rows whose bits came as they are: in hexadecimal, they are twice that."""
    connection.ensure_connection()
    wrapped = (
        connection.make_debug_cursor
        if connection.queries_logged
        else connection.make_cursor
    )
    own: Any = psycopg.Cursor(connection.connection)
    own.format = psycopg.pq.Format.BINARY
    with wrapped(own) as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


def select(
    filters: Filters, names: Iterable[str], *, by: Iterable[str]
) -> tuple[str, list[Any]]:
    """Return the SQL of the columns that `columns` takes."""
    whole = {"leads", *names, *by}
    days = [filters.first, filters.last]
    parts = [
        (cut, value)
        for cut, values in filters.kept.items()
        if cut not in whole
        for value in values
    ]
    wanted = [[part[number] for part in parts] for number in (0, 1)]
    sql, params = _WHOLE, [sorted(whole), *days]
    if parts:
        sql, params = f"{sql} UNION ALL {_PARTS}", [*params, *wanted, *days]
    return sql, params


def columns(filters: Filters, rows: Iterable[tuple[Any, ...]]) -> Columns:
    found: dict[str, Rows] = defaultdict(dict)
    for day, name, labels, bits in rows:
        # Of a cut that is filtered by two values, each came by itself.
        before = found[name].get(day, _NOTHING)
        found[name][day] = before[0] + labels, before[1] + bits
    return Columns(filters, found)
