"""S26: what is installed is what was locked, and what tools say of it is read right."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LOCKS = ("requirements.txt", "requirements-dev.txt")
spec = importlib.util.spec_from_file_location(
    "packages", ROOT / "audit" / "packages.py"
)
packages = importlib.util.module_from_spec(spec)
spec.loader.exec_module(packages)


def entries(name):
    """Return each requirement of a lock, whole."""
    text = (ROOT / name).read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_s26_every_requirement_is_pinned_with_hashes(name):
    """S26: one version, by SHA-256; no address, no option that would loosen it."""
    assert len(entries(name)) > 20
    for entry in entries(name):
        assert re.match(r"[a-z0-9][a-z0-9._-]*(\[[a-z,]+\])?==[^ *]+ ", entry), entry
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", entry), entry
        assert "://" not in entry
        assert " @ " not in entry


def test_s26_both_locks_hold_the_same_versions():
    """S26: what is tested is what is deployed."""
    deployed, tested = (packages.locked(ROOT / name) for name in LOCKS)
    assert deployed < tested


def test_s26_whatever_is_asked_for_is_locked():
    """S26: a dependency cannot be added without its hashes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = {name for name, _ in packages.locked(ROOT / "requirements.txt")}
    for wanted in project["dependencies"]:
        assert packages.normal(re.match(r"[A-Za-z0-9._-]+", wanted)[0]) in names


@pytest.mark.parametrize("file", ["setup", "Dockerfile"])
def test_s26_hashes_are_checked_wherever_packages_are_installed(file):
    """S26"""
    text = (ROOT / file).read_text()
    assert text.count("pip install") == text.count("--require-hashes") == 1
    assert "--no-deps" in text


def test_packages_without_an_advisory_are_not_held_for_sound():
    wanted = {("django", "6.1.3"), ("celery", "5.7.0")}
    sound = {"name": "Django", "version": "6.1.3", "vulns": []}
    unknown = {"name": "celery", "skip_reason": "Dependency not found"}
    hurt = {**sound, "vulns": [{"id": "CVE-2026-1", "fix_versions": ["6.1.4"]}]}
    other = {"name": "celery", "version": "5.7.0", "vulns": []}

    for rows, status in (
        ([sound, other], 0),
        ([sound, unknown], 2),
        ([sound], 2),
        ([], 2),
        ([hurt, unknown], 1),
    ):
        assert packages.advisories({"dependencies": rows}, wanted)[0] == status
    assert "CVE-2026-1" in packages.advisories({"dependencies": [hurt]}, wanted)[1]


def test_a_bill_that_forgets_a_package_is_wrong():
    wanted = {("django", "6.1.3")}
    reference = {"hashes": [{"alg": "SHA-256", "content": "0"}]}
    part = {"name": "django", "version": "6.1.3", "externalReferences": [reference]}

    assert packages.bill({"components": [part]}, wanted)[0] == 0
    assert packages.bill({"components": []}, wanted)[0] == 1
    assert packages.bill({"components": [{**part, "version": "6.1"}]}, wanted)[0] == 1
    part = {**part, "externalReferences": []}
    assert packages.bill({"components": [part]}, wanted)[0] == 1


def test_a_report_that_cannot_be_read_proves_nothing(tmp_path, capsys):
    report = tmp_path / "advisories.json"
    lock = ROOT / "requirements.txt"

    assert packages.main("advisories", report, lock) == 2
    report.write_text("<html>")
    assert packages.main("advisories", report, lock) == 2
