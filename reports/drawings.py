"""Draw figures so that they can be counted back to their text.

Everything is geometry for `templates/reports/drawings/`, in units of the drawing,
and already text: templates print a float with the comma of the active language.
Rows of marks are dashes of one line: a mark costs nothing, and a test can count
them. No dash has a length of nought: some print houses' software drops those.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from math import cos, pi, sin

from reports import study
from reports.study import Figure, Population, Shape

PITCH = 5  # Units from one graduation to the next.
STEM = 3  # Width of a stained graduation; the rest is the gap.
TICK = 1.5  # Width of an unstained one.
HUNDRED = 100
HOUR = 60
DISC = 0.62  # Diameter of a disc, in steps of its lattice.
SQUARE = 0.55  # Side of a square.
RIM = 0.13  # What an empty mark keeps of itself, both sides together.
DOT = 0.01  # Length of a dash that round ends make a disc.


@dataclass(frozen=True, slots=True)
class Ruler:
    """A row of graduations: stained bars, short ticks, and full-height marks."""

    stained: str
    plain: str
    marks: str
    beyond: bool  # Ends with « + »: the count is a floor.
    text: str  # What the drawing says to those who do not see it.


def _bars(first: int, count: int) -> str:
    """Return a line whose dashes are the bars of `count` graduations."""
    start = first * PITCH
    return f"M{start} 22H{start + (count - 1) * PITCH + STEM}" if count else ""


def _ticks(first: int, count: int) -> str:
    inset = (STEM - TICK) / 2
    start = first * PITCH + inset
    return f"M{start:g} 22H{start + (count - 1) * PITCH + TICK:g}" if count else ""


def _marks(*graduations: int) -> str:
    """Return full-height lines in the gap after each of these graduations."""
    return "".join(f"M{n * PITCH - 1} 0V44" for n in graduations)


@cache
def ruler(figure: Figure) -> Ruler:
    amount = figure.amount
    if figure.shape is Shape.SHARE:
        return Ruler(
            _bars(0, amount),
            _ticks(amount, HUNDRED - amount),
            _marks(HUNDRED // 2, HUNDRED),
            False,
            f"Cent graduations, dont {amount} teintées.",
        )
    if figure.shape is Shape.INCREASE:
        return Ruler(
            _bars(HUNDRED, amount),
            _ticks(0, HUNDRED),
            _marks(HUNDRED // 2, HUNDRED),
            False,
            f"Cent graduations, puis {amount} graduations teintées au-delà.",
        )
    return Ruler(
        _bars(0, amount),
        "",
        _marks(*range(HOUR, amount + 1, HOUR)),
        True,
        f"{amount} graduations d’une minute, toutes teintées, puis le signe plus.",
    )


def ring(radius: float, *, gap: float, segments: int = study.STEPS) -> str:
    """Return equal, unnamed arcs with a gap at the top; `gap` in degrees."""
    step = 360 / segments
    arcs = []
    for number in range(segments):
        ends = (number * step + gap / 2, (number + 1) * step - gap / 2)
        (x1, y1), (x2, y2) = (
            (radius * sin(angle * pi / 180), -radius * cos(angle * pi / 180))
            for angle in ends
        )
        arcs.append(f"M{x1:.2f} {y1:.2f}A{radius} {radius} 0 0 1 {x2:.2f} {y2:.2f}")
    return "".join(arcs)


def _field_rows() -> list[tuple[float, float]]:
    """Return height and last abscissa of the rows of the cover's half field.

    The points of a half-integer lattice with x² + y² ≤ 474.5 are 375 in each
    quarter: 750 practitioners at left, 750 patients at right.
    """
    rows = []
    for row in range(-22, 22):
        y = row + 0.5
        reach = max(x + 0.5 for x in range(22) if (x + 0.5) ** 2 + y**2 <= 474.5)
        rows.append((y, reach))
    return rows


ROWS = _field_rows()
FIELD_DISCS = "".join(f"M{-x} {y}H{-0.5 + DOT}" for y, x in ROWS)
FIELD_SQUARES = "".join(f"M{0.5 - 0.275:g} {y}H{x + 0.275:g}" for y, x in ROWS)
FIELD_RING = ring(24.6, gap=3.2)
SYMBOL_RING = ring(10, gap=16)
STEPS_RING = ring(10, gap=5)
FIELD_TEXT = (
    f"{study.PRACTITIONERS} disques, un par praticien, et {study.PATIENTS} carrés, "
    f"un par patient, dans un anneau de {study.STEPS} segments, un par étape."
)


@dataclass(frozen=True, slots=True)
class Marks:
    """Some marks of a field, as dashes of one line."""

    path: str
    size: str
    dash: str
    cap: str


@dataclass(frozen=True, slots=True)
class Field:
    """A hundred marks, ten by ten; `hollow` empties the plain ones."""

    stained: Marks
    plain: Marks
    hollow: Marks
    text: str


def _marks_of(first: int, last: int, size: float, *, disc: bool) -> Marks:
    """Return the marks from `first` up to `last`, row by row."""
    length = DOT if disc else size
    start = 0.5 if disc else 0.5 - size / 2
    rows = (
        f"M{max(first - row, 0) + start:g} {row // 10 + 0.5:g}"
        f"H{min(last - row, 10) - 1 + start + length:g}"
        for row in range(first // 10 * 10, last, 10)
    )
    return Marks(
        "".join(rows),
        f"{size:g}",
        f"{length:g} {1 - length:g}",
        "round" if disc else "butt",
    )


@cache
def field(figure: Figure) -> Field:
    """Draw a share of people: discs for professionals, squares for patients."""
    disc = figure.asked is Population.PROFESSIONALS
    size = DISC if disc else SQUARE
    return Field(
        _marks_of(0, figure.amount, size, disc=disc),
        _marks_of(figure.amount, HUNDRED, size, disc=disc),
        _marks_of(figure.amount, HUNDRED, size - RIM, disc=disc),
        f"Cent {'disques' if disc else 'carrés'}, dont {figure.amount} teintés.",
    )


# The method, drawn: 25 × 30 marks twice, 10 × 7 diamonds, and subjects crossed.
RESPONDENT_DISCS = "".join(f"M0.5 {y + 0.5}H{24.5 + DOT}" for y in range(30))
RESPONDENT_SQUARES = "".join(f"M26.725 {y + 0.5}H{51.275}" for y in range(30))
RESPONDENTS_TEXT = (
    f"{study.PRACTITIONERS} disques, un par praticien, et {study.PATIENTS} carrés, "
    "un par patient."
)
DIAMONDS = "".join(
    f"M{index % 10 + 0.5} {index // 10 + 0.16:g}l.34 .34l-.34 .34l-.34 -.34z"
    for index in range(study.SOLUTIONS)
)
DIAMONDS_TEXT = f"{study.SOLUTIONS} losanges, un par solution, puis le signe plus."
STEPS_TEXT = f"Anneau de {study.STEPS} segments égaux, un par étape."
_SUBJECTS = range(4)  # usages, perceptions, freins, conditions de réussite
CROSSINGS = [(str(x + 0.5), str(y + 0.5), x != y) for y in _SUBJECTS for x in _SUBJECTS]
CROSSINGS_TEXT = "Quatre sujets croisés deux à deux."
