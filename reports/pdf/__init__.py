"""Make the synthesis: one reader, one tagged PDF, no network, no database.

The same arguments give the same bytes, so that a copy can be checked by its hash.
All that is personal stands on the cover; metadata and running heads are
the same for everybody, and later pages for everybody of the same segment.
"""

from __future__ import annotations

import datetime
import hashlib
import unicodedata

from django.template.loader import render_to_string

from reports import document, study
from reports.pdf import engine
from reports.personalisation import Reader, segment_of

__all__ = ["compose", "render"]

# Not Django's formats: they would need translations to be active in the process.
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
    "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip

# Letters of the label beyond which it is set smaller, so that the longest the form
# accepts (100, 100 and 200) stays clear of the title.
DENSITIES = ((300, "crowded"), (120, "dense"))
LONGEST = 220  # Letters of one line of the label; what comes after is cut.
STACKED = 4  # Marks that one letter may carry: no script needs more.


def render(
    reader: Reader, *, edition: str, reference: str, date: datetime.date
) -> bytes:
    """Return the reader's copy.

    `date` is printed on the cover and is the creation date in the metadata.
    Raises `engine.ForbiddenFetch` if the document asks for anything but its fonts.
    """
    return compose(reader, edition=edition, reference=reference, date=date).content


def compose(
    reader: Reader, *, edition: str, reference: str, date: datetime.date
) -> engine.Written:
    """Return the reader's copy and its number of pages. See `render`.

    A character that no font draws leaves the label: PDF/A and PDF/UA forbid the empty
    box that would stand for it.
    """
    context = {
        **document.contents(segment_of(reader)),
        "brand": study.NAME.split(),
        "edition": edition,
        "date": date,
        "printed_date": french_date(date),
    }
    links = {page.key: page.title for page in context["reading"].pages.values()}
    identifier = hashlib.sha256(f"{reference} {edition}".encode()).hexdigest()[:32]

    def write(without: str) -> engine.Written:
        label = _label(reader, reference, without)
        html = render_to_string(
            "pdf/synthesis.html",
            {**context, "label": label, "density": _density(label)},
        )
        return engine.write(html, identifier=identifier, links=links)

    written = write("")
    return write(written.undrawn) if written.undrawn else written


def french_date(date: datetime.date) -> str:
    """Return « 1er mars 2026 », held together by no-break spaces."""
    day = "1er" if date.day == 1 else str(date.day)
    return f"{day}\u00a0{MONTHS[date.month - 1]}\u00a0{date.year}"


def _label(reader: Reader, reference: str, without: str) -> list[tuple[str, str, str]]:
    """Return the lines of the cover's label: what, value, note. No empty line."""
    absent = str.maketrans("", "", without)
    place = ", ".join(filter(None, (reader.type_label, reader.region_label)))
    organisation = legible(reader.organisation.translate(absent))
    lines = [
        ("Exemplaire de", legible(reader.full_name.translate(absent)), ""),
        ("Fonction", reader.function_label, ""),
        ("Établissement", organisation or place, place if organisation else ""),
        ("Référence", reference, ""),
    ]
    return [line for line in lines if line[1]]


def _density(label: list[tuple[str, str, str]]) -> str:
    letters = sum(len(value) for _, value, _ in label)
    return next((name for limit, name in DENSITIES if letters > limit), "")


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
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1].rstrip()}…"
