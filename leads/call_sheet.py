"""The call sheet: one A4 page to have in hand while calling somebody.

What is refused has no address in a `Sheet`: nothing that is made of one can print it.
Texts are cut by width before they are laid out, so that every sheet takes one page;
what is left of it is ruled, to write on.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils.timezone import localtime
from weasyprint import CSS, HTML

from leads.call_sheet_facts import Sheet, sheets_of
from reports import study
from reports.pdf import engine, fast, tagging
from reports.pdf.engine import Written

STYLE = Path(__file__).with_suffix(".css")
ROUNDS = 3  # A letter replaced may uncover another; at the last all but ours are.
REPLACED = "?"  # What stands for a letter that no font draws.
LINES = 30  # More than a page holds; those beyond its end are not seen.


def render(lead_pks: Sequence[int]) -> bytes:
    """Return one PDF with a page per lead, in this order; b"" if nobody is left.

    Who was erased, or never was, has no page. At most twelve queries in all.
    """
    sheets = sheets_of(lead_pks)
    return write(sheets).content if sheets else b""


def write(sheets: list[Sheet]) -> Written:
    """Lay out the sheets. The same ones give the same bytes.

    A letter that no font draws is replaced, and the page says so: PDF/A forbids the
    empty box. Raises `engine.FontsLost` where letters of ours are not drawn.
    """
    replaced = ""
    for number in range(ROUNDS):
        html = _html(sheets, maimed=bool(replaced))
        if number == ROUNDS - 1:
            replaced += "".join(set(html) - set(fast.alphabet()) - set("\n"))
        written = _lay_out(html.translate(dict.fromkeys(map(ord, replaced), REPLACED)))
        if not written.undrawn:
            return written
        if set(written.undrawn) & set(fast.alphabet()):
            break  # The bundled fonts have it: they are gone.
        replaced += written.undrawn
    engine.close()
    raise engine.FontsLost("Letters that the bundled fonts have are not drawn.")


def _html(sheets: list[Sheet], *, maimed: bool) -> str:
    made_at = localtime(sheets[0].made_at)
    context = {
        "sheets": sheets,
        "brand": study.NAME,
        "made_at": made_at,
        "maimed": maimed,
        "lines": range(LINES),
    }
    return render_to_string("call_sheet/sheet.html", context)


def _lay_out(html: str) -> Written:
    """Write with the synthesis' fonts, colours and closed door, in a style of our own.

    Not `engine.write`: its style sheet is the synthesis', and part of what an edition
    is known by.
    """

    def finish(document: Any, pdf: Any) -> None:
        tagging.finish(document, pdf, links={})

    with engine.at_work() as (tools, discreet):
        document = HTML(string=html, url_fetcher=tools.fetcher).render(
            font_config=tools.fonts, stylesheets=[_style()], pdf_variant=engine.VARIANT
        )
        document.color_profiles["srgb"] = tools.profile
        content: bytes = document.write_pdf(
            finisher=finish,
            pdf_variant=engine.VARIANT,
            output_intent=engine.INTENT,
            pdf_identifier=hashlib.sha256(html.encode()).hexdigest()[:32].encode(),
        )
    return Written(content, len(document.pages), "".join(discreet.missing))


@cache
def _style() -> CSS:
    """Return the parsed style sheet; it declares no font, and holds no engine's."""
    css = STYLE.read_text(encoding="utf-8")
    return CSS(string=css, url_fetcher=engine.BundledOnly())
