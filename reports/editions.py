"""Declare the editions, and tell whether the tree still makes the last of them.

To make one: change the document, add it to DECLARED with its note and what
`manage.py render_synthesis --fingerprint` prints; add a migration whose operation is
`editions.declare("1.1")`; deploy, make its proofs in the admin, publish it there. The
live edition's own proofs, which it is compared with, are made while its tree runs.

To release the last one declared: add its version and fingerprint to RELEASED, in the
commit that is tagged. From then on a test refuses any other fingerprint under that
number, and the document changes by another edition. 1.0 is not released yet.
"""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import migrations
from django.db.models.functions import Now

ROOT = Path(settings.BASE_DIR)


@dataclass(frozen=True, slots=True)
class Declared:
    version: str
    fingerprint: str
    note: str


# Until it is released, 1.0 follows the tree: replace this by what is printed.
FIRST = "a3a813734e57e7f8d2b7bc4e29a7144849e41776a99ab7b462e79beb375772d0"

DECLARED = (Declared("1.0", FIRST, "Première édition."),)
PRESENT = DECLARED[-1]  # The only one that this tree can make.
RELEASED: dict[str, str] = {}  # By version; a line is added, none is changed.

# What the lock pins. Pango and HarfBuzz are the machine's: they are left out, so that
# the same tree has the same fingerprint everywhere.
ENGINE = (
    "cssselect2", "django", "fonttools", "pydyf", "Pyphen", "segno", "tinycss2",
    "tinyhtml5", "weasyprint",
)  # fmt: skip


def sources() -> list[Path]:
    """Return all that decides what is drawn: code, templates, style and fonts.

    What `reports.pdf` imports or its templates include is found, not listed, so that
    nothing is forgotten. A comment counts, too: nobody has to judge it.
    """
    reports, templates = ROOT / "reports", ROOT / "templates"
    found = {*(reports / "pdf").glob("*.css"), *(reports / "pdf/fonts").glob("*.ttf")}
    waiting = {*(reports / "pdf").glob("*.py"), *(templates / "pdf").rglob("*.html")}
    while waiting:
        path = waiting.pop()
        found.add(path)
        named = _imported if path.suffix == ".py" else _included
        waiting |= {other for other in named(path) if other.is_file()} - found
    return sorted(found)


def _imported(path: Path) -> Iterator[Path]:
    """Yield the files that the modules named in an import of `reports` may be."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{a.name}" for a in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.startswith("reports."):
                module = ROOT.joinpath(*name.split("."))
                yield from (module.with_suffix(".py"), module / "__init__.py")


def _included(path: Path) -> Iterator[Path]:
    for name in re.findall(r"""["']([\w/.-]+\.html)""", path.read_text("utf-8")):
        yield ROOT / "templates" / name


@cache
def fingerprint() -> str:
    """Return the SHA-256 of what this tree and its engine draw with, in hexadecimal."""
    lines = [f"{name} {version(name)}" for name in ENGINE]
    for path in sources():
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        lines.append(f"{path.relative_to(ROOT).as_posix()} {digest}")
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def is_intact() -> bool:
    """Tell whether the tree is the edition that it declares."""
    return fingerprint() == PRESENT.fingerprint


def altered() -> list[str]:
    """Return the editions that are not what was released under their number.

    All but the last declared must be released: nothing follows the tree but that one.
    """
    declared = {edition.version: edition.fingerprint for edition in DECLARED}
    expected = {**dict.fromkeys(list(declared)[:-1], ""), **RELEASED}
    return [number for number, seal in expected.items() if declared.get(number) != seal]


def declare(number: str) -> migrations.RunPython:
    """Return the migration that makes a declared edition known to the staff.

    It waits for its proofs and for somebody to publish it; where no copy was ever
    asked for, there is nothing to compare it with and it is published at once.
    """
    declared = next(edition for edition in DECLARED if edition.version == number)

    def add(apps: Any, schema_editor: Any) -> None:
        fresh = not apps.get_model("reports", "Copy").objects.exists()
        apps.get_model("reports", "Edition").objects.get_or_create(
            version=declared.version,
            defaults={
                "note": declared.note,
                "fingerprint": declared.fingerprint,
                "published_at": Now() if fresh else None,
            },
        )

    return migrations.RunPython(add, migrations.RunPython.noop)
