"""The fast way: the same document, or the whole one; warm files that may be lost."""

from __future__ import annotations

import datetime
import hashlib
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pikepdf
import pytest
from celery.exceptions import SoftTimeLimitExceeded

from benchmarks.equivalence import POPPLER, differences
from benchmarks.readers import hostile, readers
from outbox.claims import LEASE
from reports import editions, pdf
from reports.pdf import bases, engine, fast
from reports.personalisation import PERSONAS, segment_of

pytestmark = pytest.mark.xdist_group("pdf-fast")

ROOT = Path(__file__).parents[2]
DATE = datetime.date(2026, 11, 23)
REFERENCE = "SC26-DEMO-DEMO"
SITE = "https://santescopie.exemple.fr"
READER = PERSONAS["dg-chu"]


@pytest.fixture(scope="module", autouse=True)
def _end():
    yield
    engine.close()


@pytest.fixture(autouse=True)
def _counted():
    fast.outcomes.clear()


@pytest.fixture
def forgetful(monkeypatch):
    """A process that starts: its memory is empty, its files are there."""
    monkeypatch.setattr(fast, "_bases", {})


@pytest.fixture
def shelf(settings, tmp_path, forgetful):
    settings.PDF_BASES_DIR = tmp_path / "bases"
    return settings.PDF_BASES_DIR


def compose(reader=READER, *, reference=REFERENCE, edition="1.0", whole=False):
    return pdf.compose(
        reader,
        edition=edition,
        reference=reference,
        date=DATE,
        site=SITE,
        whole=whole,
    )


# --- The same document ------------------------------------------------------------


@pytest.mark.skipif(not POPPLER, reason="poppler is absent")
def test_readers_cannot_tell_the_fast_way_from_the_whole():
    """Words and their places, tags, links, metadata and pixels at 100 dpi."""
    for number, (reader, reference) in enumerate(readers(20, seed=7)):
        quick = compose(reader, reference=reference)
        whole = compose(reader, reference=reference, whole=True)
        drawn = 1 if number else None  # All pages, then covers.
        found = differences(quick.content, whole.content, drawn=drawn)
        assert (found, quick.pages) == ([], whole.pages), reader
    assert fast.outcomes == {"fast": 20}


def test_the_file_is_sound_for_a_strict_parser(tmp_path):
    """No warning of qpdf's, no object twice, none that nothing leads to.

    But for tags that WeasyPrint itself leaves aside: as many as in the whole document.
    """
    path = tmp_path / "copy.pdf"
    path.write_bytes(compose().content)
    with pikepdf.open(path) as document:
        assert document.check_pdf_syntax() == []
        assert len(document.pages[0].Contents) == 2
        assert document.trailer.ID[0] != document.trailer.ID[1]
    assert fast.outcomes == {"fast": 1}
    written, aside = objects_of(path.read_bytes())
    assert len(written) == len(set(written)) > 1000
    assert set(aside) == {"/StructElem"}
    assert aside == objects_of(compose(whole=True).content)[1]


def objects_of(content):
    """Return the numbers of what is written, and what kinds nothing leads to."""
    written = [int(number) for number in re.findall(rb"\n(\d+) 0 obj\n", content)]
    with pikepdf.open(BytesIO(content)) as document:
        files = set()
        for number in [*written]:
            item = document.get_object(number, 0)
            kind = item.get("/Type") if isinstance(item, pikepdf.Stream) else None
            if kind == "/ObjStm":
                head = item.read_bytes()[: int(item.First)].split()
                written += map(int, head[::2])
            if kind in ("/ObjStm", "/XRef"):
                files.add(number)
        reached = numbers_under(document.Root, document.trailer.Info)
        aside = set(written) - reached - files
        return written, [str(document.get_object(n, 0).Type) for n in aside]


def numbers_under(*roots):
    """Return the numbers of these objects, and of all that they lead to."""
    found, waiting = set(), list(roots)
    while waiting:
        item = waiting.pop()
        if not isinstance(item, pikepdf.Object) or item.objgen[0] in found:
            continue
        found |= {item.objgen[0]} - {0}  # Nought: it stands within another.
        if isinstance(item, pikepdf.Array):
            waiting.extend(item)
        elif isinstance(item, pikepdf.Dictionary | pikepdf.Stream):
            waiting.extend(value for _, value in item.items())
    return found


def test_a_base_holds_nothing_of_the_reader_who_came_first(shelf):
    compose(READER)
    (first,) = shelf.iterdir()
    before = first.read_bytes()
    first.unlink()
    fast._bases.clear()
    compose(replace(READER, first_name="Zoë"), reference="SC26-AAAA-AAAA")
    (second,) = shelf.iterdir()
    assert (second.name, second.read_bytes()) == (first.name, before)
    assert shelf.stat().st_mode & 0o777 == 0o700
    assert fast.outcomes == {"fast": 2}


