"""Figures as French says them; a rate says what it is of, and how sure it is."""

from __future__ import annotations

from datetime import date

import pytest

from leads.analytics import tiles, words
from leads.analytics.reading import Rate

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    [  # R. G. Newcombe, Statistics in Medicine 17 (1998), table I: Wilson, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        # By symmetry.
        (20, 20, 0.8389, 1.0),
    ],
)
def test_the_interval_is_wilson_s(count, of, low, high):
    found = Rate(count, of).interval

    assert found == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@pytest.mark.parametrize("rate", [Rate(0, 0), Rate(3, 2), Rate(-1, 2)])
def test_what_is_no_share_has_no_interval(rate):
    assert rate.interval is None
    assert words.interval(rate) == ""


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (0, "0\u00a0%"),
        (1 / 10_000, "moins de 1\u00a0%"),
        (1 / 200, "moins de 1\u00a0%"),  # Half of one: no « 0 % ».
        (0.0051, "1\u00a0%"),
        (1 / 3, "33\u00a0%"),
        (0.994, "99\u00a0%"),
        (199 / 200, "plus de 99\u00a0%"),
        (9_999 / 10_000, "plus de 99\u00a0%"),
        (1, "100\u00a0%"),
    ],
)
def test_neither_none_nor_all_is_said_of_what_is_not(share, said):
    assert words.percent(share) == said


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (Rate(0, 0), "pas de taux, sur 0\u00a0remis"),
        (Rate(11, 18), "61\u00a0% de 18\u00a0remis (de\u00a039\u00a0à\u00a080\u00a0%)"),
        (
            Rate(200, 399),
            "50\u00a0% de 399\u00a0remis (de\u00a045\u00a0à\u00a055\u00a0%)",
        ),
        (Rate(200, 400), "50\u00a0% de 400\u00a0remis"),
        (Rate(3, 2), "plus que les 2\u00a0remis"),
    ],
)
def test_a_rate_names_its_base_and_below_400_its_interval(rate, said):
    assert words.of(rate, "remis") == said


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [
        (300, 288, "12\u00a0de plus qu’avant\u00a0(288)"),
        (0, 1500, "1\u202f500\u00a0de moins qu’avant\u00a0(1\u202f500)"),
        (7, 7, "autant qu’avant\u00a0(7)"),
    ],
)
def test_a_change_is_a_number(now, before, said):
    assert words.change(now, before) == said


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
