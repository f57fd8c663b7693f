"""What a screen reader and an archive need."""

from __future__ import annotations

from itertools import pairwise
from xml.etree import ElementTree

import pikepdf
import pytest

from reports import study
from reports.personalisation import PERSONAS, reading_of, segment_of
from tests.reports.synthesis import (
    READERS,
    REFERENCE,
    SITE,
    elements,
    open_pdf,
    squashed,
)

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")


def test_the_document_is_tagged_and_says_its_language_and_title(opened):
    root = opened.Root
    assert root.MarkInfo.Marked
    assert "/StructTreeRoot" in root
    assert str(root.Lang) == "fr"
    assert root.ViewerPreferences.DisplayDocTitle
    assert str(opened.docinfo.Title) == f"{study.NAME}\xa0: synthèse de l’étude"
    assert str(opened.docinfo.Author) == study.NAME
    assert str(opened.docinfo.CreationDate) == "D:20261123"
    assert all(page.Tabs == "/S" for page in opened.pages)


def test_two_standards_are_declared_and_the_second_is_described(opened):
    """PDF/A-2a wants the schema of any property that its own standard lacks."""
    packet = opened.Root.Metadata.read_bytes().decode()
    metadata = opened.open_metadata()
    assert metadata.pdfa_status == "2A"
    assert metadata["pdfuaid:part"] == "1"
    tree = ElementTree.fromstring(packet[packet.index("<x:") : packet.rindex("<?")])
    schema = "{http://www.aiim.org/pdfa/ns/schema#}"
    (described,) = (e.text for e in tree.iter(f"{schema}namespaceURI"))
    assert described == "http://www.aiim.org/pdfua/ns/id/"
    names = tree.iter("{http://www.aiim.org/pdfa/ns/property#}name")
    assert [name.text for name in names] == ["part"]


def test_colours_have_a_profile_and_nothing_is_forbidden_to_an_archive(opened):
    (intent,) = opened.Root.OutputIntents
    assert intent.S == "/GTS_PDFA1"
    assert intent.DestOutputProfile.N == 3
    assert intent.DestOutputProfile.read_bytes()[36:40] == b"acsp"
    for item in opened.objects:
        if isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            assert not {"/JS", "/JavaScript", "/AA", "/EF"} & set(item.keys())


def test_headings_go_down_one_level_at_a_time_and_make_the_bookmarks(opened):
    headings = elements(opened, "H1", "H2", "H3", "H4", "H5", "H6")
    assert all(len(heading.K) > 0 for heading in headings)
    levels = [int(str(heading.S)[2:]) for heading in headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    with opened.open_outline() as outline:
        (cover,) = outline.root
        titles = [squashed(item.title) for item in cover.children]
    pages = reading_of(segment_of(READERS["dg-chu"])).pages
    assert len(titles) == len(pages)
    for title, page in zip(titles, pages.values(), strict=True):
        assert title == squashed(page.title) or page.key == "note"


def test_every_drawing_has_an_alternative_text_within_its_page(opened):
    figures = elements(opened, "Figure")
    essential, cover, method = len(study.FIGURES), 3, len(study.METHOD)
    chapters = len(study.FIGURES)  # Each figure is drawn once more, larger.
    assert len(figures) == cover + essential + chapters + method
    for figure in figures:
        assert str(figure.Alt).strip()
        left, bottom, right, top = (float(value) for value in figure.A.BBox)
        assert 0 <= left < right <= 596
        assert 0 <= bottom < top <= 842


def test_links_say_where_they_go(opened):
    links = [link for page in opened.pages for link in page.get("/Annots", ())]
    reading = reading_of(segment_of(READERS["dg-chu"]))
    expected = [page.title for page, _ in reading.first]
    expected += [page.title for page in reading.pages.values()]
    expected.append(f"{SITE}/v/{REFERENCE}/")
    assert sorted(str(link.Contents) for link in links) == sorted(expected)
    assert all(link.F == 4 for link in links)


def test_headers_of_tables_say_what_they_head(opened):
    headers = elements(opened, "TH")
    scopes = [str(header.A.Scope) for header in headers]
    tables = len(elements(opened, "Table"))
    assert tables == 3
    assert scopes.count("/Column") == 6 * tables
    assert scopes.count("/Row") == 12
    assert len(headers) == 6 * tables + 12


def test_running_heads_are_artifacts(opened):
    for number, page in enumerate(opened.pages):
        margins = [
            operands[1]
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "BDC" and operands[0] == "/Artifact"
        ]
        assert len(margins) >= 4 * (number > 0)
        assert bool(margins) == (number > 0)
        assert all(margin.Type == "/Pagination" for margin in margins)


@pytest.mark.parametrize("name", [*PERSONAS, "greek"])
@pytest.mark.parametrize("way", ["sent", "whole"])
def test_every_font_is_embedded_and_can_be_read_back(made, delivered, way, name):
    content = delivered(name) if way == "sent" else made(name).content
    with open_pdf(content) as document:
        fonts = [
            item
            for item in document.objects
            if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font"
        ]
        for font in fonts:
            if "/DescendantFonts" in font:
                assert "/ToUnicode" in font
            else:
                assert "/FontFile2" in font.FontDescriptor
        names = {str(font.BaseFont).split("+")[1] for font in fonts}
    assert names
    # None is a fallback, but for the letters that ours do not draw.
    assert (name == "greek") != all(font.startswith("Santescopie") for font in names)