def test_the_same_input_gives_the_same_bytes(shelf):
    first = compose().content
    compose(PERSONAS["noms-longs"])
    assert compose().content == first
    fast._bases.clear()
    assert compose().content == first
    assert compose(reference="SC26-AAAA-AAAA").content != first


SCRIPT = """
import datetime, hashlib, os, sys
from pathlib import Path
import django
from django.conf import settings

settings.configure(PDF_BASES_DIR=Path(sys.argv[1]), TEMPLATES=[{
    "BACKEND": "django.template.backends.django.DjangoTemplates",
    "DIRS": ["templates"],
}])
django.setup()
from outbox.claims import LEASE
from reports import pdf
from reports.pdf import fast
from reports.personalisation import PERSONAS, segment_of

def digest():
    content = pdf.render(
        PERSONAS["dg-chu"], edition="1.0", reference="SC26-DEMO-DEMO",
        date=datetime.date(2026, 11, 23), site="https://santescopie.exemple.fr",
    )
    return hashlib.sha256(content).hexdigest()

print(digest(), flush=True)
if os.fork() == 0:
    fast._bases.clear()
    print(digest(), flush=True)
    sys.exit()
assert os.wait()[1] == 0
print(digest(), set(fast.outcomes), flush=True)
"""


@pytest.mark.filterwarnings("ignore:This process.*fork:DeprecationWarning")
def test_other_processes_and_forks_give_the_same_bytes(shelf):
    """A base is taken from memory, from a file, and after a fork."""
    expected = hashlib.sha256(compose().content).hexdigest()
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, shelf],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [expected, expected, expected, "{'fast'}"]
    assert len(list(shelf.iterdir())) == 1


def test_threads_wait_for_each_other():
    names = ["dg-chu", "dsi", "nom-seul"] * 5
    expected = {name: compose(PERSONAS[name]).content for name in names}
    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(lambda name: compose(PERSONAS[name]).content, names))
    assert made == [expected[name] for name in names]


# --- What does not fit is made in full ----------------------------------------------


@pytest.mark.parametrize("name", ["greek", "arabic"])
def test_letters_of_another_font_are_made_in_full_and_counted(name, caplog):
    caplog.set_level("INFO", "reports.pdf.fast")
    reader = hostile()[name]
    assert compose(reader).content == compose(reader, whole=True).content
    assert fast.outcomes == {"letters of another font": 1}
    assert "made in full: letters of another font" in caplog.text
    assert reader.last_name not in caplog.text


@pytest.mark.logs("reports.pdf.engine")
def test_letters_that_no_font_draws_leave_the_label_and_keep_it_fast():
    reader = replace(READER, first_name="Camille \U00013000")
    nobody = replace(READER, first_name="", last_name="")
    assert compose(reader).content == compose(nobody).content
    assert fast.outcomes == {"fast": 2}


@pytest.mark.logs("reports.pdf.fast")
def test_what_breaks_costs_time_and_no_document(monkeypatch):
    """WeasyPrint may change what we stand on."""

    def fail(*args):
        raise AttributeError

    expected = compose(whole=True).content
    monkeypatch.setattr(fast, "add_tags", fail)
    assert compose().content == expected
    assert fast.outcomes == {"broken": 1}


@pytest.mark.logs("reports.pdf.engine")
@pytest.mark.parametrize("name", hostile())
def test_whatever_is_typed_is_set_or_cut(name):
    assert compose(hostile()[name]).content.startswith(b"%PDF-1.7")
    assert compose().content  # The worker goes on.
    assert fast.outcomes["fast"] >= 1


@pytest.fixture(scope="module")
def base():
    compose()
    return next(iter(fast._bases.values()))


@pytest.fixture(scope="module")
def label():
    _, alone = pdf._stand_in("1.0", segment_of(READER))
    return fast.draw(alone)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"path": ["/Document"]}, "tagged elsewhere"),
        ({"operators": [b"q"]}, "drawn elsewhere"),
        ({"states": frozenset({"a0.5"})}, "drawn otherwise"),
        ({"letters": {"OTHERS": {1: "a"}}}, "letters of another font"),
        ({"branch": []}, "linked otherwise"),
    ],
)
def test_a_label_that_is_not_of_its_kind_is_refused(base, label, change, why):
    strange = bases.Label(
        **{name: getattr(label, name) for name in bases.Label.__slots__} | change
    )
    assert base.fill(label, identifier="x", date=DATE)
    with pytest.raises(bases.Miss, match=why):
        base.fill(strange, identifier="x", date=DATE)


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("</section>", '<p class="legend">Après</p></section>', "drawn last"),
        ('<p class="what">', '<p class="what"><span>', "not tagged as when alone"),
    ],
)
@pytest.mark.logs("reports.pdf.fast")
def test_a_base_that_cannot_be_proved_is_not_used(
    shelf, monkeypatch, caplog, before, after, why
):
    """A template may change so that the label is no longer drawn last, or alone."""

    def stand_in(*args):
        whole, alone = plain(*args)
        head, cut, tail = whole.partition('<div class="label')
        return head + cut + tail.replace(before, after, 1), alone

    plain = pdf._stand_in
    monkeypatch.setattr(pdf, "_stand_in", stand_in)
    expected = compose(whole=True).content
    assert compose().content == compose().content == expected
    assert caplog.text.count(why) == 1
    assert fast.outcomes == {"no base": 2}
    assert not list(shelf.iterdir())


