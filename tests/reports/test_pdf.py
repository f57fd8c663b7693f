"""The synthesis: what is printed, what is tagged, what is never fetched."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import shutil
import subprocess
import sys
import unicodedata
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pikepdf
import pytest
from django.core.management import CommandError, call_command
from django.template.loader import render_to_string
from django.utils import translation
from weasyprint.formatting_structure.boxes import TextBox
from weasyprint.urls import FatalURLFetchingError

from reports import pdf, study
from reports.pdf import drawings, engine, tagging
from reports.personalisation import PERSONAS, Reader
from reports.templatetags.french import french_date
from reports.vocabulary import JobFunction, OrganisationType, Region

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")

ROOT = Path(__file__).parents[2]
EDITION = "1.0"
REFERENCE = "SC26-DEMO-DEMO"
DATE = datetime.date(2026, 11, 23)
PRINTED_DATE = "23\xa0novembre\xa02026"

HOSTILE = {
    "accents": Reader(
        first_name="Zoë",
        last_name="Ünal-d’Œuvre-Façon",
        organisation="Hôpital fictif de l’Île-aux-Nœuds « Çédille »",
        organisation_type=OrganisationType.EPSM,
        job_function=JobFunction.CME,
        region=Region.PAC,
    ),
    "sixty letters": PERSONAS["noms-longs"],
    "longest": Reader(  # That the form accepts.
        first_name="W" * 100,
        last_name="W" * 100,
        organisation="W" * 200,
        organisation_type=OrganisationType.ESPIC,
        job_function=JobFunction.QUALITY,
        region=Region.PAC,
    ),
    "markup": Reader(
        first_name="<img src=file:///etc/passwd>",
        last_name="<link rel=attachment href=file:///etc/passwd>",
        organisation="<style>@import url(file:///etc/passwd);</style>{{ study }}",
    ),
    "greek": Reader(first_name="Ελένη", last_name="Παράδειγμα"),
    "cyrillic": Reader(first_name="Жанна", last_name="Примерова"),
    "typed apart": Reader(first_name="Zoe\u0308", last_name="Exemple"),
}
READERS = {**PERSONAS, **HOSTILE}


def squashed(text):
    """Forget where lines were cut."""
    return re.sub(r"\s+", "", text)


def boxes(box):
    """Walk down the layout, in the order of the tags."""
    box = getattr(box, "_box", box)  # Stands apart: its place holds the box.
    yield box
    for child in getattr(box, "children", ()):
        yield from boxes(child)


def text_of(page):
    return " ".join(b.text for b in boxes(page._page_box) if isinstance(b, TextBox))


def room_above_label(cover):
    """Return the distance from title to label, in CSS pixels."""
    laid = list(boxes(cover._page_box))
    title = next(box for box in laid if box.element_tag == "h1")
    label = next(
        box
        for box in laid
        if box.element is not None and "label" in box.element.get("class", "").split()
    )
    return label.position_y - title.position_y - title.margin_height()


@pytest.fixture(scope="module")
def made():
    """Render each reader's copy once, on demand, with the text of its pages."""
    done = {}

    def make(name):
        if name not in done:
            made = SimpleNamespace(asked=[])

            def finish(document, *args, **kwargs):
                made.pages = [text_of(page) for page in document.pages]
                made.room = room_above_label(document.pages[0])
                plain(document, *args, **kwargs)

            def fetch(fetcher, url, headers=None):
                made.asked.append(url)
                return serve(fetcher, url, headers)

            plain, serve = tagging.finish, engine.BundledOnly.fetch
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(tagging, "finish", finish)
                patch.setattr(engine.BundledOnly, "fetch", fetch)
                made.content = render(READERS[name])
            done[name] = made
        return done[name]

    yield make
    engine.close()  # A worker of pytest-xdist ends without a word.


def render(reader, *, edition=EDITION, reference=REFERENCE, date=DATE):
    return pdf.render(reader, edition=edition, reference=reference, date=date)


@pytest.fixture(scope="module")
def copy(made):
    return made("dg-chu")


@pytest.fixture(scope="module")
def opened(copy):
    with pikepdf.open(BytesIO(copy.content)) as document:
        yield document


# --- What the reader finds --------------------------------------------------------


@pytest.mark.parametrize("name", READERS)
def test_the_cover_names_the_reader(made, name):
    reader, cover = READERS[name], squashed(made(name).pages[0])
    for text in (
        reader.full_name,
        reader.function_label,
        reader.organisation,
        reader.type_label,
        reader.region_label,
        REFERENCE,
        PRINTED_DATE,
    ):
        assert squashed(unicodedata.normalize("NFC", text)) in cover


@pytest.mark.parametrize("name", READERS)
def test_long_names_neither_reach_the_title_nor_take_a_page(made, name):
    assert made(name).room > 8
    assert len(made(name).pages) == len(made("nom-seul").pages)


