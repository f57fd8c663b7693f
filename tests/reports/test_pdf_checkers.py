"""Two programs of others look for faults of accessibility, and find none.

That is no claim of conformity: they see a part of what the standards ask.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reports.personalisation import PERSONAS
from tests.reports.synthesis import HOSTILE, SEGMENT_READERS

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")

TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module", params=["sent", "whole"])
def folder(request, made, delivered, tmp_path_factory):
    """Write one copy for each persona, each segment and each difficult name.

    As they are sent, the fast way where it fits; all but segments laid out whole, too.
    """
    folder = tmp_path_factory.mktemp("copies")
    for name in (*PERSONAS, *HOSTILE):
        content = delivered(name) if request.param == "sent" else made(name).content
        (folder / f"{name}.pdf").write_bytes(content)
    for name in SEGMENT_READERS if request.param == "sent" else ():
        (folder / f"{name}.pdf").write_bytes(delivered(name))
    return folder


def run(tool, *args, folder):
    files = sorted(folder.glob("*.pdf"))
    done = subprocess.run(
        [TOOLS / tool, *args, *files], capture_output=True, text=True, check=False
    )
    assert len(files) >= len(PERSONAS) + len(HOSTILE)
    return done, len(files)


def test_outloud_finds_neither_error_nor_warning(folder):
    done, files = run("outloud", "--fail-on", "warning", "--quiet", folder=folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASS") == files
    assert done.stdout.count("0 error(s), 0 warning(s)") == files


def test_pdfua_finds_nothing(folder):
    """Its rule on empty headings breaks down on any file: test_pdf_tags holds it."""
    done, files = run("pdfua", "check", folder=folder)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("result: PASS (no findings)") == files
    assert set(re.findall(r"\[skip *\] (\S+)", done.stdout)) <= {"UA-14-001"}


def test_files_are_light(folder):
    assert all(path.stat().st_size < 200_000 for path in folder.glob("*.pdf"))
