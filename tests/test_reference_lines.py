"""Each line of docs/privacy.md and docs/security.md is named by a test, or excused."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DOCS = {"R": ROOT / "docs" / "privacy.md", "S": ROOT / "docs" / "security.md"}
MANY = {"R": 33, "S": 27}
ID = re.compile(r"\b[RS][1-9]\d?\b")
IN_NAME = re.compile(r"_([rs][1-9]\d?)_")
TESTED = "tested"
EXCUSED = re.compile(r"(decided otherwise|does not apply): .{40,}")
CHAPTERS = 17  # Of ASVS 5.0.0.
STATES = {"met", "partly", "not met", "does not apply"}


def every_test():
    """Yield each test of the tree: its name, and what its docstring says."""
    for path in sorted((ROOT / "tests").rglob("test_*.py")):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name, ast.get_docstring(node) or ""


def lines(letter):
    """Return {id: state} of the table of one document."""
    row = re.compile(rf"^\| ({letter}\d+) \| (.+?) \| (.+) \|$", re.M)
    found = row.findall(DOCS[letter].read_text())
    assert len(found) == len({id for id, _, _ in found}), "a line is there twice"
    assert all(len(words) > 15 for _, words, _ in found)
    return {id: state for id, _, state in found}


def sections():
    """Return {section: (state, why)} of the assessment."""
    text = DOCS["S"].read_text().partition("## OWASP ASVS")[2]
    row = re.compile(r"^\| (V\d+[^|]*?) \| ([^|]+?) \| (.+) \|$", re.M)
    return {name: (state, why) for name, state, why in row.findall(text)}


NAMES = [name for name, _ in every_test()]
NAMED = {
    id
    for name, words in every_test()
    for id in [*ID.findall(words), *(i.upper() for i in IN_NAME.findall(name))]
}


@pytest.mark.parametrize("letter", DOCS)
def test_the_document_has_every_line(letter):
    assert list(lines(letter)) == [f"{letter}{n + 1}" for n in range(MANY[letter])]


@pytest.mark.parametrize("letter", DOCS)
def test_each_line_is_named_by_a_test_or_says_why_not(letter):
    for id, state in lines(letter).items():
        if state == TESTED:
            assert id in NAMED, f"{id}: no test names it"
        else:
            assert EXCUSED.match(state), f"{id}: {state}"


def test_no_test_names_a_line_that_does_not_exist():
    known = {*lines("R"), *lines("S")}
    assert not NAMED - known


def test_every_test_that_the_document_names_exists():
    named = re.findall(r"`(test_\w+)`", DOCS["S"].read_text())
    assert len(named) > 60
    assert not set(named) - set(NAMES)


def test_each_threat_has_a_test():
    text = DOCS["S"].read_text()
    model = text.partition("## Threat model")[2].partition("\n## ")[0]
    rows = [line for line in model.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for row in rows:
        cells = row.strip("| ").split(" | ")
        assert len(cells) == 4, row
        assert "`test_" in cells[3], row


def test_the_assessment_has_every_chapter_and_hides_nothing():
    """What is met says how it is known; what is not says what is missing."""
    found = sections()
    chapters = {int(re.match(r"V(\d+)", name)[1]) for name in found}
    assert chapters == set(range(1, CHAPTERS + 1))
    for name, (state, why) in found.items():
        assert state in STATES, name
        assert len(why) >= 4, name
    assert {state for state, _ in found.values()} == STATES


def test_who_finds_something_knows_where_to_say_so():
    """S27: SECURITY.md leads to security.txt, and invents no address."""
    text = (ROOT / "SECURITY.md").read_text()
    assert "/.well-known/security.txt" in text
    assert "SECURITY_CONTACT" in text
    assert "@" not in text
    for heading in ("Reporting", "What to expect", "Versions"):
        assert heading in text
