"""Make the synthesis: one reader, one tagged PDF/UA-1, no network, no database.

The same arguments give the same bytes, so that a copy can be checked by its hash.
All that is personal stands on the cover; metadata, running foot and every later page
are the same for everybody.
"""

from __future__ import annotations

import datetime
import hashlib
import unicodedata

from django.template.loader import render_to_string

from reports import study
from reports.pdf import drawings, engine
from reports.personalisation import Reader
from reports.templatetags.french import french_date

__all__ = ["compose", "render"]

# Letters of name and establishment beyond which the label is set smaller, so that
# the longest the form accepts (100, 100 and 200) stays clear of the title.
DENSE = 160

# What the contents list and the links announce: anchor → title of the section.
SECTIONS = {
    "constat": study.STATEMENT,
    "etude": study.PURPOSE_TITLE,
    "chiffres": study.SUPPORT_TITLE,
    **{block.key: block.title for block in study.BLOCKS},
    "conditions": study.CONDITIONS_TITLE,
    "revele": study.FINDINGS_TITLE,
    "methode": study.METHOD_TITLE,
}
INNER = {*(block.key for block in study.BLOCKS), "conditions"}  # Parts of a section.


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
    """Return the reader's copy and its number of pages. See `render`."""
    html = render_to_string(
        "pdf/synthesis.html",
        {
            "study": study,
            "brand": study.NAME.split(),
            "drawings": drawings,
            "sections": SECTIONS,
            "inner": INNER,
            "label": _label(reader, reference),
            "dense": len(reader.full_name) + len(reader.organisation) > DENSE,
            "edition": edition,
            "date": date,
            "printed_date": french_date(date),
        },
    )
    identifier = hashlib.sha256(f"{reference} {edition}".encode()).hexdigest()[:32]
    return engine.write(html, identifier=identifier, links=SECTIONS)


def _label(reader: Reader, reference: str) -> list[tuple[str, str, str]]:
    """Return the lines of the cover's label: what, value, note. No empty line."""
    place = ", ".join(filter(None, (reader.type_label, reader.region_label)))
    organisation = _composed(reader.organisation)
    lines = [
        ("Exemplaire de", _composed(reader.full_name), ""),
        ("Fonction", reader.function_label, ""),
        ("Établissement", organisation or place, place if organisation else ""),
        ("Référence", reference, ""),
    ]
    return [line for line in lines if line[1]]


def _composed(text: str) -> str:
    """Compose accents typed apart: the embedded font has é, not a floating accent."""
    return unicodedata.normalize("NFC", text)
