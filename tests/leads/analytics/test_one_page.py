"""The dashboard on paper: one tagged page, the figures of the screen, nobody's name."""

from __future__ import annotations

import io
import os
import random
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from django.utils import timezone

from leads import fictitious
from leads.analytics import action, delays, facts
from leads.analytics.dashboard import dashboard
from leads.analytics.filters import Filters
from leads.models import Lead, MeasureRun
from tests.leads.analytics.test_dashboard import audience
from tests.leads.factories import StaffFactory
from tests.leads.pages import page

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("pdf")]
TOOLS = Path(sys.executable).parent
YEAR = {"du": "2026-01-01", "au": "2026-11-28"}
# Every filter, and the longest words: the page must still be one.
NARROW = {
    "type": "espic",
    "fonction": "drh",
    "region": "27",
    "source": "x" * 60,
    "campagne": "y" * 60,
    "responsable": "aucun",
    "du": "2026-11-01",
}


@pytest.fixture
def content(client):
    def content(group="Marketing", **asked):
        client.force_login(StaffFactory(group=group))
        response = client.get(page("mesure_pdf", **asked))
        assert response.status_code == 200
        return response.content

    return content


def fictitious_year():
    fictitious.generate(60, seed=1)
    audience(random.Random(1))
    facts.refresh_all()


def text_of(content):
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    assert document.get_page_size(0) == pytest.approx((595, 842), abs=1)
    text = document[0].get_textpage().get_text_range()
    document.close()
    return " ".join(text.split())


def test_it_tells_the_figures_of_the_page_and_no_person(content):
    fictitious_year()
    user = StaffFactory(group="Marketing")

    text = text_of(content(**YEAR))

    found = dashboard(Filters.parse(YEAR, user), user)
    assert found.figures["delivered"].value > 3
    for figure in (*found.anonymous, *found.people):
        assert f"{figure.tile.title} {figure.text}" in text
    filters = found.filters
    assert f"{action.never_called(filters).count()} remis, jamais appelé" in text
    for row in action.cohorts(filters, *action.ACTS)[action.ACTS[0]].weeks[:4]:
        counts = " ".join(str(row.count(key)) for key in (*delays.KEYS, action.ALL))
        assert f"{row.key:%d/%m/%Y} {counts}" in text
    for lead in Lead.objects.all():
        assert lead.full_name not in text
        assert lead.email not in text


@pytest.mark.parametrize("asked", [{}, YEAR, NARROW])
@pytest.mark.parametrize("group", ["Marketing", "Commercial"])
def test_it_is_one_page_whatever_is_asked(content, asked, group):
    found = {"what": "remis", "told": 1, "truth": 2, "by": "les messages"}
    for failures in ([], [found]):
        MeasureRun.objects.update_or_create(
            kind="check", defaults={"at": timezone.now(), "failures": failures}
        )
        told = "à prendre avec réserve" in text_of(content(group, **asked))
        assert told is bool(failures)


def test_two_programs_of_others_find_no_fault_in_its_tags(content, tmp_path):
    fictitious_year()
    path = Path(os.environ.get("SHOTS", tmp_path)) / "mesure.pdf"
    path.write_bytes(content(**YEAR))

    for tool, *args in (("outloud", "--fail-on", "warning"), ("pdfua", "check")):
        done = subprocess.run(
            [TOOLS / tool, *args, path], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout
    image = pypdfium2.PdfDocument(io.BytesIO(path.read_bytes()))[0].render(scale=1.5)
    image.to_pil().save(path.with_suffix(".png"))
