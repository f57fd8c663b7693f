"""Look at a document as its reader would find it, with another program than its own."""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from reports import study
from reports.personalisation import Reader

# What each check is about, in the order they are read in.
SUBJECTS = {
    "pages": "Nombre de pages",
    "size": "Poids du fichier",
    "fonts": "Polices incorporées",
    "overflow": "Débordements",
    "alternatives": "Textes de remplacement",
    "reader": "Lecteur",
    "figures": "Chiffres de l’étude",
    "mail": "Courriel",
}

PAGES = (8, 12)  # A synthesis: neither a leaflet nor the study.
HEAVIEST = 400_000  # Bytes: mail servers and phones take it without a word.
MARGIN = 14.0  # Points, some 5 mm: what most printers cannot reach.
# A figure by its whole sentence: the value alone stands in other places, too.
FIGURES = {figure.key: figure.sentence for figure in study.FIGURES.values()}


class Check(NamedTuple):
    key: str
    passed: bool
    words: str


class Sheet(NamedTuple):
    """What one page shows: text, letters by place, fonts, and images' descriptions."""

    text: str
    size: tuple[float, float]
    runs: list[tuple[tuple[float, float, float, float], str]]
    fonts: dict[str, bool]  # Name → embedded.
    figures: list[str]  # The alternative text of each.


def inspect(content: bytes, reader: Reader, printed: tuple[str, ...]) -> list[Check]:
    """Check a copy; `printed` holds what may stand in it beside the study's numbers."""
    with pdfium.PdfDocument(content) as document:
        sheets = [_read(page) for page in document]
    return [
        _count(sheets),
        _weight(content),
        _embedded(sheets),
        _within(sheets),
        _described(sheets),
        _reader(sheets, reader),
        _numbers([sheet.text for sheet in sheets], printed),
    ]


def inspect_mail(text: str, html: str, printed: tuple[str, ...]) -> Check:
    """Check the message that brings a copy; its links are left out."""
    unknown = unknown_numbers(text, printed)
    if not text.strip() or not html.strip():
        return Check("mail", False, "Une des deux versions du courriel est vide.")
    if unknown:
        return Check("mail", False, f"Nombres inconnus\u00a0: {', '.join(unknown)}.")
    return Check("mail", True, "Versions texte et HTML, aucun nombre inconnu.")


def _read(page: pdfium.PdfPage) -> Sheet:
    textpage = page.get_textpage()
    runs, fonts = [], {}
    for run in page.get_objects(filter=[raw.FPDF_PAGEOBJ_TEXT], textpage=textpage):
        if text := run.extract().strip():
            font = run.get_font()
            fonts[font.get_base_name()] = bool(font.is_embedded)
            runs.append((run.get_bounds(), text))
    figures = list(_figures(page))
    return Sheet(textpage.get_text_range(), page.get_size(), runs, fonts, figures)


def _figures(page: pdfium.PdfPage) -> Iterator[str]:
    """Walk the tags of a page; yield what each figure says in place of its drawing."""
    tree = raw.FPDF_StructTree_GetForPage(page.raw)
    waiting = [
        raw.FPDF_StructTree_GetChildAtIndex(tree, number)
        for number in range(raw.FPDF_StructTree_CountChildren(tree))
    ]
    while waiting:
        element = waiting.pop()
        if not element:
            continue  # Marked content: no element of its own.
        if _string(raw.FPDF_StructElement_GetType, element) == "Figure":
            yield _string(raw.FPDF_StructElement_GetAltText, element)
        waiting += [
            raw.FPDF_StructElement_GetChildAtIndex(element, number)
            for number in range(raw.FPDF_StructElement_CountChildren(element))
        ]
    raw.FPDF_StructTree_Close(tree)


def _string(function: Any, element: Any) -> str:
    """Ask PDFium for a string: its length first, then its UTF-16."""
    length = function(element, None, 0)
    buffer = ctypes.create_string_buffer(length)
    function(element, buffer, length)
    return buffer.raw.decode("utf-16-le").rstrip("\0")


def _on(number: int, words: str) -> str:
    return f"Page\u00a0{number}\u00a0: {words}"


def _count(sheets: list[Sheet]) -> Check:
    least, most = PAGES
    words = f"{len(sheets)} pages, pour {least} à {most} attendues."
    return Check("pages", least <= len(sheets) <= most, words)


def _weight(content: bytes) -> Check:
    words = (
        f"{len(content) / 1000:.0f}\u00a0ko, pour {HEAVIEST // 1000}\u00a0ko au plus."
    )
    return Check("size", len(content) <= HEAVIEST, words)


