"""Figures as French says them: singulars, periods, and what a rate is of."""

from __future__ import annotations

from datetime import date

import pytest

from leads.analytics import tiles, words
from leads.analytics.reading import Rate

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("2026-11-01", "2026-11-28", "du 1er au 28 novembre 2026"),
        ("2026-09-07", "2026-11-28", "du 7 septembre au 28 novembre 2026"),
        ("2025-11-30", "2026-11-28", "du 30 novembre 2025 au 28 novembre 2026"),
        ("2026-11-01", "2026-11-01", "le 1er novembre 2026"),
    ],
)
def test_a_period_says_its_month_and_its_year_once(first, last, said):
    period = words.period(date.fromisoformat(first), date.fromisoformat(last))
    assert period.replace(NBSP, " ") == said
    assert "1er " not in period.replace("1er au ", "")


@pytest.mark.parametrize(
    ("many", "one"),
    [
        ("premiers contacts", "premier contact"),
        ("pages vues par des robots", "page vue par des robots"),
        ("remis", "remis"),
        ("rendez-vous", "rendez-vous"),
        ("retirés", "retiré"),
    ],
)
def test_none_and_one_are_singular(many, one):
    assert words.noun(0, many) == words.noun(1, many) == one
    assert words.noun(2, many) == many
    assert many in {tile.noun for tile in tiles.TILES}


def test_a_rate_names_what_it_is_of_or_its_column_does():
    rate = Rate(1, 1)
    assert words.of(rate, "contacts").startswith(f"100{NBSP}% de 1{NBSP}contact (")
    assert words.of(Rate(0, 0), "contacts") == f"pas de taux, sur 0{NBSP}contact"
    assert words.share(rate) == f"100{NBSP}% ({words.interval(rate)})"
    assert " " not in words.interval(rate)
    assert words.share(Rate(300, 600)) == f"50{NBSP}%"
    assert words.share(Rate(0, 0)) == "pas de taux"
