"""The call sheet: one A4 page to have in hand while calling somebody.

What is refused has no address in a `Sheet`: nothing that is made of one can print it.
Texts are cut by width before they are laid out, so that every sheet takes one page;
what is left of it is ruled, to write on.
"""

from __future__ import annotations

from bisect import bisect
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.timezone import localtime

from leads.call_sheet_facts import Sheet, sheets_of
from reports import pages, study
from reports.pdf import engine
from reports.pdf.engine import Written

STYLE = Path(__file__).with_suffix(".css")
MILLIMETRE = 96 / 25.4  # In CSS pixels.
END = 279 * MILLIMETRE  # Of what a page holds, from its top: see the style sheet.
LINE = 8 * MILLIMETRE  # To write on.
LEAST = 4  # Lines that a page always has.

# Each sheet with the lines to write on; None while its end is looked for.
type Pairs = Sequence[tuple[Sheet, int | None]]


def render(lead_pks: Sequence[int]) -> bytes:
    """Return one PDF with a page per lead, in this order; b"" if nobody is left.

    Who was erased, or never was, has no page. At most twelve queries in all.
    """
    sheets = sheets_of(lead_pks)
    return write(sheets).content if sheets else b""


def write(sheets: list[Sheet]) -> Written:
    """Lay out the sheets. The same ones give the same bytes.

    A letter that no font draws is replaced, and the page says so. Raises
    `engine.FontsLost` where letters of ours are not drawn.
    """
    return pages.drawn(
        lambda replaced: _written(sheets, replaced),
        lambda: _html([(sheet, 0) for sheet in sheets], ""),
    )


def _written(sheets: list[Sheet], replaced: str) -> Written:
    def html(pairs: Pairs) -> str:
        return pages.without(_html(pairs, replaced), replaced)

    with engine.at_work() as (tools, discreet):
        pairs = [
            _fitted(sheet, lambda pairs: pages.lay_out(html(pairs), tools, STYLE))
            for sheet in sheets
        ]
        discreet.missing.clear()  # They are met again.
        text = html(pairs)
        return pages.bound(pages.lay_out(text, tools, STYLE), text, tools, discreet)


def _fitted(sheet: Sheet, lay_out: Callable[[Pairs], Any]) -> tuple[Sheet, int]:
    """Return a sheet that leaves room to write, and for how many lines.

    Where it leaves too little, colleagues and exchanges are counted, not told.
    """

    @cache
    def lines(sheet: Sheet) -> int:
        place = lay_out([(sheet, None)]).pages[0].anchors.get("end")
        return max(0, int((END - place[1]) // LINE)) if place else 0

    if lines(sheet) >= LEAST:
        return sheet, lines(sheet)
    states = list(sheet.shorter())
    last = len(states) - 1
    found = bisect(states, False, hi=last, key=lambda state: lines(state) >= LEAST)
    return states[found], lines(states[found])


def _html(pairs: Pairs, replaced: str) -> str:
    """Return the document; a page says so where a letter of it is replaced."""
    context = {
        "sheets": [
            (
                sheet,
                None if lines is None else range(lines),
                not set(replaced).isdisjoint(repr(sheet)),
            )
            for sheet, lines in pairs
        ],
        "brand": study.NAME,
        "made_at": localtime(pairs[0][0].made_at),
    }
    return render_to_string("call_sheet/sheet.html", context)
