"""The code on the cover leads to the page that verifies this very copy."""

from __future__ import annotations

import re

import pytest
import zxingcpp
from PIL import Image, ImageDraw, ImageFilter

from reports import pictures, references
from reports.pdf import codes
from reports.personalisation import PERSONAS
from tests.reports.synthesis import REFERENCE, SITE, elements, open_pdf

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")

ADDRESS = f"{SITE}/v/{REFERENCE}/"


def read(picture):
    return [code.text for code in zxingcpp.read_barcodes(picture)]


def picture_of(code):
    """Draw the bars of a path, four pixels to the module."""
    picture = Image.new("L", (4 * code.side, 4 * code.side), 255)
    draw = ImageDraw.Draw(picture)
    for bar in re.findall(r"M(\d+) (\d+)\.5h(\d+)", code.bars):
        left, top, width = (4 * int(number) for number in bar)
        draw.rectangle((left, top, left + width - 1, top + 3), fill=0)
    return picture


@pytest.mark.parametrize("name", [*PERSONAS, "longest"])
def test_a_camera_reads_the_address_from_the_page(delivered, name):
    cover = pictures.pages(delivered(name))[0]
    assert read(cover) == [ADDRESS]
    blurred = cover.convert("L").rotate(8, expand=True, fillcolor=255)
    assert read(blurred.filter(ImageFilter.GaussianBlur(0.7))) == [ADDRESS]


def test_the_same_address_can_be_clicked_and_read(delivered):
    with open_pdf(delivered("dg-chu")) as document:
        [link] = document.pages[0].Annots
        assert str(link.A.URI) == str(link.Contents) == ADDRESS
        left, bottom, right, top = map(float, link.Rect)
        assert right - left > 200
        assert 10 < abs(top - bottom) < 30
        [tag] = [e for e in elements(document, "Link") if e.K[0].Obj == link]
        assert document.pages[0].obj == tag.Pg
        assert (
            document.Root.StructTreeRoot.ParentTree.Nums[
                2 * len(document.pages) + 1
            ].objgen
            == tag.objgen
        )
    # The form of it that is typed lacks what a browser adds by itself.
    assert codes.draw(SITE, REFERENCE).shown == f"santescopie.exemple.fr/v/{REFERENCE}"


def test_codes_of_a_site_have_one_size_and_all_are_read():
    sizes = set()
    for _ in range(200):
        reference = references.new_reference()
        code = codes.draw(SITE, reference)
        sizes.add(code.side)
        assert read(picture_of(code)) == [f"{SITE}/v/{reference}/"]
    assert sizes == {41}
