"""No rendering says a number that the study does not publish, nor one out of words."""

from __future__ import annotations

import html
import re
from importlib.metadata import version
from xml.etree import ElementTree

import pikepdf
import pypdfium2 as pdfium
import pytest
from django.template.loader import render_to_string

from reports import document, emails, readings, study, tools
from reports.inspection import numbers_in, published_numbers, strangers, strings
from reports.personalisation import PERSONAS, SEGMENTS, reading_of, segment_of
from reports.templatetags.french import french_size
from reports.vocabulary import JobFunction, OrganisationType
from tests.leads.factories import CopyFactory
from tests.reports.synthesis import (
    DATE,
    EDITION,
    PRINTED_DATE,
    READERS,
    REFERENCE,
    SEGMENT_READERS,
    open_pdf,
    squashed,
)

pytestmark = pytest.mark.xdist_group("pdf")


SMALL = "deux|trois|quatre|cinq|six|sept|huit|neuf|dix|vingt|cent|mille"
SHARES = re.compile(
    rf"\bsur\s(?:{SMALL})\b|\b(?:pour\scent|quarts?|tiers|moitié|plupart|majorit\w+"
    rf"|minorit\w+|double|triple|(?:{SMALL})\sfois)\b",
    re.IGNORECASE,
)


def read(page):
    """Return the text of some HTML, what is said of its drawings included."""
    page = re.sub(r"<style>.*?</style>", " ", page, flags=re.DOTALL)
    return html.unescape(re.sub(r"<[^>]*>", " ", page))


def test_the_lock_holds():
    assert strangers("27 % des patients") == (["27"], ["27%despatients"])
    assert strangers("26 % des patients exigent")[1] == ["26%despatientsexigent"]
    assert strangers("2 heures, 41 sites")[0] == ["41"]
    assert strangers("90 % des patients, 12 % des infirmiers")[1]
    assert strangers("85 pour cent des professionnels")[1]
    assert strangers(study.STATEMENT) == ([], [])


def drawn(content):
    """Return the text of each page of a file, hyphens that cut words left out."""
    with pdfium.PdfDocument(content) as document:
        texts = [page.get_textpage().get_text_range() for page in document]
    return [re.sub("[\x02\xad\ufffe]", "", text) for text in texts]


def undrawn(content):
    """Yield what is heard or listed: alternatives, links, bookmarks, metadata."""
    with open_pdf(content) as document:
        for item in document.objects:
            if isinstance(item, pikepdf.Dictionary):
                for key in ("/Alt", "/ActualText", "/E", "/Title", "/Contents"):
                    if isinstance(item.get(key), pikepdf.String):
                        yield str(item[key])
        yield from map(str, document.docinfo.values())
        packet = document.Root.Metadata.read_bytes().decode()
    packet = packet[packet.index("<x:") : packet.rindex("<?")]
    yield from ElementTree.fromstring(packet).itertext()


# Metadata that no reader is shown: dates, program, and numbers of standards.
TECHNICAL = {
    f"D:{DATE:%Y%m%d}",
    f"{DATE:%Y-%m-%d}",
    f"WeasyPrint {version('weasyprint')}",
    "1",
    "Part of ISO 14289",
}


def without_layout(text, number, pages):
    """Return a page's text without what was printed for this copy, and its numbers.

    On page 2, the contents name each page after its number, and so do the three to
    open first: these very words go, and no other number.
    """
    for known in (PRINTED_DATE, REFERENCE, f"dition\xa0{EDITION}"):
        text = text.replace(known, "")
    text = re.sub(rf" {number}$", "", text)
    for page in pages if number == 2 else ():
        for name in (page.title, page.short):
            letters = r"\s*".join(map(re.escape, squashed(name)))
            text = re.sub(rf"(?m)^{page.number}\s+(?={letters}\s)", "", text)
    return text


def test_the_contents_are_left_out_by_their_very_words():
    pages = reading_of(SEGMENTS[0]).pages.values()
    text = "3 L’essentiel\r\n4 sites\r\n12 essentiel\r\n11\r\nQuestions à poser outil 2"
    left = without_layout(text, 2, pages)
    assert numbers_in(left) == {"4", "12"}
    assert "L’essentiel" in left
    assert numbers_in(without_layout(text, 3, pages)) == {"3", "4", "12", "11", "2"}