def test_no_line_of_the_label_is_empty(made):
    cover = made("nom-seul").pages[0]
    assert "Exemplaire de" in cover
    assert "Fonction" not in cover
    assert "Établissement" not in cover


@pytest.mark.parametrize("name", ["dg-chu", "noms-longs", "markup"])
def test_nothing_personal_stands_after_the_cover(made, copy, name):
    assert made(name).pages[1:] == made("nom-seul").pages[1:]


@pytest.mark.parametrize("name", ["accents", "markup"])
def test_nothing_personal_stands_in_metadata_bookmarks_or_tags(made, name):
    reader = READERS[name]
    with pikepdf.open(BytesIO(made(name).content)) as document:
        strings = list(strings_of(document))
    assert any(study.NAME in string for string in strings)
    for text in (reader.first_name, reader.last_name, reader.organisation, REFERENCE):
        assert not any(text in string for string in strings)


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


def test_every_text_of_the_study_is_there(copy):
    text = squashed(" ".join(copy.pages))
    for block in study.BLOCKS:
        assert squashed(block.title) in text
        for figure in block.figures:
            assert squashed(figure.sentence) in text
    for item in (*study.ANALYSIS, *study.FINDINGS, *study.METHOD):
        assert squashed(item.sentence) in text
    for sentence in (
        *study.INTRODUCTION, study.HEADLINE, study.STATEMENT, study.CONTRAST,
        study.STAKES, study.PURPOSE_TITLE, study.PURPOSE, study.ANALYSIS_INTRODUCTION,
        study.SUPPORT_TITLE, study.SUPPORT, study.TITLE, study.CONDITIONS_TITLE,
        study.CONDITIONS, study.FINDINGS_TITLE, study.FINDINGS_INTRODUCTION,
        study.METHOD_TITLE, study.EXPERT,
    ):  # fmt: skip
        assert squashed(sentence) in text


def test_a_figure_says_who_was_asked_only_where_the_study_does(copy):
    text = squashed(" ".join(copy.pages))
    for figure in study.FIGURES.values():
        after = text.split(squashed(figure.sentence))[-1]
        if figure.asked:
            assert after.startswith(f"Champ:{figure.asked.value}.")
        else:
            assert not after.startswith("Champ")


def test_every_number_is_the_study_s_a_page_s_the_date_s_or_the_reference_s(copy):
    def numbers(text):
        return set(re.findall(r"\d+", re.sub(r"(?<=\d)\u202f(?=\d{3})", "", text)))

    published = [value for name, value in vars(study).items() if name.isupper()]
    allowed = numbers(
        repr(published).replace("\\u202f", "\u202f").replace("\\xa0", " ")
    )
    allowed |= {str(number) for number in range(1, len(copy.pages) + 1)}
    for page in copy.pages:
        for known in (PRINTED_DATE, REFERENCE, f"dition\xa0{EDITION}"):
            page = page.replace(known, "")
        assert numbers(page) <= allowed


def test_contents_give_the_page_of_each_section(copy):
    contents = squashed(copy.pages[1])
    for title in pdf.SECTIONS.values():
        (number,) = [
            n
            for n, page in enumerate(copy.pages, start=1)
            if n > 2 and squashed(title) in squashed(page)
        ]
        assert f"{number}{squashed(title)}" in contents


def test_pages_are_numbered_but_the_cover(copy):
    assert "page" not in copy.pages[0]
    for number, page in enumerate(copy.pages[1:], start=2):
        foot = f"{study.NAME} · édition\xa0{EDITION} · page\xa0{number}"
        assert page.endswith(foot)


def test_typography_is_french(copy):
    for page in copy.pages:
        assert not re.search(r" [:;!?%»]|« |'|\.\.\.", page)
        assert not re.search(r"[^\u202f][;!?]|[^\u202f\xa0][:%](?!\w)", page)


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="pdftotext is absent")
def test_another_program_reads_the_same_text(made, tmp_path):
    path = tmp_path / "copy.pdf"
    path.write_bytes(made("accents").content)
    out = subprocess.run(
        ["pdftotext", "-raw", "-enc", "UTF-8", path, "-"],
        check=True,
        capture_output=True,
    )
    text = squashed(out.stdout.decode())
    reader = READERS["accents"]
    for words in (reader.full_name, reader.organisation, reader.function_label):
        assert squashed(words) in text
    for figure in study.FIGURES.values():
        assert squashed(figure.sentence) in text


def test_the_date_is_printed_in_french():
    assert french_date(DATE) == PRINTED_DATE


# --- What drawings count ----------------------------------------------------------


