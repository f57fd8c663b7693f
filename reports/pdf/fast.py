"""Make a reader's copy from a document laid out before: only the label is laid out.

A base is made once per edition and segment, kept in memory, and as a file for the
processes to come. What does not fit it is made in full, and counted: see `Miss`.
"""

from __future__ import annotations

import ast
import datetime
import hashlib
import logging
import os
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict
from functools import cache
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import pydyf
from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from fontTools.ttLib import TTFont
from weasyprint.matrix import Matrix
from weasyprint.pdf.anchors import add_links, resolve_links
from weasyprint.pdf.stream import Stream
from weasyprint.pdf.tags import add_tags
from weasyprint.text.ffi import pango

from reports.pdf import engine, tagging
from reports.pdf.bases import (
    IDENTIFIER,
    Base,
    Label,
    Miss,
    Tree,
    cut,
    kind,
    letters,
    operators,
)

logger = logging.getLogger(__name__)

KEPT = 32  # Bases in memory, half of those on file: 24 segments, and some to spare.

# What a base is made with. `reports.editions` has a list of its own: all that this
# package imported would count for the fingerprint.
ENGINE = (
    "django", "cssselect2", "fonttools", "pydyf", "Pyphen", "segno", "tinycss2",
    "tinyhtml5", "weasyprint",
)  # fmt: skip

outcomes: Counter[str] = Counter()  # Of this process: "fast", or why not.
_bases: dict[tuple[str, ...], Base | None] = {}


@cache
def alphabet() -> str:
    """Return every letter that the bundled fonts draw: a base holds them all."""
    drawn = (set(TTFont(path).getBestCmap() or ()) for path in engine.BUNDLED.values())
    return "".join(map(chr, sorted(set.intersection(*drawn))))


class Undrawn(Exception):
    """No font draws these letters of a label."""


def draw(html: str) -> Label:
    """Lay out a label alone. Raises `Miss`, or `Undrawn` with the letters."""
    kinds = ("ExtGState", "XObject", "Pattern", "Shading")
    resources = pydyf.Dictionary({kind: pydyf.Dictionary() for kind in kinds})
    pdf = pydyf.PDF()
    pdf.catalog["Lang"] = pydyf.String("fr")
    with engine.at_work() as (tools, discreet):
        document = engine.lay_out(html, tools)
        if len(document.pages) != 1:
            raise Miss("a label of several pages")
        page, scale = document.pages[0], 0.75  # Points in a pixel.
        height = page.height * scale
        sheet = pydyf.Dictionary({"MediaBox": [0, 0, page.width * scale, height]})
        pdf.add_page(sheet)
        links = next(resolve_links(document.pages))
        add_links(links, Matrix(scale, d=-scale, f=height), pdf, sheet, [], {})
        stream = Stream(
            document.fonts, (0, 0, page.width, page.height), resources, {}, {},
            document.color_profiles, document.output_intent,
        )  # fmt: skip
        stream.transform(d=-1, f=height)
        page.paint(stream, scale)
        add_tags(pdf, document, "1.7", [stream])
    if discreet.missing:
        raise Undrawn("".join(discreet.missing))
    if any(resources[kind] for kind in kinds[1:]):
        raise Miss("more than text and lines")
    tree = Tree(pdf)
    branch = tree.only_branch()
    items = tree.cut_out(branch[-1])
    for item in items:  # As in `weasyprint.pdf.pdfa` and in `tagging`.
        if kind(item) == "/Annot":
            item["F"] = 4
        elif kind(item) == "/Figure":
            tagging.place(pdf, item)
    return Label(
        operators(stream),
        items,
        [element["S"] for element in branch],
        letters(document.fonts),
        frozenset(resources["ExtGState"]),
    )