@pytest.mark.parametrize("name", [*PERSONAS, *SEGMENT_READERS])
def test_the_file_that_is_sent_says_no_other_number(delivered, name):
    content = delivered(name)
    pages = reading_of(segment_of(READERS[name])).pages.values()
    texts = drawn(content)
    for number, text in enumerate(texts, start=1):
        assert strangers(without_layout(text, number, pages)) == ([], []), number
    whole = squashed(" ".join(texts))
    for figure in study.FIGURES.values():
        assert squashed(figure.sentence) in whole
    heard = set(undrawn(content))
    assert len(heard) > 20
    assert heard > {study.NAME, "Symbole de l’étude"}
    for text in heard - TECHNICAL:
        text = text.replace(f"édition {EDITION}", "")
        assert not numbers_in(text) - published_numbers(), text


@pytest.mark.parametrize("segment", SEGMENTS, ids=lambda segment: segment.key)
def test_the_page_says_no_other_number(segment):
    page = read(render_to_string("reports/reading.html", document.contents(segment)))
    assert strangers(page) == ([], [])
    for figure in study.FIGURES.values():
        assert squashed(figure.sentence) in squashed(page)


@pytest.mark.django_db
@pytest.mark.parametrize("name", PERSONAS)
def test_the_message_says_no_other_number(name):
    reader = READERS[name]
    copy = CopyFactory(
        first_name=reader.first_name,
        last_name=reader.last_name,
        organisation=reader.organisation,
        organisation_type=reader.organisation_type,
        job_function=reader.job_function,
        region=reader.region,
    )
    message = emails.synthesis(copy)
    for text in (message.subject, message.text, read(message.html)):
        size = french_size(copy.size)
        for known in (copy.reference, copy.edition.version, size):
            text = text.replace(known, "")
        # Until when the link is good, and the pages to start with.
        text = re.sub(r"\d+(er)?[\s\xa0][a-zéû]+[\s\xa0]20\d\d|page\xa0\d+", "", text)
        assert strangers(text) == ([], [])


# --- The data that an editor changes ----------------------------------------------


def test_no_digit_is_written_in_readings_and_tools():
    for module in (readings, tools):
        values = [value for name, value in vars(module).items() if name.isupper()]
        texts = [text for value in values for text in strings(value)]
        assert len(texts) > 50
        assert not [text for text in texts if re.search(r"\d|«", text)]
        assert not [text for text in texts if SHARES.search(text)]


@pytest.mark.parametrize(
    "text",
    [
        "un professionnel sur deux",
        "Neuf soignants sur\xa0dix",
        "vingt pour cent des lits",
        "les trois quarts des équipes",
        "un quart d’entre eux",
        "Deux tiers des patients",
        "La moitié des services",
        "la plupart des patients",
        "Une majorité d’établissements",
        "majoritairement favorables",
        "le double des usages",
        "trois fois plus de dépistages",
    ],
)
def test_a_share_in_words_is_a_figure_too(text):
    assert SHARES.search(text)
    assert not SHARES.search("Deux services, sur une grille, pour la première fois")


def test_every_question_stands_on_a_figure_and_is_asked_by_somebody():
    teams = {key for family in readings.FAMILIES for key in family.teams}
    teams |= {kind.question for kind in readings.KINDS}
    vendors = {key for family in readings.FAMILIES for key in family.vendors}
    assert {question.key for question in tools.TEAM_QUESTIONS} == teams
    assert {question.key for question in tools.VENDOR_QUESTIONS} == vendors
    for question in (*tools.TEAM_QUESTIONS, *tools.VENDOR_QUESTIONS):
        assert question.figure in study.FIGURES
        assert question.text.endswith("\u202f?")
        assert bool(question.named) == bool(question.words)


def test_lines_of_the_grid_are_words_of_the_study():
    said = " ".join(item.sentence for item in study.ANALYSIS) + study.STAKES
    for part in tools.GRID.values():
        for criterion in part.criteria:
            assert criterion.name in said
            assert criterion.figure in ("", *study.FIGURES)


def test_every_function_and_kind_has_one_place():
    functions = [f for family in readings.FAMILIES for f in family.functions]
    types = [t for kind in readings.KINDS for t in kind.types]
    assert sorted(functions) == sorted(JobFunction)
    assert sorted([*types, *readings.INSTITUTIONS]) == sorted(OrganisationType)


def test_segments_are_few_and_cover_every_reader():
    assert len(SEGMENTS) <= 24
    assert len({segment.key for segment in SEGMENTS}) == len(SEGMENTS)
    for key, reader in SEGMENT_READERS.items():
        assert segment_of(reader).key == key
    assert segment_of(READERS["nom-seul"]).key == "ensemble-ensemble"
