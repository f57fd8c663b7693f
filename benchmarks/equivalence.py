"""Say in what two PDFs differ for those who read, hear or look at them.

pikepdf walks the tags; pdftotext and pdftoppm (poppler) read and draw.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from io import BytesIO
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pikepdf

DPI = 100
POPPLER = all(map(shutil.which, ("pdftotext", "pdftoppm")))


def differences(one: bytes, other: bytes, *, drawn: int | None = None) -> list[str]:
    """Return what tells two documents apart; nothing where they are equivalent.

    Drawing is slow: `drawn` pages from the cover on are, by default all of them. What
    the others are drawn from is compared byte for byte in any case.
    """
    looks = {"tags": tags, "objects": objects, "pages": streams, "text": text}
    found = [name for name, look in looks.items() if look(one) != look(other)]
    both = zip_longest(pixels(one, drawn), pixels(other, drawn))
    for number, (mine, its) in enumerate(both, start=1):
        if mine != its:
            found.append(f"pixels of page {number}")
    return found


def tags(content: bytes) -> list[Any]:
    """Return every structure element in reading order, with what it owns."""
    with pikepdf.open(BytesIO(content)) as document:
        pages = {page.objgen: number for number, page in enumerate(document.pages)}
        return list(_walk(document.Root.StructTreeRoot.K, pages, 0))


def _walk(kid: Any, pages: dict[Any, int], depth: int) -> Iterator[Any]:
    if isinstance(kid, pikepdf.Array):
        for each in kid:
            yield from _walk(each, pages, depth)
    elif isinstance(kid, pikepdf.Dictionary) and "/S" in kid:
        page = pages.get(kid.Pg.objgen) if "/Pg" in kid else None
        said = [str(kid.get(key, "")) for key in ("/Alt", "/ActualText", "/Lang")]
        yield depth, str(kid.S), page, *said
        yield from _walk(kid.get("/K", []), pages, depth + 1)
    else:
        yield depth, "content" if isinstance(kid, int) else str(kid.Type)


def objects(content: bytes) -> dict[str, Any]:
    """Return what stands beside the pages: bookmarks, links, metadata, parents."""
    with pikepdf.open(BytesIO(content)) as document:
        root = document.Root
        numbers = root.StructTreeRoot.ParentTree.Nums
        with document.open_outline() as outline:
            bookmarks = [str(item.title) for item in outline.root]
        return {
            "catalog": sorted(root.keys()),
            "language": str(root.Lang),
            "information": {k: str(v) for k, v in document.docinfo.items()},
            "metadata": root.Metadata.read_bytes(),
            "bookmarks": bookmarks,
            "identifier": bytes(document.trailer.ID[0]),
            "links": [
                [str(link.get("/Contents", "")) for link in page.get("/Annots", ())]
                for page in document.pages
            ],
            "owned": [
                [None if owner is None else str(owner.S) for owner in value]
                if isinstance(value, pikepdf.Array)
                else str(value.S)
                for value in list(numbers)[1::2]
            ],
            "marked": _marked(document.pages[0]),
        }


def _marked(page: Any) -> list[tuple[str, int | None]]:
    """Return the marked contents of a page, in the order they are drawn."""
    return [
        (str(operands[0]), operands[1].get("/MCID") if len(operands) > 1 else None)
        for operands, operator in pikepdf.parse_content_stream(page)
        if str(operator) in ("BDC", "BMC")
    ]


def streams(content: bytes) -> list[bytes]:
    """Return what every page but the cover is drawn from."""
    with pikepdf.open(BytesIO(content)) as document:
        return [page.Contents.read_bytes() for page in list(document.pages)[1:]]


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
