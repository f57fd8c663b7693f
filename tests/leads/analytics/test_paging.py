"""Pages that skip whole days list the same rows, in the same order, as all of them."""

from __future__ import annotations

from datetime import date

import pytest

from leads.analytics import facts, paging, tiles
from leads.analytics.filters import Filters
from leads.analytics.labels import Labels
from leads.analytics.lines import listing
from tests.leads.analytics.seeds import SEEDS
from tests.leads.analytics.test_facts import History
from tests.leads.factories import StaffFactory

pytestmark = pytest.mark.django_db
YEAR = (date(2026, 1, 1), date(2026, 12, 31))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pages_of_a_figure_are_its_rows(seed):
    history = History(seed)
    history.play(60)
    facts.refresh_all()
    user = StaffFactory(group="Marketing")
    labels = Labels.read(user)
    for filters in (
        Filters(*YEAR),
        Filters(*YEAR, {"organisation_type": "ch"}),
        Filters(*YEAR, {"organisation_type": "ch", "origin": "aucun"}),
        Filters(*YEAR, owner=history.staff[0].pk),
    ):
        rules = [rule for rule, *_ in tiles.set_aside(filters)]
        for tile in tiles.TILES:
            if tile.is_anonymous:
                continue
            for rule in ("", *rules) if "aside" in tile.key else ("",):
                rows = listing(tile, tile.rows(filters, rule), user, labels).rows
                pages = paging.pages(tile, filters, rule, rows, 3)
                found = [row.pk for number in pages for row in number]
                assert found == [row.pk for row in rows]


def test_a_page_reads_the_days_that_hold_it_and_no_other():
    days = [(date(2026, 1, number), size) for number, size in ((5, 4), (4, 1), (2, 9))]
    fifth, fourth, second = (day for day, _ in days)
    for start, told in {
        0: (0, [fifth]),
        3: (3, [fifth, fourth, second]),
        4: (0, [fourth, second]),
        6: (1, [second]),
        13: (8, [second]),
        14: (0, []),
    }.items():
        assert paging._around(days, start, 3) == told
