"""The command that writes fictitious copies."""

from __future__ import annotations

import re

import pytest
from django.core.management import CommandError, call_command

from reports.personalisation import PERSONAS, Reader

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")


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
