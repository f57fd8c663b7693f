"""Read the words of a PDF back, to tell what a reader would see named in it."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pikepdf

Characters = dict[int, str]


def words_of(document: Path) -> str:
    """Return the text, by pdftotext where it is installed."""
    if shutil.which("pdftotext"):
        command = ["pdftotext", "-enc", "UTF-8", str(document), "-"]
        done = subprocess.run(command, capture_output=True, check=True)
        return done.stdout.decode()
    with pikepdf.open(document) as pdf:
        return "\n".join("".join(_shown(page.obj)) for page in pdf.pages)


def _shown(drawing: pikepdf.Object) -> Iterator[str]:
    """Yield what a page or a form shows, in the order it is drawn."""
    resources = drawing.get("/Resources", pikepdf.Dictionary())
    fonts = resources.get("/Font", pikepdf.Dictionary())
    forms = resources.get("/XObject", pikepdf.Dictionary())
    characters: Characters = {}
    for step in pikepdf.parse_content_stream(drawing):
        operands = step.operands
        match str(step.operator):
            case "Tf":
                characters = _to_unicode(fonts[str(operands[0])])
            case "Tj":
                yield _decoded(operands[0], characters)
            case "TJ":
                for piece in operands[0]:
                    if isinstance(piece, pikepdf.String):
                        yield _decoded(piece, characters)
            case "Td" | "Tm" | "ET":
                yield " "
            case "Do" if forms[str(operands[0])].get("/Subtype") == "/Form":
                yield from _shown(forms[str(operands[0])])


def _decoded(text: pikepdf.Object, characters: Characters) -> str:
    codes = bytes(text)
    pairs = zip(codes[::2], codes[1::2], strict=False)
    return "".join(characters.get(high << 8 | low, "") for high, low in pairs)


def _to_unicode(font: pikepdf.Object) -> Characters:
    """Read a font's ToUnicode map: two-byte codes, as WeasyPrint writes them."""
    if "/ToUnicode" not in font:
        return {}
    table = font.ToUnicode.read_bytes().decode("latin-1")
    characters: Characters = {}
    for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
        for code, text in re.findall(r"<(\w+)>\s*<(\w+)>", block):
            characters[int(code, 16)] = bytes.fromhex(text).decode("utf-16-be")
    for block in re.findall(r"beginbfrange(.*?)endbfrange", table, re.DOTALL):
        for first, last, text in re.findall(r"<(\w+)>\s*<(\w+)>\s*<(\w+)>", block):
            start = int(text, 16)
            for code in range(int(first, 16), int(last, 16) + 1):
                characters[code] = chr(start + code - int(first, 16))
    return characters
