"""Drawings count back to their text."""

from __future__ import annotations

import re

import pytest
from django.template.loader import render_to_string
from django.utils import translation

from reports import drawings, study

PEOPLE = [figure for figure in study.FIGURES.values() if figure.asked]


def test_the_field_counts_one_mark_per_respondent():
    assert sum(int(reach + 0.5) for _, reach in drawings.ROWS) == study.PRACTITIONERS
    assert study.PRACTITIONERS + study.PATIENTS == study.RESPONDENTS
    assert drawings.FIELD_DISCS.count("M") == drawings.FIELD_SQUARES.count("M")
    assert drawings.FIELD_RING.count("A") == study.STEPS


@pytest.mark.parametrize("figure", study.FIGURES.values(), ids=lambda f: f.key)
def test_a_ruler_counts_back_to_its_text(figure):
    def dashes(path):
        if not path:
            return 0, None
        start, end = map(float, re.fullmatch(r"M([\d.]+) 22H([\d.]+)", path).groups())
        count = 1 + (end - start) // drawings.PITCH
        return count, start // drawings.PITCH

    ruler = drawings.ruler(figure)
    stained, first = dashes(ruler.stained)
    plain, _ = dashes(ruler.plain)
    assert stained == figure.amount
    if figure.shape is study.Shape.SHARE:
        assert (first, plain) == (0, 100 - figure.amount)
    elif figure.shape is study.Shape.INCREASE:
        assert (first, plain) == (100, 100)
    else:
        assert (first, plain, ruler.beyond) == (0, 0, True)


@pytest.mark.parametrize("figure", PEOPLE, ids=lambda f: f.key)
def test_a_field_counts_back_to_its_text(figure):
    """Where marks are drawn, by the steps of each row: stained first, then plain."""

    def places(marks):
        length, gap = map(float, marks.dash.split())
        assert length + gap == pytest.approx(1)
        for row in re.finditer(r"M([\d.]+) ([\d.]+)H([\d.]+)", marks.path):
            start, y, end = map(float, row.groups())
            for step in range(round(end - start - length) + 1):
                middle = start + step + (0 if marks.cap == "round" else length / 2)
                yield round(middle, 3), y

    field = drawings.field(figure)
    every = [(x + 0.5, y + 0.5) for y in range(10) for x in range(10)]
    assert list(places(field.stained)) == every[: figure.amount]
    assert list(places(field.plain)) == every[figure.amount :]
    assert list(places(field.hollow)) == every[figure.amount :]
    shape = "disques" if figure.asked is study.Population.PROFESSIONALS else "carrés"
    assert field.text == f"Cent {shape}, dont {figure.amount} teintés."


@pytest.mark.parametrize("template", ["pdf/cover.html", "reports/drawings/method.html"])
def test_drawings_survive_a_language_with_decimal_commas(template):
    context = {"drawings": drawings, "study": study, "number": 4}
    with translation.override("fr"):
        html = render_to_string(template, context)
    assert "<svg" in html
    assert not re.search(r'(?:cx|cy|r|d|width)="[^"]*\d,\d', html)
