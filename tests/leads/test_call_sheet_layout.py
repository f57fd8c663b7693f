"""One page for everybody, in the fullest case, and nothing lost or hidden on it."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pikepdf
import pypdfium2 as pdfium
import pytest

from leads import call_sheet
from leads.sheet_text import cut, without_refused
from reports import study
from reports.pdf import engine, tagging
from reports.personalisation import PERSONAS, SEGMENTS
from tests.leads.call_sheets import ALLOWED, CAST, MADE_AT, REFUSED, full, sheet_for
from tests.reports.synthesis import (
    boxes,
    collisions,
    elements,
    open_pdf,
    squashed,
    text_of,
)

# One worker lays them out once.
pytestmark = pytest.mark.xdist_group("pdf")

TOOLS = Path(sys.executable).parent
EMPTIEST = sheet_for(PERSONAS["nom-seul"])


@pytest.fixture(scope="module")
def made():
    """Write all the sheets as one document, and keep how it was laid out."""
    made = SimpleNamespace()

    def finish(document, *args, **kwargs):
        made.texts = [text_of(page) for page in document.pages]
        made.faults = [collisions(page) for page in document.pages]
        made.ruled = [ruled(page) for page in document.pages]
        made.sizes = {
            box.style["font_size"] * 0.75
            for page in document.pages
            for box in boxes(page._page_box)
            if getattr(box, "text", "").strip()
        }
        plain(document, *args, **kwargs)

    plain = tagging.finish
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tagging, "finish", finish)
        made.written = call_sheet.write(list(CAST.values()))
    yield made
    engine.close()


@pytest.fixture(scope="module")
def opened(made):
    with open_pdf(made.written.content) as document:
        yield document


def ruled(page):
    """Return how many lines to write on lie within the page."""
    lines = {
        id(box.element): box
        for box in boxes(page._page_box)
        if box.element is not None and box.element.get("class") == "line"
    }
    bottom = page.height - 18 / 25.4 * 96 + 1
    assert all(box.position_y + box.height <= bottom for box in lines.values())
    return len(lines)


def test_everybody_has_one_page(made):
    assert made.written.pages == len(CAST)
    assert made.written.undrawn == ""
    assert len(SEGMENTS) == 22


def test_no_text_stands_on_another_or_leaves_the_sheet(made):
    faults = dict(zip(CAST, made.faults, strict=True))
    assert {name: found for name, found in faults.items() if found} == {}


def test_there_is_always_room_to_write(made):
    room = dict(zip(CAST, made.ruled, strict=True))
    assert room.pop("longest allowed") >= 2  # Nobody is called that.
    assert min(room.values()) >= call_sheet.LEAST
    assert room["dg-chu empty"] > 8


def test_nothing_printed_is_smaller_than_can_be_read(made):
    assert min(made.sizes) >= 8.49


@pytest.mark.parametrize("name", CAST)
def test_nothing_is_lost_but_what_is_counted(made, name):
    sheet = CAST[name]
    text = squashed(made.texts[list(CAST).index(name)]).lower()
    said = [sheet.name, sheet.function, sheet.establishment, sheet.place]
    said += [sheet.owner, sheet.promise, sheet.standing, sheet.next_action, sheet.came]
    said += sheet.received
    for channel in sheet.channels:
        said += [channel.name, channel.address, channel.words]
    for asked in sheet.questions:
        said += [asked.text, asked.value, asked.words, asked.named]
    for words in said:
        assert squashed(words).lower() in text
    if sheet.exchanges:
        row = squashed(sheet.exchanges[0].day + sheet.exchanges[0].what).lower()
        shown = text.count(row)
        assert shown >= 1 or name.startswith("longest")
        assert f"{10 - shown}plusancien" in text


def test_questions_are_those_of_the_role_with_published_figures():
    for sheet in CAST.values():
        assert len(sheet.questions) == 3
        figures = [f"{asked.value} {asked.words}" for asked in sheet.questions]
        assert len(set(figures)) == 3
        assert set(figures) <= {f.sentence for f in study.FIGURES.values()}
    asked = {CAST[segment.key].questions for segment in SEGMENTS}
    assert len(asked) > 8


def test_the_same_sheets_give_the_same_bytes():
    first = call_sheet.write([EMPTIEST]).content
    assert call_sheet.write([EMPTIEST]).content == first
    later = replace(EMPTIEST, made_at=MADE_AT.replace(hour=15))
    assert call_sheet.write([later]).content != first


def test_it_is_tagged_and_names_nobody_in_its_metadata(opened):
    root = opened.Root
    assert root.MarkInfo.Marked
    assert str(root.Lang) == "fr"
    assert str(opened.docinfo.Title) == "Fiche d’appel"
    metadata = opened.open_metadata()
    assert metadata.pdfa_status == "2A"
    assert metadata["pdfuaid:part"] == "1"
    packet = root.Metadata.read_bytes().decode()
    packet += "".join(str(value) for value in opened.docinfo.values())
    for reader in PERSONAS.values():
        assert reader.last_name not in packet
    with opened.open_outline() as outline:
        titles = [item.title for item in outline.root]
    assert titles == [f"Fiche {number + 1}" for number in range(len(CAST))]


def test_headings_and_headers_say_what_they_head(opened):
    levels = [int(str(e.S)[2:]) for e in elements(opened, "H1", "H2", "H3")]
    assert levels.count(1) == len(CAST)
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    scopes = [str(header.A.Scope) for header in elements(opened, "TH")]
    assert scopes == ["/Column"] * (7 * len(elements(opened, "Table")) // 2)


def test_links_are_those_of_allowed_channels(opened):
    for sheet, page in zip(CAST.values(), opened.pages, strict=True):
        links = {str(link.A.URI) for link in page.get("/Annots", ())}
        assert links == {channel.url for channel in sheet.channels if channel.url}


def test_fonts_are_embedded_and_colours_have_a_profile(opened):
    for item in opened.objects:
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font":
            assert "/DescendantFonts" in item or "/FontFile2" in item.FontDescriptor
    assert len(opened.Root.OutputIntents) == 1


@pytest.mark.parametrize("tool", ["outloud", "pdfua"])
def test_programs_of_others_find_nothing(made, tmp_path, tool):
    """As for the synthesis: no claim of conformity, they see a part of it."""
    path = tmp_path / "fiches.pdf"
    path.write_bytes(made.written.content)
    args = ["check"] if tool == "pdfua" else ["--fail-on", "warning", "--quiet"]
    done = subprocess.run(
        [TOOLS / tool, *args, path], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.logs("reports.pdf.engine")
def test_a_letter_that_no_font_draws_is_replaced_and_the_page_says_so():
    written = call_sheet.write([replace(EMPTIEST, name="Zoë \U00016f00"), EMPTIEST])

    assert written.undrawn == ""
    with pdfium.PdfDocument(written.content) as document:
        first, second = (p.get_textpage().get_text_range() for p in document)
    assert "Zoë ?" in first
    assert "remplace un signe" in first
    assert "remplace un signe" not in second


def test_the_style_of_the_synthesis_is_left_alone():
    assert "@font-face" not in call_sheet.STYLE.read_text(encoding="utf-8")
    assert call_sheet.STYLE.parent.name == "leads"


def test_shorter_sheets_count_what_they_leave_out():
    states = list(full(PERSONAS["dsi"]).shorter())
    for state in states:
        assert len(state.colleagues) + state.more_colleagues == 20
        assert len(state.exchanges) + state.more_exchanges == 10
    told = [(len(state.colleagues), len(state.exchanges)) for state in states]
    assert told == sorted(told, reverse=True)


def test_texts_are_cut_at_a_word_with_an_ellipsis():
    assert cut("Souhaite un devis", 40) == "Souhaite un devis"
    assert cut("Souhaite un devis, avant l’été", 20) == "Souhaite un devis…"
    assert cut("ligne\nautre\x00 fin", 40) == "ligne autre fin"
    assert cut("W" * 500, 22) == "W" * 9 + "…"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("au 01 99 00 12 34 svp", "au [numéro retiré] svp"),
        ("(+33)1.99.00.12.34", "[numéro retiré]"),
        ("le 12/11/2026 à 10 h", "le 12/11/2026 à 10 h"),
        ("750 acteurs, 120 lits", "750 acteurs, 120 lits"),
        ("a.b@exemple.fr", "[adresse retirée]"),
    ],
)
def test_notes_lose_what_is_refused(text, left):
    def channels(pair):
        phone, email = pair
        return SimpleNamespace(phone=phone, email=email)

    assert without_refused(text, channels(REFUSED), []) == left
    assert without_refused(text, channels(ALLOWED), ["+33199001234"]) == text