def test_a_document_that_takes_too_long_is_given_up_and_the_worker_goes_on(monkeypatch):
    """S14: Celery raises in the middle of whatever runs; after 10 s more it kills."""

    def endless(*args):
        raise SoftTimeLimitExceeded

    with monkeypatch.context() as patch:
        patch.setattr(fast, "add_tags", endless)
        with pytest.raises(SoftTimeLimitExceeded):
            compose()
    assert compose().content
    assert fast.outcomes == {"fast": 1}


def test_a_worker_is_killed_before_another_may_take_its_copy(settings):
    """S14: soft limit, hard limit, then the lease."""
    soft, hard = settings.CELERY_TASK_SOFT_TIME_LIMIT, settings.CELERY_TASK_TIME_LIMIT
    assert soft < hard < LEASE


TOOLS = Path(sys.executable).parent


@pytest.mark.parametrize("tool", [["outloud", "--quiet"], ["pdfua", "check"]])
def test_checkers_say_the_same_of_both_ways(tmp_path, tool):
    said = []
    for whole in (False, True):
        path = tmp_path / f"{whole}.pdf"
        path.write_bytes(compose(PERSONAS["noms-longs"], whole=whole).content)
        done = subprocess.run(
            [TOOLS / tool[0], *tool[1:], path], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout
        said.append(re.sub(r"\S+\.pdf|[\d.]+ ?m?s\b", "", done.stdout))
    assert said[0] == said[1]


# --- Files --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage", [b"", b"no digest\n{}", None], ids=["empty", "other", "flipped"]
)
@pytest.mark.logs("reports.pdf.fast")
def test_a_damaged_file_is_made_again(shelf, damage):
    expected = compose().content
    (path,) = shelf.iterdir()
    whole = path.read_bytes()
    flipped = whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]
    path.write_bytes(flipped if damage is None else damage)
    fast._bases.clear()
    assert compose().content == expected
    assert path.read_bytes() == whole
    assert fast.outcomes == {"fast": 2}


@pytest.mark.logs("reports.pdf.fast")
def test_a_folder_that_others_may_write_is_not_trusted(shelf, caplog):
    shelf.mkdir()
    shelf.chmod(0o777)
    assert compose().content
    assert "others may write" in caplog.text
    assert not list(shelf.iterdir())


@pytest.mark.logs("reports.pdf.fast")
def test_where_no_folder_can_be_made_memory_is_enough(shelf, caplog):
    shelf.parent.mkdir(exist_ok=True)
    shelf.touch()
    assert compose().content == compose().content
    assert fast.outcomes == {"fast": 2}
    assert caplog.text.count("in memory alone") == 1


def test_another_content_or_engine_has_a_file_of_its_own(shelf, monkeypatch, base):
    monkeypatch.setattr(fast, "_make", lambda *args: base)
    compose()
    monkeypatch.setattr("reports.study.EXPERT", "Une autre phrase.")
    fast._bases.clear()
    compose()
    monkeypatch.setattr(fast, "machinery", lambda: "another engine")
    fast._bases.clear()
    compose()
    assert len(list(shelf.iterdir())) == 3


def test_memory_and_folder_hold_so_many_bases(shelf, monkeypatch, base):
    monkeypatch.setattr(fast, "_make", lambda *args: base)
    monkeypatch.setattr(fast, "KEPT", 1)
    for edition in ("1.0", "1.1", "1.2", "1.0"):
        compose(edition=edition)
    assert [edition for edition, _ in fast._bases] == ["1.0"]
    assert len(list(shelf.iterdir())) == 2


def test_another_version_of_any_part_of_the_engine_is_another_machinery(monkeypatch):
    assert set(editions.ENGINE) <= set(fast.ENGINE)
    seen = set()
    for name in ("", *fast.ENGINE):
        versions = dict.fromkeys(fast.ENGINE, "1") | {name: "2"}
        monkeypatch.setattr(fast, "version", versions.get)
        seen.add(fast.machinery.__wrapped__())
    assert len(seen) == 1 + len(fast.ENGINE)
