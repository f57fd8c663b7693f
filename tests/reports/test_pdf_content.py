"""What a reader finds in the synthesis, and nothing else."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess

import pikepdf
import pytest

from reports import pdf, study
from reports.pdf import french_date, legible
from reports.personalisation import (
    PERSONAS,
    SEGMENTS,
    reading_of,
    segment_of,
)
from tests.reports.synthesis import (
    DATE,
    EDITION,
    HOSTILE,
    PRINTED_DATE,
    READERS,
    REFERENCE,
    SEGMENT_READERS,
    SITE,
    open_pdf,
    squashed,
)

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")

PAGES = 12
DOCUMENTS = [*PERSONAS, *SEGMENT_READERS]
SENTENCES = (
    study.INTRODUCTION[0], study.INTRODUCTION[1], study.HEADLINE, study.STATEMENT,
    study.CONTRAST, study.STAKES, study.PURPOSE_TITLE, study.PURPOSE, study.SUPPORT,
    study.TITLE, study.CONDITIONS_TITLE, study.CONDITIONS, study.FINDINGS_TITLE,
    study.FINDINGS_INTRODUCTION, study.METHOD_TITLE, study.EXPERT,
    *(block.title for block in study.BLOCKS),
    *(item.sentence for item in (*study.ANALYSIS, *study.FINDINGS, *study.METHOD)),
)  # fmt: skip


@pytest.mark.parametrize("name", [*PERSONAS, *HOSTILE])
def test_the_cover_names_the_reader(made, name):
    reader, cover = READERS[name], squashed(made(name).pages[0])
    for text in (
        legible(reader.full_name),
        reader.function_label,
        legible(reader.organisation),
        reader.type_label,
        reader.region_label,
        REFERENCE,
        PRINTED_DATE,
    ):
        assert squashed(text) in cover


@pytest.mark.parametrize("name", READERS)
def test_no_name_reaches_the_title_and_no_reader_takes_a_page(made, name):
    assert made(name).room > 8
    assert len(made(name).pages) == PAGES


@pytest.mark.parametrize("name", READERS)
def test_no_text_stands_on_another_or_leaves_the_sheet(made, name):
    assert made(name).faults == PAGES * [[]]


def test_a_name_is_cut_where_no_label_could_hold_it():
    assert legible("a" * 10_000) == "a" * (pdf.LONGEST - 1) + "…"
    assert legible("a" * pdf.LONGEST) == "a" * pdf.LONGEST
    assert len(legible("W" * 200)) < len(legible("李" * 200)) + 40 < pdf.LONGEST
    assert len(legible("Z" + "\u0301" * 500)) <= 1 + pdf.STACKED
    assert legible("a\u202eb\nc\x00d") == "ab c d"
    assert legible("Zoe\u0308") == "Zoë"
    assert legible("Ελένη Жанна 李 🩺") == "Ελένη Жанна 李 🩺"


def test_no_line_of_the_label_is_empty(made):
    cover = made("nom-seul").pages[0]
    assert "Exemplaire de" in cover
    assert "Fonction" not in cover
    assert "Établissement" not in cover


@pytest.mark.parametrize("name", [*PERSONAS, *HOSTILE])
def test_pages_after_the_cover_depend_on_the_segment_alone(made, name):
    segment = segment_of(READERS[name])
    assert made(name).pages[1:] == made(segment.key).pages[1:]


def test_segments_read_differently(made):
    assert len({tuple(made(key).pages[1:]) for key in SEGMENT_READERS}) == len(SEGMENTS)


@pytest.mark.parametrize("name", ["accents", "markup"])
def test_nothing_personal_stands_in_metadata_bookmarks_or_tags(made, name):
    reader = READERS[name]
    with open_pdf(made(name).content) as document:
        strings = list(strings_of(document))
    assert any(study.NAME in string for string in strings)
    for text in (reader.first_name, reader.last_name, reader.organisation):
        assert not any(text in string for string in strings)
    # The link that verifies the copy, and nothing else, has its reference.
    address = f"{SITE}/v/{REFERENCE}/"
    assert {string for string in strings if REFERENCE in string} == {address}


def strings_of(document):
    """Return every string of the file that is not drawn, and its XMP packet."""

    def walk(value):
        if isinstance(value, pikepdf.String):
            yield str(value)
        elif isinstance(value, pikepdf.Array):
            yield from (text for item in value for text in inner(item))
        elif isinstance(value, (pikepdf.Dictionary, pikepdf.Stream)):
            yield from (text for _, item in value.items() for text in inner(item))

    def inner(value):
        if not (isinstance(value, pikepdf.Object) and value.is_indirect):
            yield from walk(value)

    for item in document.objects:
        yield from walk(item)
    yield document.Root.Metadata.read_bytes().decode()


@pytest.mark.parametrize("key", SEGMENT_READERS)
def test_every_text_of_the_study_is_in_every_copy(made, key):
    text = squashed(" ".join(made(key).pages))
    for figure in study.FIGURES.values():
        assert squashed(figure.sentence) in text
    for sentence in SENTENCES:
        assert squashed(sentence) in text


def test_the_essential_says_who_was_asked_only_where_the_study_does(copy):
    text = squashed(copy.pages[2])
    for figure in study.FIGURES.values():
        after = text.split(squashed(figure.sentence))[-1]
        if figure.asked:
            assert after.startswith(f"Champ:{figure.asked.value}.")
        else:
            assert not after.startswith("Champ")


@pytest.mark.parametrize("name", DOCUMENTS)
def test_contents_give_the_page_of_each_section(made, name):
    pages = made(name).pages
    for page in reading_of(segment_of(READERS[name])).pages.values():
        heading = squashed(page.title) if page.key != "note" else "Notepour"
        assert squashed(pages[page.number - 1]).startswith(heading)
        assert f"{page.number}{squashed(page.title)}" in squashed(pages[1])


def test_pages_are_numbered_but_the_cover(copy):
    foot = f"Étude nationale {study.NAME}, synthèse · édition\xa0{EDITION}"
    assert foot not in copy.pages[0]
    for number, page in enumerate(copy.pages[1:], start=2):
        assert page.endswith(f"{foot} {number}")


@pytest.mark.parametrize("key", SEGMENT_READERS)
def test_typography_is_french(made, key):
    for page in made(key).pages:
        assert not re.search(r" [:;!?%»]|« |'|\.\.\.", page)
        assert not re.search(r"[^\u202f][;!?]|[^\u202f\xa0][:%](?!\w)", page)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is absent")
@pytest.mark.parametrize("name", ["accents", *SEGMENT_READERS])
def test_another_program_reads_the_same_text(made, tmp_path, name):
    path = tmp_path / "copy.pdf"
    path.write_bytes(made(name).content)
    out = subprocess.run(
        ["pdftotext", "-raw", "-enc", "UTF-8", path, "-"],
        check=True,
        capture_output=True,
    )
    text = squashed(out.stdout.decode())
    reader = READERS[name]
    for words in (reader.full_name, reader.organisation, reader.function_label):
        assert squashed(words) in text
    for figure in study.FIGURES.values():
        assert squashed(figure.sentence) in text


def test_dates_are_french():
    assert french_date(datetime.date(2027, 3, 1)) == "1er\xa0mars\xa02027"
    assert french_date(DATE) == PRINTED_DATE
