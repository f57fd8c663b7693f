"""Look at a document as its reader would find it, with another program than its own."""

from __future__ import annotations

import ctypes
import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

import pypdfium2 as pdfium
from pypdfium2 import raw

from reports import study
from reports.personalisation import Reader, reading_of, segment_of

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
FAMILY = "Santescopie"  # What the name of every bundled font starts with.
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
        _numbers([sheet.text for sheet in sheets], reader, printed),
    ]


def inspect_mail(text: str, page: str, printed: tuple[str, ...]) -> Check:
    """Check both parts of the message that brings a copy; its links are left out."""
    for name, part in (("texte", text), ("HTML", _shown(page))):
        if not part.strip():
            return Check("mail", False, f"La version {name} du courriel est vide.")
        if fault := _fault(part, printed):
            return Check("mail", False, f"Version {name}\u00a0: {fault}")
    return Check("mail", True, "Versions texte et HTML, aucun nombre inconnu.")


def _shown(page: str) -> str:
    """Return the text of some HTML, and what stands for its images."""
    page = re.sub(r"(?s)<(style|script)\b.*?</\1>|<!--.*?-->", " ", page)
    page = re.sub(r'<[^>]*\balt="([^"]*)"[^>]*>', r" \1 ", page)
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


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
    names = {name.partition("+")[2] or name for name in fonts}
    if foreign := sorted(name for name in names if not name.startswith(FAMILY)):
        words = f"Étrangères à la famille {FAMILY}\u00a0: {', '.join(foreign)}."
        return Check("fonts", False, words)
    words = f"{len(fonts)} polices de la famille {FAMILY}, toutes incorporées."
    return Check("fonts", bool(fonts), words)


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


def _numbers(pages: list[str], reader: Reader, printed: tuple[str, ...]) -> Check:
    """Find the nine figures, each in its words, and no number out of its place.

    Page n may say its own number at its foot; page 2 that of each page, by its title.
    """
    text = _squashed(" ".join(pages))
    if missing := [s for s in FIGURES.values() if _squashed(s) not in text]:
        return Check("figures", False, f"Chiffre absent\u00a0: {missing[0]}")
    listed = [
        f"{page.number} {name}"
        for page in reading_of(segment_of(reader)).pages.values()
        for name in (page.title, page.short)
    ]
    for number, page in enumerate(pages, start=1):
        page = re.sub(rf"\s{number}\s*$", "", page)
        if fault := _fault(page, (*printed, *listed) if number == 2 else printed):
            return Check("figures", False, _on(number, fault))
    return Check("figures", True, "Les neuf chiffres dans leurs mots, et aucun autre.")


def _fault(text: str, printed: tuple[str, ...]) -> str:
    unknown, loose = strangers(text, printed)
    if unknown:
        return f"nombres inconnus\u00a0: {', '.join(unknown)}."
    return f"chiffre sans ses mots\u00a0: «\u00a0{loose[0]}\u00a0»." if loose else ""


def strangers(text: str, printed: Iterable[str] = ()) -> tuple[list[str], list[str]]:
    """Return the numbers that nobody published, and figures without their words.

    `printed` holds what else may stand in the text, word for word: reference, date.
    """
    text = re.sub(r"[\ufffe\x02\xad]\s*", "", text)  # Hyphens that cut words.
    for known in sorted(printed, key=len, reverse=True):
        words = r"\s+".join(map(re.escape, known.split()))
        text = re.sub(rf"(?<!\d){words}(?!\d)", " ", text)
    bare = _squashed(text)
    words_of = _words()
    loose = [
        bare[match.start() : match.end() + 30]
        for match in re.finditer(r"\+?\d+(?:%|pourcent)|\+de\d+heures/jour", bare)
        if not bare.startswith(words_of.get(match[0], ()), match.end())
    ]
    return sorted(numbers_in(text) - published_numbers()), loose


@cache
def published_numbers() -> frozenset[str]:
    """Return every number that the study's texts hold, the only source of them."""
    constants = [value for name, value in vars(study).items() if name.isupper()]
    return frozenset(numbers_in(" ".join(strings(constants))))


@cache
def _words() -> dict[str, tuple[str, ...]]:
    """Return, by a share, an increase or a duration, what the study says of it."""
    said = [(figure.value, figure.text) for figure in study.FIGURES.values()]
    said.append((study.STATEMENT_VALUE, study.STATEMENT_AFTER))
    found: dict[str, tuple[str, ...]] = {}
    for value, text in said:
        key = _squashed(value)
        found[key] = (*found.get(key, ()), _squashed(text))
    return found


def strings(value: object) -> Iterator[str]:
    """Yield the texts and amounts of a published value, however deep."""
    if isinstance(value, str | int):
        yield str(value)
    elif isinstance(value, list | tuple | dict):
        for item in value.values() if isinstance(value, dict) else value:
            yield from strings(item)
    elif is_dataclass(value):
        for field in fields(value):
            yield from strings(getattr(value, field.name))


def numbers_in(text: str) -> set[str]:
    return set(re.findall(r"\d+", re.sub(r"(?<=\d)[\u202f\xa0 ](?=\d{3}\b)", "", text)))


def _squashed(text: str) -> str:
    """Forget where lines were cut, and hyphens: PDFium tells none at a line's end."""
    text = unicodedata.normalize("NFC", text)
    return re.sub(r"[\s\ufffe\x02\xad-]+", "", text)
