"""No rendering says a number that the study does not publish, nor one out of words."""

from __future__ import annotations

import html
import re

import pytest
from django.template.loader import render_to_string

from reports import document, emails, readings, study, tools
from reports.inspection import strangers, strings
from reports.personalisation import PERSONAS, SEGMENTS, segment_of
from reports.templatetags.french import french_size
from reports.vocabulary import JobFunction, OrganisationType
from tests.leads.factories import CopyFactory
from tests.reports.synthesis import (
    EDITION,
    PRINTED_DATE,
    READERS,
    REFERENCE,
    SEGMENT_READERS,
    squashed,
)

pytestmark = pytest.mark.xdist_group("pdf")


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


@pytest.mark.parametrize("name", [*PERSONAS, *SEGMENT_READERS])
def test_the_document_says_no_other_number(made, name):
    pages = made(name).pages
    for number, page in enumerate(pages, start=1):
        for known in (PRINTED_DATE, REFERENCE, f"dition\xa0{EDITION}"):
            page = page.replace(known, "")
        page = re.sub(rf" {number}$", "", page)
        if number == 2:  # Contents.
            page = re.sub(r"(?<!\S)(?:[2-9]|1[0-2])(?= +\S)", "", page)
        assert strangers(page) == ([], []), number


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
        assert not [text for text in texts if re.search(r"\d|«|\bpour cent\b", text)]


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