def _embedded(sheets: list[Sheet]) -> Check:
    fonts = {name: inside for sheet in sheets for name, inside in sheet.fonts.items()}
    if missing := sorted(name for name, inside in fonts.items() if not inside):
        return Check("fonts", False, f"Non incorporées\u00a0: {', '.join(missing)}.")
    return Check("fonts", bool(fonts), f"{len(fonts)} polices, toutes incorporées.")


def _within(sheets: list[Sheet]) -> Check:
    for number, sheet in enumerate(sheets, start=1):
        for text in _outside(sheet):
            words = f"«\u00a0{text}\u00a0» sort de la page."
            return Check("overflow", False, _on(number, words))
        for one, other in _overprinted(sheet):
            words = f"«\u00a0{one}\u00a0» recouvre «\u00a0{other}\u00a0»."
            return Check("overflow", False, _on(number, words))
    return Check("overflow", True, "Rien ne sort des pages ni ne se recouvre.")


def _outside(sheet: Sheet) -> Iterator[str]:
    width, height = sheet.size
    for (left, bottom, right, top), text in sheet.runs:
        if min(left, bottom, width - right, height - top) < MARGIN:
            yield text[:40]


def _overprinted(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Yield lines that cover each other by half their height.

    Less is a tall letter that reaches into the next line's box, not onto its letters.
    """
    for (one, text), (other, below) in combinations(sheet.runs, 2):
        across = min(one[2], other[2]) - max(one[0], other[0])
        down = min(one[3], other[3]) - max(one[1], other[1])
        if across > 1 and down > min(one[3] - one[1], other[3] - other[1]) / 2:
            yield text[:40], below[:40]


def _described(sheets: list[Sheet]) -> Check:
    for number, sheet in enumerate(sheets, start=1):
        if not all(text.strip() for text in sheet.figures):
            words = (
                f"Page\u00a0{number}\u00a0: un dessin n’a pas de texte de remplacement."
            )
            return Check("alternatives", False, words)
    count = sum(len(sheet.figures) for sheet in sheets)
    return Check("alternatives", count > 0, f"{count} dessins, tous décrits.")


def _reader(sheets: list[Sheet], reader: Reader) -> Check:
    cover = _squashed(sheets[0].text) if sheets else ""
    said = (reader.full_name, reader.function_label, reader.organisation)
    if missing := [text for text in said if _squashed(text) not in cover]:
        words = f"Absent de la couverture\u00a0: {', '.join(missing)}."
        return Check("reader", False, words)
    return Check("reader", True, "La couverture nomme le lecteur en entier.")


def _numbers(pages: list[str], printed: tuple[str, ...]) -> Check:
    """Find the nine figures, and no number that the study does not know."""
    text = _squashed(" ".join(pages))
    if missing := [s for s in FIGURES.values() if _squashed(s) not in text]:
        return Check("figures", False, f"Chiffre absent\u00a0: {missing[0]}")
    numbered = (*printed, *map(str, range(1, len(pages) + 1)))
    for number, page in enumerate(pages, start=1):
        if unknown := unknown_numbers(page, numbered):
            words = f"nombres inconnus\u00a0: {', '.join(unknown)}."
            return Check("figures", False, _on(number, words))
    return Check("figures", True, "Les neuf chiffres, et aucun nombre inconnu.")


def unknown_numbers(text: str, printed: tuple[str, ...]) -> list[str]:
    """Return the numbers of a text that neither the study nor `printed` holds."""
    text = text.replace("\xa0", " ")
    for known in sorted(printed, key=len, reverse=True):
        if not known.isdigit():
            text = text.replace(known.replace("\xa0", " "), " ")
    allowed = published_numbers() | {known for known in printed if known.isdigit()}
    return sorted(_numbers_of(text) - allowed)


@cache
def published_numbers() -> frozenset[str]:
    """Return every number of the study, the only source of them."""
    constants = [value for name, value in vars(study).items() if name.isupper()]
    text = repr(constants).encode().decode("unicode_escape", "ignore")
    return frozenset(_numbers_of(text))


def _numbers_of(text: str) -> set[str]:
    return set(re.findall(r"\d+", re.sub(r"(?<=\d)[\u202f\xa0 ](?=\d{3}\b)", "", text)))


def _squashed(text: str) -> str:
    """Forget where lines were cut, and the hyphens that cut words."""
    text = unicodedata.normalize("NFC", text)
    return re.sub(r"[\s\ufffe\x02\xad]+", "", text)
