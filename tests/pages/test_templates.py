"""What every template owes its reader: the study’s words, an outline, no loose end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.template.loader import get_template, render_to_string

from reports import study
from tests.pages.reading import Page
from tests.pages.states import STATES, TO_CORRECT, follow_up

FOLDER = Path(settings.BASE_DIR) / "templates"
PUBLIC = ("leads", "reports", "pages", "santescopie")
SOURCES = sorted(
    path
    for path in FOLDER.rglob("*.html")
    if path.parent == FOLDER or path.relative_to(FOLDER).parts[0] in PUBLIC
)
PAGES = {
    "empty": lambda client: client.get("/").content.decode(),
    "to correct": lambda client: client.post("/", TO_CORRECT).content.decode(),
}


@pytest.fixture
def page(request, visitor):
    return Page(PAGES[request.param](visitor))


landing = pytest.mark.parametrize("page", ["empty"], indirect=True)
to_correct = pytest.mark.parametrize("page", ["to correct"], indirect=True)


# --- The sources ------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", [str(p.relative_to(FOLDER)) for p in FOLDER.rglob("*") if p.is_file()]
)
def test_every_template_compiles(name):
    get_template(name)


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: str(path.relative_to(FOLDER))
)
def test_no_template_holds_what_the_policy_forbids(path):
    source = path.read_text()

    assert not re.search(r"<[^>]*\sstyle=", source), "a style attribute"
    assert not re.search(r"<[^>]*\son[a-z]+=", source), "an event handler"
    assert "<style" not in source
    # JSON-LD is data: no browser runs it, and the policy lets it stand.
    run = source.replace('<script type="application/ld+json">', "")
    assert not re.search(r"<script(?![^>]*\ssrc=)", run), "an inline script"
    assert "javascript:" not in source


# --- The landing page --------------------------------------------------------------


def sentences() -> Iterator[str]:
    """Yield what the study says, in its own order, from its headline on."""
    names = list(vars(study))
    for name in names[names.index("HEADLINE") :]:
        value = getattr(study, name)
        if name in {"BLOCKS", "FIGURES", "STATEMENT"} or name.startswith("_"):
            continue
        for part in value if isinstance(value, tuple) else (value,):
            if isinstance(part, str):
                yield part
            elif isinstance(part, study.Block):
                yield part.title
                yield from (figure.sentence for figure in part.figures)
            elif isinstance(part, study.Item):
                yield part.sentence


@landing
def test_the_page_says_all_of_the_study_in_its_order(page):
    said, position = page.flow, 0
    for sentence in sentences():
        position = said.find(sentence, position)
        assert position >= 0, sentence
    for sentence in (study.STATEMENT, study.TITLE, study.EXPERT):
        assert sentence in said


@landing
def test_every_number_is_one_of_the_study(page):
    number = re.compile(r"\d+(?:\u202f\d{3})*")
    known = set(number.findall(" ".join((*sentences(), study.NAME))))

    assert set(number.findall(page.flow)) <= known | {"3"}  # Years data are kept.


@landing
def test_both_calls_lead_to_the_one_form(page):
    calls = [a for a in page.all("a") if a.get("class") == "action"]

    assert [a["href"] for a in calls] == ["#formulaire", "#formulaire"]
    [form] = page.all("form")
    [title] = [a for a in page.all("h2") if a.get("id") == form["aria-labelledby"]]
    assert title["id"] == "formulaire", "the way to it shows what will arrive"
    assert form["method"] == "post"
    assert "action" not in form, "it posts to its own address, campaign included"
    assert "novalidate" in form


@landing
def test_nothing_is_chosen_beforehand(page):
    assert not [attrs for _, attrs in page.tags if "checked" in attrs]
    chosen = [attrs for attrs in page.all("option") if "selected" in attrs]
    assert not [attrs for attrs in chosen if attrs.get("value")]


@landing
def test_every_drawing_counts_to_its_text(page):
    drawings = render_to_string("leads/drawings/field.html")
    discs, squares = re.findall(r'class="(?:discs|squares)" d="([^"]+)"', drawings)

    def marks(path: str) -> int:  # A row starts on a mark and has one a unit.
        return sum(int(float(row)) + 1 for row in re.findall(r"h([\d.]+)", path))

    assert marks(discs) == study.PRACTITIONERS
    assert marks(squares) == study.PATIENTS

    for figure in study.FIGURES.values():
        ruler = render_to_string("leads/drawings/ruler.html", {"figure": figure})
        [start, length] = re.search(r' d="M([\d.]+) 6h(\d+)"', ruler).groups()
        assert int(length) == figure.amount
        beyond = figure.shape is study.Shape.INCREASE
        assert (float(start) >= 100) == beyond

    frame = render_to_string("leads/drawings/frame.html", {"study": study})
    rows, units = re.search(r"M0 0h10v(\d)H0zM0 \1h(\d)v1H0z", frame).groups()
    assert f"{int(rows) * 10 + int(units)}\u00a0%" == study.STATEMENT_VALUE


# --- The form ---------------------------------------------------------------------


@landing
def test_optional_is_said_in_words_and_no_star_is_left_unexplained(page):
    assert "Sauf mention «\u00a0(facultatif)\u00a0»" in page.flow
    assert page.flow.count("(facultatif)") == 2, "in that sentence, and by the box"
    assert "*" not in page.flow
    required = [a["name"] for _, a in page.tags if "required" in a]
    assert required == [
        "first_name",
        "last_name",
        "email",
        "organisation",
        "organisation_type",
        "job_function",
        "region",
    ]


@landing
def test_the_trap_is_out_of_reach_of_people(page):
    [trap] = [a for a in page.all("input") if a.get("name") == "website"]

    assert trap["tabindex"] == "-1"
    assert trap["autocomplete"] == "off"
    around = page.tags[[a for _, a in page.tags].index(trap) - 2]
    assert around[1] == {"class": "trap", "aria-hidden": "true"}


@landing
def test_what_is_done_with_the_data_is_said_before_the_button(page):
    assert page.ids.index("donnees") < page.ids.index("envoyer")


def test_a_page_to_correct_says_so_first(visitor):
    response = visitor.post("/", TO_CORRECT)
    html = response.content.decode()

    assert response.status_code == 422
    assert "<title>Erreur\u00a0:" in html
    assert html.index('role="alert"') < html.index("<h1")
    assert html.index("<main") < html.index('role="alert"')


@to_correct
def test_every_error_is_linked_and_told_beside_its_field(page):
    wrong = ["last_name", "email", "organisation", "job_function", "region"]
    links = [a["href"] for a in page.all("a") if (a.get("href") or "")[1:4] == "id_"]
    assert links == [f"#id_{name}" for name in wrong]

    fields = {a["name"]: a for tag, a in page.tags if tag in ("input", "select")}
    for name, attrs in fields.items():
        described = attrs.get("aria-describedby") or ""
        assert (f"id_{name}_error" in described) == (name in wrong)
        assert (attrs.get("aria-invalid") == "true") == (name in wrong)
    assert fields["email"]["aria-describedby"] == "id_email_helptext id_email_error"


@to_correct
def test_answers_are_kept(page):
    values = {a["name"]: a.get("value") for a in page.all("input")}

    assert values["first_name"] == "Zoë"
    assert values["email"] == "zoe@chu"
    [chosen] = [a for a in page.all("option") if "selected" in a and a["value"]]
    assert chosen["value"] == "ch"


# --- Pages of last resort and the follow-up ----------------------------------------


@pytest.mark.parametrize("code", [400, 500, 503])
def test_a_page_of_last_resort_needs_nothing(code):
    page = Page(render_to_string(f"{code}.html"))

    assert page.headings == [1]
    assert "/" in [a["href"] for a in page.all("a")]


def test_a_submission_that_is_held_back_shows_the_same_whatever_the_reason():
    why = [
        follow_up("withheld"),
        follow_up("withheld", reference="SC26-YYYY-YYYY", rendered_at=None),
    ]

    assert why[0].html == why[1].html


@pytest.mark.parametrize("name", [name for name in STATES if "suivi" in name])
def test_the_state_is_told_to_people_and_to_programs(name):
    page = Page(STATES[name].html)

    [told] = [a for _, a in page.tags if "data-state" in a]
    assert told["data-state"] == STATES[name].context()["state"]
    assert told["role"] == "status"
