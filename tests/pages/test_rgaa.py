"""The accessibility page publishes docs/rgaa.md, and nothing better."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

from django.conf import settings

from tests.pages.reading import Page
from tests.pages.states import PAGES, STATES
from tests.pages.test_browser_axe import AXE

DOCUMENT = (Path(settings.BASE_DIR) / "docs" / "rgaa.md").read_text()
ANSWERS = dict(re.findall(r"^\| (\d+\.\d+) \|[^|]+\| (C|NC|NA|P) \|", DOCUMENT, re.M))
# How many criteria each of the thirteen themes of RGAA 4.1.2 has.
THEMES = (9, 2, 3, 13, 8, 2, 5, 10, 4, 14, 13, 11, 12)


def published() -> str:
    """Return the words of the accessibility page, with plain spaces."""
    return Page(STATES["accessibilite"].html).flow.replace("\u00a0", " ")


def test_every_criterion_has_one_answer_and_how_it_was_seen():
    expected = [
        f"{theme}.{criterion}"
        for theme, size in enumerate(THEMES, 1)
        for criterion in range(1, size + 1)
    ]

    rows = re.findall(r"^\| (\d+\.\d+) \|(.*)\|$", DOCUMENT, re.M)
    assert [number for number, _ in rows] == list(ANSWERS) == expected
    assert all(len(cells.split(" | ")) == 3 for _, cells in rows)


def test_the_page_prints_the_counts_of_the_document():
    text = published()

    count = Counter(ANSWERS.values())
    said = {
        "C": r"(\d+) sont conformes",
        "NC": r"(\d+) ne l’est pas",
        "NA": r"(\d+) ne s’appliquent pas",
        "P": r"(\d+) demandent le jugement d’une personne",
    }
    for answer, words in said.items():
        assert re.findall(words, text) == [str(count[answer])]
    assert "Sur les 106 critères" in text
    assert "Le site est non conforme" in text


def test_the_page_names_every_criterion_that_fails():
    text = published()

    named = re.findall(r"critère (\d+\.\d+)", text)
    assert named == [number for number, answer in ANSWERS.items() if answer == "NC"]


def test_the_page_tells_the_axe_that_looked():
    [version] = re.findall(r"axe v([\d.]+\d)", AXE)[:1]

    assert f"axe-core {version}" in published()
    assert f"axe-core {version}" in DOCUMENT


def test_the_document_was_written_about_all_of_the_pages():
    [seen] = re.findall(r"vnu [\d.]+ on (\d+) pages", DOCUMENT)

    assert int(seen) == len(PAGES), "look at the new ones, then say so"
