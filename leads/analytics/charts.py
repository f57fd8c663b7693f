"""Draw the figures of the dashboard so that they can be counted back to their text.

Geometry for `templates/measure/`, already text: templates print a float with the comma
of the active language. The page colours by class, the PDF by the attributes: both say
the same without colour (outline and fill, solid and dashed, and the number itself).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from leads.analytics.words import number
from reports.vocabulary import Region

GRADUATIONS = 100  # The most that a ruler shows.
PITCH, STEM = 5, 3
WIDTH, HEIGHT = 960, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 20, 12, 30
MOST_BARS = 62  # Beyond, weeks.
_MONTHS = (
    "janv.", "févr.", "mars", "avril", "mai", "juin", "juil.", "août", "sept.", "oct.",
    "nov.", "déc.",
)  # fmt: skip


def unit_for(most: int, steps: int = GRADUATIONS) -> int:
    """Return what a graduation is worth: 1, 2, 5, 10, 20 …, the least that fits."""
    ten = 1
    while most > 5 * ten * steps:
        ten *= 10
    return next(unit for unit in (ten, 2 * ten, 5 * ten) if most <= unit * steps)


@dataclass(frozen=True, slots=True)
class Ruler:
    """A row of graduations: whole ones, perhaps one begun, then empty ones."""

    full: str
    begun: str
    empty: str
    width: int = GRADUATIONS * PITCH


def ruler(value: int, unit: int) -> Ruler:
    full, rest = divmod(value, unit)
    begun = f"M{full * PITCH} 15H{full * PITCH + STEM}" if rest else ""
    after = full + bool(rest)
    return Ruler(
        f"M0 11H{full * PITCH - (PITCH - STEM)}" if full else "",
        begun,
        f"M{after * PITCH + 1} 11H{GRADUATIONS * PITCH}" if after < GRADUATIONS else "",
    )


@dataclass(frozen=True, slots=True)
class Mark:
    """A text, and where it stands."""

    x: str
    y: str
    text: str


@dataclass(frozen=True, slots=True)
class Bar:
    """A day or a week: all of it outlined, a part of it filled."""

    x: str
    width: str
    y: str
    height: str
    part_y: str
    part_height: str


@dataclass(frozen=True, slots=True)
class Axes:
    lines: list[Mark]  # One for each mark of the scale; its height is `y`.
    names: list[Mark]
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM
    size: str = f"0 0 {WIDTH} {HEIGHT}"


@dataclass(frozen=True, slots=True)
class Bars:
    axes: Axes
    bars: list[Bar]


@dataclass(frozen=True, slots=True)
class Trend:
    axes: Axes
    first: str  # Points of the solid line,
    second: str  # and of the dashed one.
    first_marks: list[Mark]
    second_marks: list[Mark]


def short_day(day: date) -> str:
    return f"{day.day}\u00a0{_MONTHS[day.month - 1]}"


def _scale(most: int) -> tuple[int, int]:
    """Return the step of the scale and its end: at most four steps."""
    step = unit_for(max(most, 1), 4)
    return step, step * -(-max(most, 1) // step)


def _height(value: int, top: int) -> float:
    return value * (HEIGHT - BOTTOM - TOP) / top


def _x(index: int, count: int) -> float:
    """Return the middle of a place among `count`."""
    return LEFT + (index + 0.5) * (WIDTH - LEFT - RIGHT) / max(count, 1)


def _axes(days: Sequence[date], most: int) -> tuple[Axes, int]:
    step, top = _scale(most)
    base = HEIGHT - BOTTOM
    lines = [
        Mark(f"{LEFT - 6}", f"{base - _height(value, top):g}", number(value))
        for value in range(0, top + 1, step)
    ]
    every = -(-len(days) // 14)
    names = [
        Mark(f"{_x(index, len(days)):.1f}", f"{HEIGHT - 10}", short_day(day))
        for index, day in enumerate(days)
        if (len(days) - 1 - index) % every == 0
    ]
    return Axes(lines, names), top


def bars(rows: Sequence[tuple[date, int, int]]) -> Bars:
    """Draw (day, all, part of it) for each day or week."""
    axes, top = _axes([day for day, _, _ in rows], max((r[1] for r in rows), default=0))
    base, count = HEIGHT - BOTTOM, len(rows)
    width = max(2.0, 0.62 * (WIDTH - LEFT - RIGHT) / max(count, 1))
    width = min(width, 40)
    drawn = []
    for index, (_, whole, part) in enumerate(rows):
        tall, stained = _height(whole, top), _height(part, top)
        drawn.append(
            Bar(
                f"{_x(index, count) - width / 2:.1f}",
                f"{width:.1f}",
                f"{base - tall:.1f}",
                f"{tall:.1f}",
                f"{base - stained:.1f}",
                f"{stained:.1f}",
            )
        )
    return Bars(axes, drawn)


def trend(rows: Sequence[tuple[date, int, int]]) -> Trend:
    """Draw two counts of each day or week as two lines."""
    most = max((max(a, b) for _, a, b in rows), default=0)
    axes, top = _axes([day for day, _, _ in rows], most)
    base, count = HEIGHT - BOTTOM, len(rows)
    counts = ([first for _, first, _ in rows], [second for _, _, second in rows])
    marks = [
        [
            Mark(f"{_x(index, count):.1f}", f"{base - _height(value, top):.1f}", "")
            for index, value in enumerate(line)
        ]
        for line in counts
    ]
    points = [" ".join(f"{mark.x},{mark.y}" for mark in line) for line in marks]
    return Trend(axes, points[0], points[1], marks[0], marks[1])


_R = Region
# Column, row: where a region stands on a map of equal tiles; overseas at right.
PLACES = {
    _R.HDF: (2, 0), _R.NOR: (1, 1), _R.IDF: (2, 1), _R.GES: (3, 1),
    _R.BRE: (0, 2), _R.PDL: (1, 2), _R.CVL: (2, 2), _R.BFC: (3, 2),
    _R.NAQ: (1, 3), _R.ARA: (2, 3),
    _R.OCC: (1, 4), _R.PAC: (2, 4), _R.COR: (3, 4),
    _R.GUA: (5, 0), _R.MTQ: (5, 1), _R.GUF: (5, 2), _R.REU: (5, 3), _R.MAY: (5, 4),
    _R.COM: (6, 3), _R.ABROAD: (6, 4),
}  # fmt: skip
_BREAKS = {
    _R.ARA: ("Auvergne-", "Rhône-Alpes"),
    _R.BFC: ("Bourgogne-", "Franche-Comté"),
    _R.CVL: ("Centre-", "Val de Loire"),
    _R.PAC: ("Provence-Alpes-", "Côte d’Azur"),
    _R.NAQ: ("Nouvelle-", "Aquitaine"),
    _R.PDL: ("Pays de", "la Loire"),
    _R.COM: ("Autre collectivité", "d’outre-mer"),
}
TILE, GAP = 128, 6
TICKS = 20  # Graduations of a tile.


@dataclass(frozen=True, slots=True)
class RegionTile:
    x: int
    y: int
    names: list[Mark]
    value: str
    ticks: str  # A row of graduations, one for `unit`.
    stained: bool


@dataclass(frozen=True, slots=True)
class RegionMap:
    tiles: list[RegionTile]
    unit: int
    size: str


def region_map(counts: dict[str, int]) -> RegionMap:
    """Draw a tile for each region, with its number and as many graduations."""
    unit = unit_for(max(counts.values(), default=0), TICKS)
    tiles = []
    for region, (column, row) in PLACES.items():
        value = counts.get(str(region.value), 0)
        ticks = -(-value // unit)  # One begun is one.
        lines = _BREAKS.get(region, (str(region.label),))
        left = column * (TILE + GAP)
        top = row * (78 + GAP)
        tiles.append(
            RegionTile(
                left,
                top,
                [
                    Mark(f"{left + 8}", f"{top + 18 + 15 * number_}", line)
                    for number_, line in enumerate(lines)
                ],
                number(value),
                f"M{left + 8} {top + 69}H{left + 8 + ticks * 5 - 2}" if ticks else "",
                value > 0,
            )
        )
    return RegionMap(tiles, unit, f"-1 -1 {7 * (TILE + GAP)} {5 * (78 + GAP)}")
