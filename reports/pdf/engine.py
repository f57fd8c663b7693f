"""Hold what a process needs to write PDFs: fonts, style sheet, and a closed door.

Fonts are registered and the style sheet is parsed once per process: a font
configuration per document leaks about 0.3 MB each and doubles the cost of a page.
WeasyPrint promises nothing about threads: one document at a time.
"""

from __future__ import annotations

import atexit
import gc
import logging
import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from weasyprint import CSS, HTML
from weasyprint.css import ColorProfile
from weasyprint.logger import LOGGER
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import FatalURLFetchingError, URLFetcher, URLFetcherResponse

from reports.pdf import tagging

logger = logging.getLogger(__name__)

HERE = Path(__file__).resolve().parent
VARIANT = "pdf/a-2a"  # `tagging` declares PDF/UA-1 beside it.
# Any other name than "srgb", for which WeasyPrint opens its file of that profile at
# each document and never closes it.
INTENT = "bundled"
SCHEME = "santescopie"  # Ours alone: no other handler knows it.
BUNDLED = {
    f"{SCHEME}:{path.name}": path for path in sorted((HERE / "fonts").glob("*.ttf"))
}

Finisher = Callable[[Any, Any], None]


class ForbiddenFetch(RuntimeError):
    """The document asked for something that is not part of it."""


class FontsLost(RuntimeError):
    """The document's own letters are not drawn: made now, it would be mutilated."""


class BundledOnly(URLFetcher):
    """Serve the bundled fonts by their exact address, refuse everything else."""

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            allowed_protocols=(), allow_redirects=False, fail_on_errors=True
        )

    def fetch(
        self, url: str, headers: Mapping[str, str] | None = None
    ) -> URLFetcherResponse:
        path = BUNDLED.get(url)
        if path is None:
            raise FatalURLFetchingError(f"Not part of the document: {url[:200]!r}")
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": "font/ttf"})

    def open(self, url: Any, data: Any = None, timeout: Any = None) -> NoReturn:
        raise FatalURLFetchingError("Nothing is opened by way of urllib.")


class ScreenColours(ColorProfile):
    """WeasyPrint's sRGB profile, byte for byte: written anew, it holds the hour."""

    content = files("weasyprint.pdf").joinpath("sRGB2014.icc").read_bytes()

    def __init__(self) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            BytesIO(self.content), "", "relative-colorimetric", (["r"], ["g"], ["b"])
        )


@dataclass(frozen=True, slots=True)
class Engine:
    fetcher: BundledOnly
    fonts: FontConfiguration
    style: CSS
    profile: ScreenColours

    @property
    def is_whole(self) -> bool:
        """Tell whether the fonts that were registered are still on the disk."""
        folder = self.fonts._folder
        return folder is not None and len(list(folder.glob("*"))) >= len(BUNDLED)


class WithoutNames(logging.Filter):
    """Gather the characters that no font draws, and keep them out of the logs.

    WeasyPrint writes each of them there: they are letters of somebody's name.
    """

    def __init__(self) -> None:
        super().__init__()
        self.missing: list[str] = []

    def filter(self, record: logging.LogRecord) -> bool:
        if not str(record.msg).startswith(".notdef glyph"):
            return True
        self.missing.append(str(record.args[0]) if record.args else "")  # type: ignore[index]
        return False


class Written(NamedTuple):
    content: bytes
    pages: int
    undrawn: str = ""  # Characters that no font of this machine has.


_lock = threading.Lock()
_engine: Engine | None = None
_inherited: list[Engine] = []


def engine() -> Engine:
    """Return this process's engine, made on first use. Call with the lock held.

    The fonts stand in a folder of temporary files: where something has tidied it, they
    would be replaced by the machine's, without a word. It is made anew.
    """
    global _engine
    if _engine is not None and not _engine.is_whole:
        logger.warning("The folder of fonts was emptied: made again.")
        _engine = None
    if _engine is None:
        fetcher, fonts = BundledOnly(), FontConfiguration()
        css = (HERE / "synthesis.css").read_text(encoding="utf-8")
        style = CSS(string=css, url_fetcher=fetcher, font_config=fonts)
        _engine = Engine(fetcher, fonts, style, ScreenColours())
    return _engine


def _forget() -> None:
    """Start anew in a forked child, and leave the parent's fonts where they are.

    A configuration deletes its folder of fonts when it is collected: the child's
    twin of the parent's must not do so, nor be freed by a library that was forked.
    """
    global _engine, _lock
    _lock = threading.Lock()
    if _engine is not None:
        _engine.fonts._folder = None
        _inherited.append(_engine)
        _engine = None


def close() -> None:
    """Free the fonts, with their folder, before the interpreter ends.

    Freed later, they call libraries that are gone. A worker whose children leave by
    `os._exit` calls it at their end, or a folder of 150 kB stays behind.
    """
    global _engine
    _engine = None
    _inherited.clear()
    gc.collect()  # WeasyPrint's configurations sit in reference cycles.


os.register_at_fork(after_in_child=_forget)
atexit.register(close)


@contextmanager
def at_work() -> Iterator[tuple[Engine, WithoutNames]]:
    """Lend the engine to one document, and count the letters that no font draws."""
    discreet = WithoutNames()
    with _lock:
        LOGGER.addFilter(discreet)
        try:
            yield engine(), discreet
        except FatalURLFetchingError as error:
            # A BaseException, which the handlers of a worker would not see.
            raise ForbiddenFetch(str(error)) from error
        finally:
            LOGGER.removeFilter(discreet)
            if discreet.missing:
                count = len(discreet.missing)
                logger.warning("No font draws %d of the characters.", count)


def lay_out(html: str, tools: Engine) -> Any:
    return HTML(string=html, url_fetcher=tools.fetcher).render(
        font_config=tools.fonts, stylesheets=[tools.style], pdf_variant=VARIANT
    )


def write(
    html: str, *, identifier: str, links: Mapping[str, str], see: Finisher | None = None
) -> Written:
    """Lay out and write a document; `links` names the targets of its inner links.

    `see` is shown the document once it is built, before it is written.
    """

    def finish(document: Any, pdf: Any) -> None:
        tagging.finish(document, pdf, links=links)
        if see:
            see(document, pdf)

    with at_work() as (tools, discreet):
        document = lay_out(html, tools)
        document.color_profiles["srgb"] = tools.profile
        content: bytes = document.write_pdf(
            finisher=finish,
            pdf_variant=VARIANT,
            output_intent=INTENT,
            pdf_identifier=identifier.encode(),
        )
    return Written(content, len(document.pages), "".join(discreet.missing))
