"""The readers that copies are rendered for in tests, and how a layout is read."""

from __future__ import annotations

import datetime
import re
from io import BytesIO
from itertools import combinations
from pathlib import Path

import pikepdf
from weasyprint.formatting_structure.boxes import TextBox

from reports import pdf
from reports.personalisation import PERSONAS, SEGMENTS, Reader
from reports.readings import FAMILIES, KINDS
from reports.vocabulary import JobFunction, OrganisationType, Region

ROOT = Path(__file__).parents[2]
EDITION = "1.0"
REFERENCE = "SC26-DEMO-DEMO"
DATE = datetime.date(2026, 11, 23)
SITE = "https://santescopie.exemple.fr"
PRINTED_DATE = "23\xa0novembre\xa02026"

HOSTILE = {
    "accents": Reader(
        first_name="Zoë",
        last_name="Ünal-d’Œuvre-Façon",
        organisation="Hôpital fictif de l’Île-aux-Nœuds « Çédille »",
        organisation_type=OrganisationType.EPSM,
        job_function=JobFunction.CME,
        region=Region.PAC,
    ),
    "sixty letters": PERSONAS["noms-longs"],
    "longest": Reader(  # That the form accepts.
        first_name="W" * 100,
        last_name="W" * 100,
        organisation="W" * 200,
        organisation_type=OrganisationType.ESPIC,
        job_function=JobFunction.QUALITY,
        region=Region.PAC,
    ),
    "markup": Reader(
        first_name="<img src=file:///etc/passwd>",
        last_name="<link rel=attachment href=file:///etc/passwd>",
        organisation="<style>@import url(file:///etc/passwd);</style>{{ study }}",
    ),
    "greek": Reader(first_name="Ελένη", last_name="Παράδειγμα"),
    "cyrillic": Reader(first_name="Жанна", last_name="Примерова"),
    "arabic": Reader(first_name="مثال", last_name="تجريبي \u202eeman"),
    "piled up": Reader(first_name="Z" + "\u0301" * 500, last_name="Exemple"),
    "endless": Reader(
        first_name="A" * 10_000, last_name="Exemple", organisation="É " * 9_000
    ),
    "typed apart": Reader(first_name="Zoe\u0308", last_name="Exemple"),
}


def reader_in(segment):
    """Return somebody of this segment."""
    function = next(f for f in FAMILIES if f.key == segment.family).functions[0]
    types = next(k for k in KINDS if k.key == segment.kind).types
    return Reader(
        first_name="Sacha",
        last_name="Témoin",
        job_function=function,
        organisation_type=types[0] if segment.kind != "ensemble" else "",
    )


SEGMENT_READERS = {segment.key: reader_in(segment) for segment in SEGMENTS}
READERS = {**PERSONAS, **HOSTILE, **SEGMENT_READERS}


def render(reader, *, edition=EDITION, reference=REFERENCE, date=DATE):
    """Lay out every page: test_pdf_fast.py proves that the fast way gives the same."""
    return pdf.compose(
        reader, edition=edition, reference=reference, date=date, site=SITE, whole=True
    ).content


def squashed(text):
    """Forget where lines were cut."""
    return re.sub(r"\s+", "", text)


def boxes(box):
    """Walk down the layout, in the order of the tags."""
    box = getattr(box, "_box", box)  # Stands apart: its place holds the box.
    yield box
    for child in getattr(box, "children", ()):
        yield from boxes(child)


def text_of(page):
    return " ".join(b.text for b in boxes(page._page_box) if isinstance(b, TextBox))


def room_above_label(cover):
    """Return the distance from title to label, in CSS pixels."""
    laid = list(boxes(cover._page_box))
    title = next(box for box in laid if box.element_tag == "h1")
    label = next(
        box
        for box in laid
        if box.element is not None and "label" in box.element.get("class", "").split()
    )
    return label.position_y - title.position_y - title.margin_height()


def collisions(page):
    """Return the texts of a page that stand on one another, or run off the sheet."""
    texts = [box for box in boxes(page._page_box) if isinstance(box, TextBox)]
    texts = [box for box in texts if box.text.strip()]

    def sides(box):
        """Return left, top, right, bottom of the letters, in CSS pixels."""
        inset = box.height * 0.3  # Above the capitals and below the line.
        top, bottom = box.position_y + inset, box.position_y + box.height - inset
        return box.position_x + 0.5, top, box.position_x + box.width - 0.5, bottom

    placed = [(box.text, *sides(box)) for box in texts]
    edge = 30  # 8 mm: what an office printer needs.
    found = [
        text
        for text, left, top, right, bottom in placed
        if left < edge
        or top < edge
        or right > page.width - edge
        or bottom > page.height - edge
    ]
    for (text, x1, y1, x2, y2), (other, x3, y3, x4, y4) in combinations(placed, 2):
        if x1 < x4 and x3 < x2 and y1 < y4 and y3 < y2:
            found.append(f"{text} / {other}")
    return found


def elements(document, *kinds):
    """Return the elements of the structure tree of these kinds."""
    return [
        item
        for item in document.objects
        if isinstance(item, pikepdf.Dictionary)
        and str(item.get("/S")).lstrip("/") in kinds
        and "/P" in item
    ]


def open_pdf(content):
    return pikepdf.open(BytesIO(content))
