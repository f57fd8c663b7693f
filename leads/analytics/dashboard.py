"""Put the figures of the dashboard together, for its page and for paper."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone

from leads.analytics import anonymous, board, charts, tiles, words
from leads.analytics.filters import NAMES, NONE, Filters
from leads.analytics.labels import TITLES, Labels
from leads.analytics.reading import Counts, Rate
from leads.analytics.tiles import Tile
from leads.forms import RequestForm
from reports.downloads import rule_of
from reports.rules import Rule
from reports.templatetags.french import french_date

SHOWN = 40  # Values of a cut that a table lists; the others are one line.
MANY_MARKS = 10_000
STOPPED = timedelta(minutes=5)  # Without a recount, which comes each minute.


@dataclass(frozen=True, slots=True)
class Figure:
    """A tile with its number, as it is said."""

    tile: Tile
    value: int
    before: int
    url: str
    of: Rate | None = None
    of_before: Rate | None = None
    noun: str = ""
    ruler: charts.Ruler | None = None

    @property
    def text(self) -> str:
        return words.number(self.value)

    @property
    def spoken(self) -> str:
        return f"{self.tile.title}\u00a0: {self.text}"

    @property
    def rate(self) -> str:
        return words.of(self.of, self.noun) if self.of else ""

    @property
    def change(self) -> str:
        return words.change(self.value, self.before)

    @property
    def rate_before(self) -> str:
        if self.of_before is None or not self.of_before.of:
            return ""
        return f"avant\u00a0: {words.of(self.of_before, self.noun)}"


@dataclass(frozen=True, slots=True)
class Cell:
    value: int
    url: str

    @property
    def text(self) -> str:
        return words.number(self.value)


@dataclass(frozen=True, slots=True)
class TableRow:
    label: str
    cells: list[Cell]
    rate: str
    change: str


@dataclass(frozen=True, slots=True)
class Table:
    cut: str
    title: str
    rows: list[TableRow]
    left_out: int  # Values with too little to be listed.


@dataclass(frozen=True, slots=True)
class Freshness:
    waiting: int  # Leads marked, that figures do not know of yet.
    refreshed_at: datetime | None
    checked_at: datetime | None
    failures: list[Any]

    @classmethod
    def read(cls) -> Freshness:
        """Return how fresh the figures are. One query."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT"
                " (SELECT count(*) FROM (SELECT FROM leads_dirtylead LIMIT %s) d),"
                " max(at) FILTER (WHERE kind = 'refresh'),"
                " max(at) FILTER (WHERE kind = 'check'),"
                " coalesce(jsonb_agg(failures)"
                " FILTER (WHERE kind = 'check'), '[]')::text"
                " FROM leads_measurerun",
                [MANY_MARKS],
            )
            waiting, refreshed, checked, failures = cursor.fetchone()
        found = json.loads(failures)
        return cls(waiting, refreshed, checked, found[0] if found else [])

    @property
    def sentence(self) -> str:
        """Say it: what waits is counted within a minute, unless nobody counts."""
        if not self.waiting:
            return "Tout ce qui est arrivé est compté."
        more = "plus de " if self.waiting >= MANY_MARKS else ""
        waiting = words.count(self.waiting, "changement", "changements")
        when = "d’ici une minute"
        if self.refreshed_at and timezone.now() - self.refreshed_at > STOPPED:
            when = "mais le recompte est arrêté"
        return f"{more}{waiting} à compter, {when}.".capitalize()


@dataclass(frozen=True, slots=True)
class Dashboard:
    filters: Filters
    labels: Labels
    at: datetime
    freshness: Freshness
    anonymous: list[Figure]
    robots: Figure
    anonymous_unit: int
    errors: list[tuple[str, str]]
    ignored: list[str]  # Filters that anonymous counts know nothing of.
    people: list[Figure]
    people_unit: int
    figures: dict[str, Figure]
    aside: list[tuple[Rule, Cell, Cell]]
    weekly: bool
    days: list[tuple[date, dict[str, Cell]]]
    tables: list[Table]
    regions: charts.RegionMap

    @property
    def sentence(self) -> str:
        return self.labels.sentence(self.filters)

    @property
    def owners(self) -> dict[int, str]:
        return {int(key): name for key, name in self.labels.names["owner"].items()}

    @property
    def anonymous_sentence(self) -> str:
        return self.labels.sentence(anonymous.applying(self.filters))

    @property
    def previous(self) -> str:
        before = self.filters.previous
        return words.period(before.first, before.last)

    @property
    def bars(self) -> charts.Bars:
        return charts.bars(self._days("raw_retrievals", "retrievals"))

    @property
    def trend(self) -> charts.Trend:
        return charts.trend(self._days("delivered", "contacted"))

    @property
    def bars_spoken(self) -> str:
        """Say the bars to who does not see them."""
        if self.best_day is None:
            return "Aucun retrait."
        day, row = self.best_day
        return (
            f"Barres des retraits. Le plus grand nombre est celui du {french_date(day)}"
            f"\u00a0: {row['raw_retrievals'].text} bruts, dont "
            f"{row['retrievals'].text} probables."
        )

    @property
    def trend_spoken(self) -> str:
        figures = self.figures
        return (
            f"Deux courbes. En tout, remis\u00a0: {figures['delivered'].text}, "
            f"premier contact\u00a0: {figures['contacted'].text}."
        )

    def _days(self, first: str, second: str) -> list[tuple[date, int, int]]:
        return [(day, row[first].value, row[second].value) for day, row in self.days]

    @property
    def best_day(self) -> tuple[date, dict[str, Cell]] | None:
        """Return a day to read the charts by: the one with the most raw retrievals."""
        return max(
            (row for row in self.days if row[1]["leads"].value),
            key=lambda row: (row[1]["raw_retrievals"].value, row[1]["delivered"].value),
            default=None,
        )