def test_the_field_counts_one_mark_per_respondent():
    assert sum(int(reach + 0.5) for _, reach in drawings.ROWS) == study.PRACTITIONERS
    assert study.PRACTITIONERS + study.PATIENTS == study.RESPONDENTS
    assert drawings.FIELD_DISCS.count("M") == drawings.FIELD_SQUARES.count("M")
    assert drawings.FIELD_RING.count("A") == study.STEPS


@pytest.mark.parametrize("figure", study.FIGURES.values(), ids=lambda f: f.key)
def test_a_ruler_counts_back_to_its_text(figure):
    def dashes(path):
        if not path:
            return 0, None
        start, end = map(float, re.fullmatch(r"M([\d.]+) 22H([\d.]+)", path).groups())
        count = 1 + (end - start) // drawings.PITCH
        return count, start // drawings.PITCH

    ruler = drawings.ruler(figure)
    stained, first = dashes(ruler.stained)
    plain, _ = dashes(ruler.plain)
    assert stained == figure.amount
    if figure.shape is study.Shape.SHARE:
        assert (first, plain) == (0, 100 - figure.amount)
    elif figure.shape is study.Shape.INCREASE:
        assert (first, plain) == (100, 100)
    else:
        assert (first, plain, ruler.beyond) == (0, 0, True)


def test_drawings_survive_a_language_with_decimal_commas():
    """The frame is 85 discs and 15 rings, whatever a float looks like in French."""
    with translation.override("fr"):
        html = render_to_string(
            "pdf/synthesis.html", {"drawings": drawings, "study": study, "date": DATE}
        )
    assert html.count('r="0.31"') == 85
    assert not re.search(r'(?:cx|cy|r|d|width)="[^"]*\d,\d', html)


# --- What a screen reader and an archive need -------------------------------------


def test_the_document_is_tagged_and_says_its_language_and_title(opened):
    root = opened.Root
    assert root.MarkInfo.Marked
    assert "/StructTreeRoot" in root
    assert str(root.Lang) == "fr"
    assert root.ViewerPreferences.DisplayDocTitle
    assert str(opened.docinfo.Title) == f"{study.NAME}\xa0: synthèse de l’étude"
    assert str(opened.docinfo.Author) == study.NAME
    assert str(opened.docinfo.CreationDate) == "D:20261123"
    assert b'part="1"' in root.Metadata.read_bytes()
    assert all(page.Tabs == "/S" for page in opened.pages)


def test_headings_go_down_one_level_at_a_time_and_make_the_bookmarks(opened):
    levels = [
        int(str(element.S)[2:])
        for element in opened.objects
        if isinstance(element, pikepdf.Dictionary)
        and re.fullmatch(r"/H\d", str(element.get("/S")))
    ]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    with opened.open_outline() as outline:
        (cover,) = outline.root
        titles = [squashed(item.title) for item in cover.children]
    assert titles[0] == "Sommaire"
    assert titles[1] == squashed(study.STATEMENT)


def test_every_drawing_has_an_alternative_text_within_its_page(opened):
    figures = [
        element
        for element in opened.objects
        if isinstance(element, pikepdf.Dictionary) and element.get("/S") == "/Figure"
    ]
    assert len(figures) == 2 + 1 + len(study.FIGURES) + len(study.METHOD)
    for figure in figures:
        assert str(figure.Alt).strip()
        left, bottom, right, top = (float(value) for value in figure.A.BBox)
        assert 0 <= left < right <= 596
        assert 0 <= bottom < top <= 842


def test_links_say_where_they_go(opened):
    links = [link for page in opened.pages for link in page.get("/Annots", ())]
    assert [str(link.Contents) for link in links] == list(pdf.SECTIONS.values())
    assert all(link.F == 4 for link in links)


def test_running_feet_are_artifacts(opened):
    for number, page in enumerate(opened.pages):
        feet = [
            operands[1]
            for operands, operator in pikepdf.parse_content_stream(page)
            if str(operator) == "BDC" and operands[0] == "/Artifact"
        ]
        assert bool(feet) == (number > 0)
        assert all(foot.Subtype == "/Footer" for foot in feet)


@pytest.mark.parametrize("name", ["dg-chu", "greek"])
def test_every_font_is_embedded_and_can_be_read_back(made, name):
    with pikepdf.open(BytesIO(made(name).content)) as document:
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
    if name == "dg-chu":
        assert all(font.startswith("Santescopie") for font in names), names


# --- Same input, same bytes -------------------------------------------------------


def test_the_same_input_gives_the_same_bytes(made, copy):
    made("greek")
    assert render(READERS["dg-chu"]) == copy.content


def test_another_reference_or_edition_is_another_document(copy):
    def identifier(content):
        with pikepdf.open(BytesIO(content)) as document:
            return bytes(document.trailer.ID[0])

    other = render(READERS["dg-chu"], reference="SC26-DEMO-ZZZZ")
    assert identifier(other) != identifier(copy.content)


