"""What every state owes its reader, in words: typography, numbers, references."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from fontTools.ttLib import TTFont

from reports import study
from tests.pages.reading import Page, typography_faults
from tests.pages.states import PAGES, STATES

NUMBER = re.compile(r"\d+(?:\u202f\d{3})*")


def words(value: object) -> str:
    """Return the text in a value of the study, whatever holds it."""
    if is_dataclass(value) and not isinstance(value, type):
        value = [getattr(value, found.name) for found in fields(value)]
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return " ".join(words(part) for part in value)
    return value if isinstance(value, str) else ""


OF_THE_STUDY = set(
    NUMBER.findall(
        " ".join(words(value) for name, value in vars(study).items() if name.isupper())
    )
)
# Numbers that are no figure of the study, page by page.
MORE = {
    "exemplaire": {"136", "7"},  # The size of the file: 136,7 Kio.
    "exemplaire-nom-seul": {"136", "7"},
    "accessibilite": {
        # The law, RGAA 4.1.2, the criteria; the address of the Défenseur des droits.
        "47", "2005", "102", "11", "4", "1", "2", "75342", "71120", "07",
    },
    "confidentialite": {
        # Articles of the GDPR, durations, the address of the CNIL.
        "6", "1", "3", "24", "80715", "75334", "07",
    },
    "mentions-legales": {"1"},  # The version of the font's licence.
    "courriel-erratum": {"1", "0", "3"},  # The edition, and the page of its note.
}  # fmt: skip
MORE["confidentialite-renseignee"] = MORE["confidentialite"] | {"1", "2", "35000"}
MORE["mentions-legales-renseignees"] = {
    "1", "2", "35000", "000\u202f000\u202f000", "01", "99", "00",
}  # fmt: skip
FONT = Path(settings.BASE_DIR) / "static" / "fonts" / "encode-sans.woff2"

every_state = pytest.mark.parametrize("name", STATES)
every_page = pytest.mark.parametrize("name", PAGES)


@every_state
def test_the_typography_is_french(name):
    page = Page(STATES[name].html)

    [title] = re.findall(r"<title>(.*?)</title>", STATES[name].html)
    spoken = [
        attrs[attribute]
        for _, attrs in page.tags
        for attribute in ("alt", "aria-label", "title", "content")
        if attrs.get(attribute) and attrs.get("name") != "viewport"
    ]
    assert not typography_faults("\n".join([title, page.text, page.chosen]))
    assert not [said for said in spoken if re.search(r"\w'\w|\.\.\.", said)]


@every_state
def test_every_number_is_one_of_the_study_or_named_here(name):
    shown = set(NUMBER.findall(Page(STATES[name].html).text))

    known = OF_THE_STUDY | {"26"} | MORE.get(name, set())  # SC26-XXXX-XXXX
    assert shown <= known, shown - known


@every_state
def test_every_reference_resolves(name):
    page = Page(STATES[name].html)

    assert len(page.ids) == len(set(page.ids))
    assert set(page.references) <= set(page.ids)


@every_page
def test_nothing_is_inline_that_the_policy_forbids(name):
    html = PAGES[name].html

    assert not re.search(r"<[^>]*\sstyle=", html)
    assert not re.search(r"<[^>]*\son[a-z]+=", html)
    assert "<style" not in html
    assert "javascript:" not in html
    for attrs, content in re.findall(r"<script([^>]*)>(.*?)</script>", html, re.S):
        if "src=" in attrs:
            assert not content.strip()
        else:  # A block of data runs nothing.
            assert 'type="application/ld+json"' in attrs
            json.loads(content)


@every_page
def test_every_page_has_an_outline_and_its_landmarks(name):
    page = Page(PAGES[name].html)

    assert page.all("html")[0]["lang"] == "fr"
    assert len(page.all("main")) == 1
    assert page.all("a")[0] == {"class": "skip", "href": "#contenu"}
    assert page.headings.count(1) == 1
    levels = [1, *page.headings]
    assert all(below <= above + 1 for above, below in pairwise(levels))


@every_page
def test_every_character_is_in_the_font(name):
    page = Page(PAGES[name].html)

    known = {chr(code) for code in TTFont(FONT).getBestCmap()}
    assert set(page.text + page.chosen) - {"\n"} <= known


def test_every_page_has_a_title_of_its_own():
    titles = {
        name: re.findall(r"<title>(.*?)</title>", state.html)[0]
        for name, state in PAGES.items()
        if not name.endswith(("-renseignee", "-renseignees", "-seul", "-formulaire"))
        and not name.startswith(("suivi", "formulaire", "exemplaire"))
        and name != "demonstration"
    }

    assert len(set(titles.values())) == len(titles), titles


def test_every_public_template_is_among_the_states():
    folder = Path(settings.BASE_DIR) / "templates"
    shown = {state.template for state in STATES.values()}
    pages = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if "{% extends" in path.read_text() or path.parent == folder
    }

    public = {name for name in pages if not name.startswith(("admin/", "demo/"))}
    assert {name for name in public if not re.match(r"(base|_.*)\.html", name)} <= shown
