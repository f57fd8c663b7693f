"""Say in what two PDFs differ for those who read, hear or look at them.

pikepdf walks the objects; pdftotext and pdftoppm (poppler) read and draw.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pikepdf

DPI = 100
POPPLER = all(map(shutil.which, ("pdftotext", "pdftoppm")))


# What a page is drawn from and with: see `pages` and `pixels`. A copy made the fast way
# carries every letter that its fonts have.
DRAWING = {"/Contents", "/Resources"}
# How WeasyPrint names a header for the cells under it: after its table's number.
CELL = re.compile(r"\d+-\d+-\d+$")


def differences(one: bytes, other: bytes, *, drawn: int | None = None) -> list[str]:
    """Return what tells two documents apart; nothing where they are equivalent.

    Drawing is slow: `drawn` pages from the cover on are, by default all of them. What
    the others are drawn from is compared in any case, fonts and images aside.
    """
    looks = {"objects": objects, "pages": pages, "text": text}
    found = [name for name, look in looks.items() if look(one) != look(other)]
    both = zip_longest(pixels(one, drawn), pixels(other, drawn))
    for number, (mine, its) in enumerate(both, start=1):
        if mine != its:
            found.append(f"pixels of page {number}")
    return found


def objects(content: bytes) -> list[Any]:
    """Return every object that catalog and information lead to, but for `DRAWING`.

    So tags with the marked contents they own, their attributes, the parent tree,
    bookmarks, destinations, links, page entries and metadata, each in its place: an
    object is known by its rank in this walk, whatever its number in the file, and a
    table's header by its rank among those.
    """
    with pikepdf.open(BytesIO(content)) as document:
        waiting = [document.Root, document.trailer.Info]
        ranks = {item.objgen: rank for rank, item in enumerate(waiting)}
        cells: dict[str, int] = {}

        def named(value: Any) -> Any:
            apart = getattr(value, "is_indirect", False)
            if not apart or isinstance(value, pikepdf.Array):
                return plain(value)
            if value.objgen not in ranks:
                ranks[value.objgen] = len(waiting)
                waiting.append(value)
            return "object", ranks[value.objgen]

        def plain(value: Any) -> Any:
            if isinstance(value, pikepdf.Array):
                return [named(item) for item in value]
            if isinstance(value, pikepdf.Stream):  # Whatever its compression.
                return str(value.get("/Type")), value.read_bytes()
            if isinstance(value, pikepdf.Dictionary):
                keys = sorted(set(value.keys()) - DRAWING)
                return [(key, named(value[key])) for key in keys]
            if isinstance(value, pikepdf.String) and CELL.match(str(value)):
                return "cell", cells.setdefault(str(value), len(cells))
            return type(value).__name__, str(value)

        # The list grows while it is walked.
        return [bytes(document.trailer.ID[0]), *(plain(item) for item in waiting)]


def pages(content: bytes) -> list[bytes]:
    """Return the operators of each page, in however many streams they stand."""
    with pikepdf.open(BytesIO(content)) as document:
        return [
            pikepdf.unparse_content_stream(pikepdf.parse_content_stream(page))
            for page in document.pages
        ]


def text(content: bytes) -> bytes:
    """Return the words with their places, to a millionth of a point."""
    return _run(["pdftotext", "-bbox", "-", "-"], content)


def pixels(content: bytes, last: int | None = None) -> list[bytes]:
    upto = ["-l", str(last)] if last else []
    with tempfile.TemporaryDirectory() as folder:
        _run(["pdftoppm", "-r", str(DPI), *upto, "-", f"{folder}/page"], content)
        return [path.read_bytes() for path in sorted(Path(folder).iterdir())]


def _run(command: list[str], content: bytes) -> bytes:
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    if done.stderr:
        raise ValueError(f"{command[0]}: {done.stderr.decode()}")
    return done.stdout