def write(
    alone: str,
    *,
    key: tuple[str, ...],
    stand_in: Callable[[], tuple[str, str]],
    links: Mapping[str, str],
    identifier: str,
    date: datetime.date,
) -> engine.Written | None:
    """Return the document with the label that `alone` shows, None if it must be whole.

    Where no font draws some letters, they are returned, and no document. `key` names
    all that the rest of the document depends on; `stand_in` returns the HTML of the
    whole document, and of its label alone, as `bases` wants them.
    """
    try:
        base = _base(key, stand_in, links)
        content = base.fill(draw(alone), identifier=identifier, date=date)
    except Miss as miss:
        outcomes[str(miss)] += 1
        logger.info("A document is made in full: %s.", miss)
        return None
    except Undrawn as error:
        return engine.Written(b"", 0, undrawn=str(error))
    except SoftTimeLimitExceeded:
        raise  # Laying out the whole would only take longer.
    except Exception:
        # All this stands on WeasyPrint's inner parts: what breaks there must cost time,
        # not a document.
        outcomes["broken"] += 1
        logger.exception("A document is made in full: the fast way broke.")
        return None
    outcomes["fast"] += 1
    return engine.Written(content, base.pages)


def _base(
    key: tuple[str, ...],
    stand_in: Callable[[], tuple[str, str]],
    links: Mapping[str, str],
) -> Base:
    """Return a base from memory, from its file, or made now. Raises `Miss`."""
    try:
        base = _bases[key]
    except KeyError:
        base = _bases[key] = _find(*stand_in(), links)
        if len(_bases) > KEPT:
            _bases.pop(next(iter(_bases)), None)
    if base is None:
        raise Miss("no base")
    return base


def _find(whole: str, alone: str, links: Mapping[str, str]) -> Base | None:
    shelf = _shelf()
    if shelf is None:
        return _make(whole, alone, links)
    path = shelf / f"{_digest(whole, alone, machinery())}.base"
    base = _load(path) or _make(whole, alone, links)
    if base and not path.exists():
        _store(path, base)
    return base


def _make(whole: str, alone: str, links: Mapping[str, str]) -> Base | None:
    """Return a base, None where it cannot be proved: then nothing is fast, and said."""
    made: list[Base] = []
    try:
        label = draw(alone)
        engine.write(
            whole,
            identifier=IDENTIFIER,
            links=links,
            see=lambda document, pdf: made.append(cut(document, pdf, label)),
        )
    except Miss as miss:
        logger.error("Every document of this kind is made in full: %s.", miss)
        return None
    return made[0]


@cache
def machinery() -> str:
    """Return a digest of what makes a base of its HTML: code, style, fonts, engine."""
    kinds = {".py", ".css", ".ttf"}
    files = sorted(path for path in engine.HERE.rglob("*") if path.suffix in kinds)
    parts = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    parts += [f"{name} {version(name)}" for name in ENGINE]
    parts.append(str(pango.pango_version()))
    return _digest(*parts)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


# --- Files of bases -------------------------------------------------------------


def _shelf() -> Path | None:
    """Return the folder of bases, this user's alone; None where there can be none."""
    folder: Path | None = getattr(settings, "PDF_BASES_DIR", None)
    if folder is None:
        return None
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        state = folder.stat()
    except OSError as error:
        logger.warning("Bases are kept in memory alone: %s.", error)
        return None
    if state.st_uid != os.geteuid() or state.st_mode & 0o022:
        logger.error("Bases are kept in memory alone: others may write %s.", folder)
        return None
    return folder


def _load(path: Path) -> Base | None:
    """Return a base if its file is there and whole; drop a file that is not."""
    try:
        digest, _, data = path.read_bytes().partition(b"\n")
        if digest == hashlib.sha256(data).hexdigest().encode():
            return Base(**ast.literal_eval(data.decode()))
    except OSError:
        return None
    except (ValueError, SyntaxError, TypeError):
        pass  # Its hash is right, and it is no base: written by another hand.
    logger.warning("%s is not as it was written: made again.", path.name)
    with suppress(OSError):
        path.unlink(missing_ok=True)
    return None


def _store(path: Path, base: Base) -> None:
    """Write a base, whole or not at all. A full disk costs time, not copies."""
    data = repr(asdict(base)).encode()
    draft = path.with_suffix(f".{uuid4().hex}")
    try:
        draft.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
        draft.replace(path)
        ours = path.parent.glob(f"*{path.suffix}")  # The folder may hold other things.
        by_age = sorted(ours, key=lambda file: file.stat().st_mtime)
        for old in by_age[: -2 * KEPT]:  # Of editions and versions that are gone.
            old.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("A base is kept in memory alone: %s.", error)
        with suppress(OSError):  # A read-only disk refuses even what is not there.
            draft.unlink(missing_ok=True)