SCRIPT = """
import datetime, hashlib, os, sys
import django
from django.conf import settings

settings.configure(TEMPLATES=[{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": ["templates"],
}])
django.setup()
from reports import pdf
from reports.personalisation import PERSONAS

def digest():
    content = pdf.render(
        PERSONAS["dg-chu"], edition="1.0", reference="SC26-DEMO-DEMO",
        date=datetime.date(2026, 11, 23),
    )
    return hashlib.sha256(content).hexdigest()

print(digest(), flush=True)
child = os.fork()
if child == 0:
    print(digest(), flush=True)
    sys.exit()
_, status = os.waitpid(child, 0)
assert status == 0, status
print(digest(), flush=True)
"""


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_other_processes_and_forks_give_the_same_bytes_and_end_well(copy):
    """A child must leave its parent's fonts alone, and nobody may crash at exit."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "1", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    digests = done.stdout.split()
    assert digests == 3 * [hashlib.sha256(copy.content).hexdigest()]


# --- The closed door --------------------------------------------------------------


def test_markup_in_a_name_fetches_and_attaches_nothing(made):
    assert set(made("markup").asked) <= set(engine.BUNDLED)
    with pikepdf.open(BytesIO(made("markup").content)) as document:
        assert not document.attachments


PASSWORDS = "file:///etc/passwd"


@pytest.mark.parametrize(
    "body",
    [
        f"<img alt=x src={PASSWORDS}>",
        f"<link rel=attachment href={PASSWORDS}>",
        f"<link rel=stylesheet href={PASSWORDS}>",
        f"<style>@import url({PASSWORDS});</style>",
        "<style>p {background: url(http://169.254.169.254/)}</style><p>x",
        "<style>@font-face {font-family: x; src: url(https://exemple.fr/x)}</style>",
        "<img alt=x src='data:image/png;base64,AAAA'>",
        "<img alt=x src=ftp://exemple.fr/x.svg>",
        "<a rel=attachment href=file:///etc/hostname>x</a>",
    ],
)
@pytest.mark.logs("weasyprint")
def test_whatever_a_document_asks_for_stops_it(body):
    html = f"<html lang=fr><title>x</title>{body}"
    with pytest.raises(engine.ForbiddenFetch):
        engine.write(html, identifier="x", links={})


@pytest.mark.parametrize(
    "url",
    [
        PASSWORDS,
        "http://localhost/",
        "santescopie:../engine.py",
        "santescopie:EncodeSans-Regular.ttf?x",
        f"file://{ROOT}/reports/pdf/fonts/EncodeSans-Regular.ttf",
    ],
)
def test_only_bundled_fonts_are_served(url):
    fetcher = engine.BundledOnly()
    with pytest.raises(FatalURLFetchingError):
        fetcher(url)
    with pytest.raises(FatalURLFetchingError):
        fetcher.open(url)
    assert fetcher("santescopie:EncodeSans-Regular.ttf").read(4) == b"\0\1\0\0"


@pytest.mark.logs("reports.pdf")
def test_letters_no_font_draws_are_counted_and_never_logged(caplog):
    render(Reader(first_name="\U00013000", last_name="Exemple"))
    assert "No font draws 1 of the characters." in caplog.text
    assert "13000" not in caplog.text


# --- Readers and the command ------------------------------------------------------


def test_an_unknown_code_has_no_label():
    reader = Reader(organisation_type="x", job_function="", region="99")
    assert (reader.type_label, reader.function_label, reader.region_label) == 3 * ("",)


def test_personas_hold_what_breaks_a_layout():
    assert len(PERSONAS) == 8
    everything = "".join(r.full_name + r.organisation for r in PERSONAS.values())
    assert set("ëçœŒÜ’-") - set(everything) <= {"œ", "Œ"}
    assert {"œ", "Œ"} & set(everything)
    assert max(len(reader.organisation) for reader in PERSONAS.values()) == 60


def test_the_command_writes_a_persona_and_says_so(tmp_path, capsys):
    folder = tmp_path / "new" / "folder"
    call_command("render_synthesis", persona="dsi", output=folder, edition="1.0")
    assert (folder / "dsi.pdf").read_bytes().startswith(b"%PDF-1.7")
    assert re.search(
        r"dsi\.pdf: \d+ pages, \d+ kB, \d\.\d\d s", capsys.readouterr().out
    )


def test_the_command_says_what_it_cannot_do(tmp_path):
    with pytest.raises(CommandError, match="dg-chu, dsi, medecin"):
        call_command("render_synthesis", persona="inconnu", output=tmp_path)
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(CommandError, match="is not a folder"):
        call_command("render_synthesis", persona="dsi", output=file)
