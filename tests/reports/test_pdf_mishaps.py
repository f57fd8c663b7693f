"""What a machine does to the files of a worker costs time, and no document."""

from __future__ import annotations

import hashlib
import shutil
from dataclasses import replace

import pytest

from reports import pdf
from reports.pdf import engine, fast
from reports.personalisation import PERSONAS
from tests.reports.synthesis import DATE, EDITION, REFERENCE, SITE

READER = PERSONAS["dsi"]


@pytest.fixture(autouse=True)
def shelf(settings, tmp_path, monkeypatch):
    """A process that starts, with a folder of bases of its own."""
    monkeypatch.setattr(fast, "_bases", {})
    fast.outcomes.clear()
    settings.PDF_BASES_DIR = tmp_path / "bases"
    return settings.PDF_BASES_DIR


def compose(*, whole):
    return pdf.compose(
        READER,
        edition=EDITION,
        reference=REFERENCE,
        date=DATE,
        site=SITE,
        whole=whole,
    ).content


def render():
    return compose(whole=False)


@pytest.mark.logs("reports.pdf.engine")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "fast"])
def test_a_folder_of_fonts_that_was_tidied_away_is_made_again(whole):
    def make():
        return compose(whole=whole)

    before = make()
    with engine.at_work() as (tools, _):
        folder = tools.fonts._folder
    for font in folder.iterdir():
        font.unlink()

    assert make() == before
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.logs("reports.pdf.fast")
@pytest.mark.parametrize("data", [b"{'pages': 3}", b"[1]", b"{", b"\xff", b""])
def test_a_base_that_is_none_is_made_again_whatever_its_hash_says(shelf, data):
    before = render()
    [base] = shelf.iterdir()
    base.write_bytes(hashlib.sha256(data).hexdigest().encode() + b"\n" + data)
    fast._bases.clear()

    assert render() == before
    assert fast.outcomes == {"fast": 2}
    [again] = shelf.iterdir()
    assert len(again.read_bytes()) > 50_000


# Letters that compose into others, marks that uncover marks, cuts that uncover letters.
UNCOVERING = [
    "\u1112\u1161\u11ab",
    "\uf900",
    "\U0002f800",
    "\u0958",
    "\U0001d15e",
    "e" + "".join(map(chr, range(0x1DC0, 0x1DD0))),
    "e" + "".join(map(chr, range(0x0F71, 0x0F7E))),
    "\U000103a0" * 230 + "\U00012000" * 230,
]


@pytest.mark.logs("reports.pdf", "fontTools")
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "fast"])
@pytest.mark.parametrize("name", UNCOVERING, ids=ascii)
def test_no_name_makes_an_empty_document(name, whole):
    written = pdf.compose(
        replace(READER, first_name=name),
        edition=EDITION,
        reference=REFERENCE,
        date=DATE,
        site=SITE,
        whole=whole,
    )

    assert written.pages == 12
    assert written.content.startswith(b"%PDF-")
    assert written.undrawn == ""


def test_a_document_that_lacks_letters_of_its_own_is_not_made(monkeypatch):
    def without_letters(*args, **kwargs):
        return engine.Written(b"%PDF-", 12, undrawn="S")

    monkeypatch.setattr(engine, "write", without_letters)

    with pytest.raises(engine.FontsLost):
        compose(whole=True)


def test_what_else_the_folder_holds_is_left_alone(shelf):
    shelf.mkdir(mode=0o700)
    for number in range(3 * fast.KEPT):
        (shelf / f"precious-{number}.pdf").write_bytes(b"x")

    render()

    assert len(list(shelf.glob("precious-*.pdf"))) == 3 * fast.KEPT
