"""What every state owes its reader, in words: typography, numbers, references."""

from __future__ import annotations

import json
import re
from dataclasses import fields, is_dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from django.conf import settings
from django.urls import resolve
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
    # The size of the file, 140 ko; the edition, and its day.
    "exemplaire": {"140", "1", "0", "23"},
    "exemplaire-nom-seul": {"140", "1", "0", "23"},
    "exemplaire-mesure-refusee": {"140", "1", "0", "23"},
    # And the day the link ends; of what was agreed to, the hour and the text's version.
    "courriel": {"140", "23", "12", "13", "00", "1", "2"},
    "courriel-noms-longs": {"140", "23", "12", "13", "00", "1", "2"},
    "courriel-sans-accord": {"140", "23"},
    "accessibilite": {
        # The law, RGAA 4.1.2, the criteria; the address of the Défenseur des droits.
        "47", "2005", "102", "11", "4", "1", "2", "75342", "71120", "07",
        # The self-assessment (test_rgaa.py holds it to its document), and its tools.
        "25", "106", "65", "0", "33", "8", "9", "12", "26", "27", "156",
    },
    "confidentialite": {
        # Articles of the GDPR, durations, the address of the CNIL.
        "6", "1", "3", "12", "24", "25", "90", "80715", "75334", "07",
    },
    "mentions-legales": {"1"},  # The version of the font's licence.
    "courriel-erratum": {"1", "0", "3"},  # The edition, and the page of its note.
}  # fmt: skip
MORE["confidentialite-renseignee"] = MORE["confidentialite"] | {"1", "2", "35000"}
MORE["mentions-legales-renseignees"] = {
    "1", "2", "35000", "000\u202f000\u202f000", "01", "99", "00",
}  # fmt: skip
# The day of a request, in words; an hour; a telephone number nobody has.
DAY = {"23", "2026"}
HOUR = {"12", "13", "00"}
PHONE = {"01", "99", "00", "33", "1", "550", "23", "2026"}
RETENTION = (
    "accueil",
    "erreur-429-formulaire",
    "formulaire-vide",
    "formulaire-a-corriger",
)
MORE |= {
    **{name: {"3"} for name in RETENTION},  # Years.
    "verification": DAY | {"1", "0"},
    # And the edition, the rule that decided, the requests on links, a year.
    **{
        name: DAY | HOUR | PHONE | {"2", "1", "0", "4", "3", "2029"}
        for name in STATES
        if name.startswith("donnees")
    },
    "courriel-donnees": DAY | HOUR,
    "courriel-code": {"000000"},
    **{name: DAY for name in STATES if name.startswith("choix")},
    **{name: HOUR | PHONE | {"24"} for name in STATES if name.startswith("suivi-")},
}
FONT = Path(settings.BASE_DIR) / "static" / "fonts" / "encode-sans.woff2"

# The same page, in another state.
SAME_TITLE = {
    *("demonstration", "donnees-corrigees", "donnees-suspendues", "donnees-suspectes"),
    *("donnees-rappel-sans-numero", "donnees-effacement-sans-code"),
    "donnees-accord-a-confirmer",
}

every_state = pytest.mark.parametrize("name", STATES)
every_page = pytest.mark.parametrize("name", PAGES)


@every_state
def test_the_typography_is_french(name):
    page = Page(STATES[name].html)

    [title] = re.findall(
        r"<title>(.*?)</title>", STATES[name].html.partition("</head>")[0]
    )
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
def test_every_page_leads_to_the_legal_ones_in_the_same_order(name):
    page = Page(PAGES[name].html)

    fixed = [
        *("mentions-legales", "confidentialite", "mes-donnees"),
        *("accessibilite", "plan-du-site"),
    ]
    assert [a["href"] for a in page.all("a")][-5:] == [f"/{path}/" for path in fixed]
    for path in fixed:
        assert resolve(f"/{path}/")
    assert not [a for a in page.all("a") if "target" in a]


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
        and not name.startswith(("suivi", "formulaire", "exemplaire", "choix-"))
        and name not in SAME_TITLE
    }

    assert len(set(titles.values())) == len(titles), titles


def test_the_site_map_leads_where_it_says():
    links = [a["href"] for a in Page(PAGES["plan-du-site"].html).all("a")]

    parts = {href.removeprefix("/#") for href in links if href.startswith("/#")}
    assert parts
    assert parts <= set(Page(PAGES["accueil"].html).ids)
    fixed = {state.address for state in PAGES.values() if state.address}
    assert fixed <= set(links)


def test_every_public_template_is_among_the_states():
    folder = Path(settings.BASE_DIR) / "templates"
    shown = {state.template for state in STATES.values()}
    pages = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*.html")
        if re.search("{% block (main|article) %}.", path.read_text(), re.S)
    }

    ours = ("admin/", "demo/", "images/")  # Nobody's but staff's and developers'.
    public = {name for name in pages if not name.startswith(ours)}
    assert {name for name in public if not re.match(r"(base|_.*)\.html", name)} <= shown


def test_the_back_office_is_as_dark_as_the_pages():
    folder = Path(settings.BASE_DIR) / "static" / "css"

    def tokens(name: str, selector: str) -> list[str]:
        rule = (folder / name).read_text().partition(selector)[2].partition("}")[0]
        return re.findall(r"--[\w-]+: [^;]+;", rule)

    dark, chosen = (
        tokens("identity.css", ':root:not([data-theme="light"]) {'),
        tokens("admin.css", 'html[data-theme="dark"] {'),
    )
    assert dark
    assert dark == chosen


def test_a_caption_is_tied_to_its_drawing_and_the_drawing_speaks():
    html = STATES["accueil"].html
    figures = re.findall(r"<figure[^>]*>.*?</figure>", html, re.S)

    assert len(figures) == 2
    for figure in figures:  # RGAA 1.9.1 asks for the role and the words again.
        [caption] = re.findall(r"<figcaption>(.*?)</figcaption>", figure)
        assert f'role="figure" aria-label="{caption}"' in figure
        assert 'role="img"' in figure
        assert re.search(r"<title[^>]*>[^<]+</title>", figure)


def test_the_follow_up_page_offers_only_what_it_is_given():
    bare, full, renewed = (
        Page(STATES[f"suivi-{name}"].html).all("form")
        for name in ("envoye", "envoye-complet", "renvoye")
    )

    assert not bare
    assert [form["action"].split("/")[-2] for form in full] == [
        "renvoyer",
        "corriger",
        "rappel",
    ]
    assert not renewed, "what is typed into a page that renews itself is lost"


@every_page
def test_a_reader_s_whole_address_is_shown_behind_their_own_link_only(name):
    whole = "zoe.fictif@chu-exemple.fr" in PAGES[name].html

    assert whole == (PAGES[name].template == "leads/data.html")


def test_retention_is_said_in_one_phrase():
    phrase = "3\u00a0ans après votre dernier contact"

    for name in ("accueil", "confidentialite"):
        text = Page(STATES[name].html).text
        assert phrase in text
        assert not re.search(r"(?i)\b(trois ans|dernier échange)\b", text)
