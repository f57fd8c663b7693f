"""Write pages of our own with the synthesis' engine: fonts, colours and closed door.

Not `engine.write`: its style sheet is the synthesis', and part of what an edition is
known by. Each page has a style sheet of its own, that declares no font.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from weasyprint import CSS, HTML

from reports.pdf import engine, fast, tagging
from reports.pdf.engine import Written

ROUNDS = 3  # A letter replaced may uncover another; at the last all but ours are.
REPLACED = "?"  # What stands for a letter that no font draws.


def write(html: str, style: Path) -> Written:
    """Return the tagged PDF of a whole document. The same one gives the same bytes."""
    with engine.at_work() as (tools, discreet):
        return bound(lay_out(html, tools, style), html, tools, discreet)


def lay_out(html: str, tools: engine.Engine, style: Path) -> Any:
    return HTML(string=html, url_fetcher=tools.fetcher).render(
        font_config=tools.fonts,
        stylesheets=[_parsed(style)],
        pdf_variant=engine.VARIANT,
    )


def bound(document: Any, html: str, tools: engine.Engine, discreet: Any) -> Written:
    """Return the PDF of a document that was laid out."""
    document.color_profiles["srgb"] = tools.profile
    content: bytes = document.write_pdf(
        finisher=_finish,
        pdf_variant=engine.VARIANT,
        output_intent=engine.INTENT,
        pdf_identifier=hashlib.sha256(html.encode()).hexdigest()[:32].encode(),
    )
    return Written(content, len(document.pages), "".join(discreet.missing))


def drawn(made: Callable[[str], Written], typed: Callable[[], str]) -> Written:
    """Return what is made without the letters that no font draws: they are replaced.

    PDF/A forbids the empty box. `made` is given the letters to replace, `typed` returns
    all that is on the page. Raises `engine.FontsLost` where letters of ours are not
    drawn.
    """
    replaced = ""
    for number in range(ROUNDS):
        if number == ROUNDS - 1:
            replaced += "".join(set(typed()) - set(fast.alphabet()) - {"\n"})
        written = made(replaced)
        if not written.undrawn:
            return written
        if set(written.undrawn) & set(fast.alphabet()):
            break  # The bundled fonts have it: they are gone.
        replaced += written.undrawn
    engine.close()
    raise engine.FontsLost("Letters that the bundled fonts have are not drawn.")


def without(html: str, replaced: str) -> str:
    return html.translate(dict.fromkeys(map(ord, replaced), REPLACED))


def _finish(document: Any, pdf: Any) -> None:
    tagging.finish(document, pdf, links={})


@cache
def _parsed(style: Path) -> CSS:
    css = style.read_text(encoding="utf-8")
    return CSS(string=css, url_fetcher=engine.BundledOnly())
