"""What is deployed is what is tested: one set of commands, no secret by default."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from santescopie.demo.supervisor import Demo

ROOT = Path(__file__).parent.parent
COMPOSE = (ROOT / "docker-compose.yml").read_text()
PROCFILE = dict(
    line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines()
)
PROCFILE["migrate"] = PROCFILE.pop("release")


def service(name):
    """Return the lines of one service of the compose file."""
    services = COMPOSE.split("\nservices:\n", 1)[1].split("\nvolumes:\n", 1)[0]
    return re.search(rf"(?ms)^  {name}:\n(.*?)(?=^  \w+:|\Z)", services).group(1)


def words(command):
    """Return a command's words, its paths left out."""
    return {word for word in command.split() if "/" not in word}


@pytest.mark.parametrize("name", PROCFILE)
def test_compose_and_procfile_run_the_same_command(name):
    assert f"command: {PROCFILE[name]}\n" in service(name)


@pytest.mark.parametrize("name", ["web", "worker", "relay", "beat"])
def test_the_demo_that_the_tests_follow_runs_that_command_too(name, tmp_path):
    demo = Demo(tmp_path, 8000)
    services = [demo._web({}), *demo._others({})]
    [argv] = [service.argv for service in services if service.name == name]

    assert words(PROCFILE[name]) - {"python"} <= set(argv)


def test_no_secret_has_a_default():
    for name in ("SECRET_KEY", "POSTGRES_PASSWORD", "MAIL_URL"):
        assert f"${{{name}:?" in COMPOSE
        assert f"${{{name}:-" not in COMPOSE


def test_every_variable_of_the_settings_has_its_line_in_the_example():
    settings = (ROOT / "santescopie" / "settings.py").read_text()
    example = (ROOT / ".env.example").read_text()
    names = set(re.findall(r'env(?:\.\w+)?\(\s*"([A-Z_]+)"', settings))

    assert len(names) > 15
    for name in names - {"DEBUG", "DEMO"}:
        assert re.search(rf"^#?{name}=", example, re.MULTILINE), name
