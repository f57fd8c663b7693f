"""Turn PDF pages into images, and show where two of them differ."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from itertools import zip_longest

import pypdfium2 as pdfium
from PIL import Image, ImageChops
from weasyprint import CSS, HTML
from weasyprint.logger import LOGGER

from reports.pdf.engine import BundledOnly

RESOLUTION = 80  # Dots per inch: a page of 661 × 935, read without effort.
COLOURS = 64  # As many as flat colours and smooth letters need; a third of the weight.
FAST = Image.Quantize.FASTOCTREE  # Six times as fast as Pillow's own choice.
VISIBLE = 24  # Of 255: below it nobody sees a difference.
RED = (226, 58, 95)
# As wide as the mail, higher than any: what is left is cut.
SCREEN = "@page { size: 640px 6000px; margin: 0 }"


def pages(content: bytes) -> list[Image.Image]:
    """Return the pages of a PDF, drawn by PDFium."""
    with pdfium.PdfDocument(content) as document:
        return [page.render(scale=RESOLUTION / 72).to_pil() for page in document]


def mail(html: str) -> Image.Image:
    """Draw a mail as a program that knows its HTML would, near enough to judge it."""
    with _silence():
        content = HTML(string=html, url_fetcher=BundledOnly()).write_pdf(
            stylesheets=[CSS(string=SCREEN)]
        )
    image = pages(content)[0]
    ground = Image.new("RGB", image.size, image.getpixel((0, image.height - 1)))
    box = ImageChops.difference(image, ground).getbbox() or (0, 0, 0, 0)
    return image.crop((0, 0, image.width, min(image.height, box[3] + 20)))


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the log clear of what mail programs need and WeasyPrint does not know."""
    level = LOGGER.level
    LOGGER.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        LOGGER.setLevel(level)


def png(image: Image.Image) -> bytes:
    buffer = BytesIO()
    image.quantize(COLOURS, FAST).save(buffer, "PNG")
    return buffer.getvalue()


def differences(
    before: list[Image.Image], after: list[Image.Image]
) -> dict[int, Image.Image]:
    """Return, for each page that changed, the new one with its changes in red.

    A page without a counterpart has changed altogether.
    """
    changed = {}
    for number, (old, new) in enumerate(zip_longest(before, after), start=1):
        if old is None or new is None or old.size != new.size:
            changed[number] = Image.new("RGB", (new or old).size, RED)
            continue
        mask = ImageChops.difference(old, new).convert("L")
        mask = mask.point(lambda level: 255 if level > VISIBLE else 0)
        if mask.getbbox():
            faded = Image.blend(new, Image.new("RGB", new.size, "white"), 0.6)
            faded.paste(RED, mask=mask)
            changed[number] = faded
    return changed
