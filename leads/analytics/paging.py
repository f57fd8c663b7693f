"""Page through the rows of a figure without reading all that come before.

Rows are listed by day, the latest first; where days are counted, they tell which ones a
page is of, and no other is read.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet, Sum

from leads.analytics import bits, reading
from leads.analytics.counting import LOST
from leads.analytics.filters import Filters
from leads.analytics.tiles import Kind, Tile, aside_days
from leads.models import KeptDay
from leads.models.facts import DAY_COUNTS

PATHS = {
    Kind.PEOPLE: "day",
    Kind.SUBMISSIONS: "lead__facts__day",
    Kind.HITS: "copy__lead__facts__day",
}

ASIDE = {"set_aside": bits.REQUESTS, "served_aside": bits.FILES}


class ByDay(Paginator[Any]):
    """The pages of rows in the order of their days, each with so many of them."""

    def __init__(
        self, rows: QuerySet[Any], per_page: int, days: dict[date, int], path: str
    ) -> None:
        super().__init__(rows, per_page)
        self.rows, self.path = rows, path
        self.count = sum(days.values())
        self.days = sorted(days.items(), reverse=True)

    def page(self, number: int | str) -> Page[Any]:
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        skipped, chosen = _around(self.days, start, self.per_page)
        rows = self.rows.filter(**{f"{self.path}__in": chosen})
        return Page(list(rows[skipped : skipped + self.per_page]), number, self)


def _around(
    days: Iterable[tuple[date, int]], start: int, length: int
) -> tuple[int, list[date]]:
    """Return the days of a page, and how many rows of the first one come before it."""
    before, skipped = 0, 0
    chosen: list[date] = []
    for day, number in days:
        if before >= start + length:
            break
        if before + number > start:
            skipped = skipped if chosen else start - before
            chosen.append(day)
        before += number
    return skipped, chosen


def pages(
    tile: Tile, filters: Filters, rule: str, rows: QuerySet[Any], per_page: int
) -> Paginator[Any]:
    """Return the pages of the rows of a tile about people, the latest day first."""
    days = (_counted if len(filters.kept) < 2 else _crossed)(tile, filters, rule)
    return ByDay(rows, per_page, days, PATHS[tile.kind])


def _crossed(tile: Tile, filters: Filters, rule: str) -> dict[date, int]:
    """Count the rows of each day where two cuts or more are filtered."""
    name = ASIDE.get(tile.key, tile.key)
    found = bits.read(filters, [name])
    days = found.by_day(found.kept, [name], rule or None)
    return {day: numbers[name] for day, numbers in days.items() if numbers[name]}


def _counted(tile: Tile, filters: Filters, rule: str) -> dict[date, int]:
    if tile.key in ASIDE:
        rows: Any = aside_days(filters)
        rows = rows.filter(rule=rule) if rule else rows
        column = ASIDE[tile.key]
    else:
        rows, column = reading.days(filters), tile.key
    by_day = dict(rows.values_list("day").annotate(n=Sum(column)).order_by())
    for day, number in apart(tile, filters).items():
        by_day[day] = by_day.get(day, 0) - number
    return {day: number for day, number in by_day.items() if number > 0}


def apart(tile: Tile, filters: Filters) -> dict[date, int]:
    """Return what days count of people anonymised since, who open no more: by day."""
    if tile.key not in DAY_COUNTS or len(filters.kept) != 1:
        return {}
    ((cut, values),) = filters.kept.items()
    if cut not in LOST:
        return {}
    rows = KeptDay.objects.filter(cut=cut, value__in=values)
    rows = rows.filter(day__range=(filters.first, filters.last))
    return dict(rows.values_list("day").annotate(n=Sum(tile.key)).order_by())
