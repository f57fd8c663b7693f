"""Arrows point down only: leads → reports → outbox. Nobody imports santescopie."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "outbox": {"outbox"},
    "reports": {"reports", "outbox"},
    "leads": {"leads", "reports", "outbox"},
}
OURS = {"outbox", "reports", "leads", "santescopie", "tests"}


def imports(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.parametrize("app", MAY_IMPORT)
def test_an_app_imports_only_what_stands_below_it(app):
    files = list((ROOT / app).rglob("*.py"))
    assert files
    for path in files:
        found = {name.split(".")[0] for name in imports(path)} & OURS
        assert found <= MAY_IMPORT[app], f"{path.relative_to(ROOT)}: {found}"


def test_only_models_and_migrations_name_an_app_above():
    """A foreign key may name "leads.Lead" as a string, and nothing else may."""
    for app, above in (("outbox", ("reports", "leads")), ("reports", ("leads",))):
        for path in (ROOT / app).rglob("*.py"):
            if "migrations" in path.parts:
                continue
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    for name in above:
                        assert not (
                            node.value.startswith(f"{name}.")
                            and node.value != "leads.Lead"
                            and " " not in node.value
                        ), f"{path}: {node.value}"
