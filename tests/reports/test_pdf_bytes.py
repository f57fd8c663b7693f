"""The same input gives the same bytes, in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from tests.reports.synthesis import READERS, ROOT, open_pdf, render

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")


def test_the_same_input_gives_the_same_bytes(made, copy):
    made("greek")
    assert render(READERS["dg-chu"]) == copy.content


def test_another_reference_or_edition_is_another_document(copy):
    def identifier(content):
        with open_pdf(content) as document:
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
    content = pdf.compose(
        PERSONAS["dg-chu"], edition="1.0", reference="SC26-DEMO-DEMO",
        date=datetime.date(2026, 11, 23), site="https://santescopie.exemple.fr",
        whole=True,
    ).content
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