def url(filters: Filters, key: str, **more: str) -> str:
    return f"lignes/?{filters.query(tuile=key, **more)}"


def dashboard(filters: Filters, user: Any) -> Dashboard:
    """Read everything but what was done of it: seven queries, whatever is asked."""
    at = timezone.now()
    freshness = Freshness.read()
    found = board.read(filters)
    audience = anonymous.read(filters)
    labels = Labels.read(user, found.by["owner"])
    anonymous_unit, steps = _anonymous(filters, audience)
    unit, people = _people(filters, found)
    every = [*steps, *people, *_retrievals(filters, found)]
    robots = _figure(tiles.ROBOTS, anonymous.applying(filters), audience)
    weekly = filters.days > charts.MOST_BARS
    regions = {value: now["leads"] for value, (now, _) in found.by["region"].items()}
    return Dashboard(
        filters=filters,
        labels=labels,
        at=at,
        freshness=freshness,
        anonymous=steps,
        robots=robots,
        anonymous_unit=anonymous_unit,
        errors=_errors(audience),
        ignored=[TITLES[cut].lower() for cut in anonymous.ignored(filters)],
        people=people,
        people_unit=unit,
        figures={figure.tile.key: figure for figure in every},
        aside=_aside(filters, found),
        weekly=weekly,
        days=_days(filters, found, weekly),
        tables=[_table(filters, cut, found.by[cut], labels) for cut in NAMES],
        regions=charts.region_map(regions),
    )


def _figure(tile: Tile, filters: Filters, audience: anonymous.Audience) -> Figure:
    now, before = (
        counts.get(tile.key, 0) for counts in (audience.now, audience.before)
    )
    return Figure(tile, now, before, url(filters, tile.key))


def _anonymous(
    filters: Filters, audience: anonymous.Audience
) -> tuple[int, list[Figure]]:
    now = {tile.key: audience.now.get(tile.key, 0) for tile in tiles.ANONYMOUS}
    before = {tile.key: audience.before.get(tile.key, 0) for tile in tiles.ANONYMOUS}
    unit = charts.unit_for(max(now.values()))
    applying = anonymous.applying(filters)
    return unit, _figures(tiles.ANONYMOUS, applying, now, before, unit)


def _people(filters: Filters, found: board.Board) -> tuple[int, list[Figure]]:
    shown = (tiles.SUBMISSIONS, *tiles.PEOPLE)
    unit = charts.unit_for(max(found.now[tile.key] for tile in shown))
    return unit, _figures(shown, filters, found.now, found.before, unit)


def _retrievals(filters: Filters, found: board.Board) -> list[Figure]:
    return _figures(tiles.RETRIEVALS, filters, found.now, found.before)


def _figures(
    shown: Iterable[Tile],
    filters: Filters,
    now: Counts,
    before: Counts,
    unit: int | None = None,
) -> list[Figure]:
    return [
        Figure(
            tile,
            now[tile.key],
            before[tile.key],
            url(filters, tile.key),
            Rate(now[tile.key], now[tile.of]) if tile.of else None,
            Rate(before[tile.key], before[tile.of]) if tile.of else None,
            tiles.BY_KEY[tile.of].noun if tile.of else "",
            charts.ruler(now[tile.key], unit) if unit else None,
        )
        for tile in shown
    ]


def _errors(audience: anonymous.Audience) -> list[tuple[str, str]]:
    """Return (field, how often it was refused), the most first."""
    names = {name: str(f.label or name) for name, f in RequestForm.base_fields.items()}
    found = sorted(audience.errors.items(), key=lambda row: (-row[1], row[0]))
    return [(names.get(name, name), words.number(times)) for name, times in found]


def _aside(filters: Filters, found: board.Board) -> list[tuple[Rule, Cell, Cell]]:
    known = found.aside
    aside = tiles.set_aside(filters) if known is None else known
    return [
        (
            rule_of(code),
            Cell(requests, url(filters, "set_aside", regle=code)),
            Cell(files, url(filters, "served_aside", regle=code)),
        )
        for code, requests, files in aside
    ]


def _days(
    filters: Filters, found: board.Board, weekly: bool
) -> list[tuple[date, dict[str, Cell]]]:
    """Return each day or week, with what it opens: a week ends with the period."""
    rows = []
    for start, counts in (found.weeks() if weekly else found.days).items():
        end = start + (timedelta(days=6) if weekly else timedelta())
        of_it = replace(
            filters, first=max(start, filters.first), last=min(end, filters.last)
        )
        keys = ("leads", "delivered", "contacted", "retrievals", "raw_retrievals")
        rows.append((start, {key: Cell(counts[key], url(of_it, key)) for key in keys}))
    return rows


def _table(
    filters: Filters, cut: str, found: dict[str, board.Pair], labels: Labels
) -> Table:
    here = {value: pair for value, pair in found.items() if pair[0]["leads"]}
    ranked = sorted(here, key=lambda v: (-here[v][0]["leads"], labels.of(cut, v)))
    rows = []
    base = f"lignes/?{filters.without(cut).query()}"
    for value in ranked[:SHOWN]:
        now, before = here[value]
        asked = f"{base}&{urlencode({NAMES[cut]: value or NONE})}&tuile="
        rows.append(
            TableRow(
                labels.of(cut, value),
                [Cell(now[key], asked + key) for key in board.COLUMNS],
                words.share(Rate(now["contacted"], now["leads"])),
                words.change(now["leads"], before["leads"]),
            )
        )
    return Table(cut, TITLES[cut], rows, max(0, len(ranked) - SHOWN))
