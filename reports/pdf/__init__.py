"""Make the synthesis: one reader, one tagged PDF, no network, no database.

The same arguments give the same bytes, so that a copy can be checked by its hash.
All that is personal stands on the cover; metadata and running heads are
the same for everybody, and later pages for everybody of the same segment.
"""

from __future__ import annotations

import datetime
import hashlib
import unicodedata
from functools import partial
from itertools import accumulate
from typing import Any, NamedTuple

from django.template.loader import render_to_string

from reports import document, study
from reports.pdf import bases, codes, engine, fast
from reports.personalisation import Reader, Segment, segment_of
from reports.templatetags.french import french_date

__all__ = ["compose", "render"]

# Widths beyond which a value of the label, and it alone, is set smaller: at 12.5 points
# it takes two lines, at 11 three, then 8.5 keeps the label clear of the title.
SIZES = ((130, "endless"), (70, "long"))
LONGEST = 210  # Width of one value; what comes after is cut.
ROUNDS = 3  # A letter left out may uncover another; at the last all that is typed is.
STACKED = 4  # Marks that one letter may carry: no script needs more.


class Label(NamedTuple):
    lines: list[tuple[str, str, str, str]]  # What, value, note, size of the value.
    code: codes.Code


def render(
    reader: Reader, *, edition: str, reference: str, date: datetime.date, site: str
) -> bytes:
    """Return the reader's copy.

    `date` is printed on the cover and is the creation date in the metadata; `site`,
    https://host, is where the reference can be verified.
    Raises `engine.ForbiddenFetch` if the document asks for anything but its fonts.
    """
    return compose(
        reader, edition=edition, reference=reference, date=date, site=site
    ).content


def compose(
    reader: Reader,
    *,
    edition: str,
    reference: str,
    date: datetime.date,
    site: str,
    whole: bool = False,
) -> engine.Written:
    """Return the reader's copy and its number of pages. See `render`.

    PDF/A and PDF/UA forbid the empty box that stands for what no font draws: a sign
    leaves the label, a letter takes its whole line with it, for a name is not maimed.
    `whole` lays out every page, as where the fast way does not fit: for comparison.
    """
    segment = segment_of(reader)
    pages = document.contents(segment)["reading"].pages.values()
    links = {page.key: page.title for page in pages}
    code = codes.draw(site, reference)
    identifier = hashlib.sha256(f"{reference} {edition}".encode()).hexdigest()[:32]

    def write(without: str) -> engine.Written:
        label = Label(_lines(reader, reference, without), code)
        if not whole and (
            written := fast.write(
                _alone(label, edition, date),
                key=(edition, segment.key),
                stand_in=partial(_stand_in, edition, segment),
                links=links,
                identifier=identifier,
                date=date,
            )
        ):
            return written
        html = _whole(label, segment, edition, date)
        return engine.write(html, identifier=identifier, links=links)

    typed = legible(reader.full_name) + legible(reader.organisation)
    without = ""
    for number in range(ROUNDS):
        written = write(without)
        if not written.undrawn:
            return written
        if set(written.undrawn) & set(fast.alphabet()):
            break  # The bundled fonts have it: they are gone.
        without = without + written.undrawn if number < ROUNDS - 2 else typed
    engine.close()
    raise engine.FontsLost("Letters that the bundled fonts have are not drawn.")


def html(
    reader: Reader, *, edition: str, reference: str, date: datetime.date, site: str
) -> str:
    """Return what the whole document is laid out from."""
    label = Label(_lines(reader, reference, ""), codes.draw(site, reference))
    return _whole(label, segment_of(reader), edition, date)


def _stand_in(edition: str, segment: Segment) -> tuple[str, str]:
    """Return the whole document, and its label alone, for nobody: see `bases`."""
    letters = fast.alphabet()
    # Only values are typed; the rest of the label is the house's own French.
    ours = "".join(c for c in letters if c <= "ÿ" or c in "œŒ’")
    label = Label([(ours, letters, ours, "")], codes.draw("https://exemple.fr", ""))
    whole = _whole(label, segment, edition, bases.DATE)
    return whole, _alone(label, edition, bases.DATE)


def _whole(label: Label, segment: Segment, edition: str, date: datetime.date) -> str:
    context = {
        **document.contents(segment),
        **_printed(label, edition, date),
        "brand": study.NAME.split(),
        "date": date,
    }
    return render_to_string("pdf/synthesis.html", context)


def _alone(label: Label, edition: str, date: datetime.date) -> str:
    return render_to_string("pdf/alone.html", _printed(label, edition, date))


def _printed(label: Label, edition: str, date: datetime.date) -> dict[str, Any]:
    """Return what the label shows."""
    return {
        "label": label.lines,
        "code": label.code,
        "edition": edition,
        "printed_date": french_date(date),
    }


def _lines(
    reader: Reader, reference: str, without: str
) -> list[tuple[str, str, str, str]]:
    """Return the lines of the cover's label. No empty line."""

    def drawn(typed: str) -> str:
        line = legible(typed)
        if any(c in without and unicodedata.category(c)[0] in "LMN" for c in line):
            return ""  # A maimed name is worse than none.
        return line.translate(dict.fromkeys(map(ord, without)))

    place = ", ".join(filter(None, (reader.type_label, reader.region_label)))
    organisation = drawn(reader.organisation)
    lines = [
        ("Exemplaire de", drawn(reader.full_name), ""),
        ("Fonction", reader.function_label, ""),
        ("Établissement", organisation or place, place if organisation else ""),
        ("Référence", reference, ""),
    ]
    return [(*line, _size(line[1])) for line in lines if line[1]]


def _size(value: str) -> str:
    width = sum(map(_width, value))
    return next((name for limit, name in SIZES if width > limit), "")


def _width(letter: str) -> float:
    """Return about how wide a letter is, in small ones of the middling sort."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    return 1.6 if letter.isupper() else 1


def legible(text: str) -> str:
    """Return what was typed as one line that can be set: composed, bounded, in order.

    Accents typed apart are composed (the embedded font has é, not a floating accent);
    marks piled up, controls and changes of direction are dropped; the end is cut.
    """
    kept: list[str] = []
    stacked = 0
    for letter in unicodedata.normalize("NFC", text[: 10 * LONGEST]):
        category = unicodedata.category(letter)
        stacked = stacked + 1 if category in ("Mn", "Me") else 0
        if category in ("Cc", "Zl", "Zp"):
            kept.append(" ")
        elif stacked <= STACKED and category not in ("Cf", "Cs", "Co", "Cn"):
            kept.append(letter)
    line = " ".join("".join(kept).split(" ")).strip()
    ends = enumerate(accumulate(map(_width, line)))
    end = next((place for place, width in ends if width > LONGEST), None)
    return line if end is None else f"{line[: end - 1].rstrip()}…"
