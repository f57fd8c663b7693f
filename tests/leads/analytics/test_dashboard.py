"""The dashboard: every figure is as many rows as it opens."""

from __future__ import annotations

from datetime import timedelta

import pytest

from leads.analytics import board, facts, reading, tiles
from leads.analytics.dashboard import dashboard
from leads.analytics.filters import NAMES, NONE, Filters
from leads.models import AudienceCount, LeadFacts
from tests.leads.analytics.seeds import SEEDS
from tests.leads.analytics.test_facts import INSTANTS, History
from tests.leads.factories import StaffFactory

pytestmark = pytest.mark.django_db


def audience(rng):
    for _ in range(30):
        AudienceCount.objects.update_or_create(
            hour=rng.choice(INSTANTS),
            step=rng.choice(["page", "form", "started", "submitted"]),
            field="",
            origin=rng.choice(["", "courriel"]),
            campaign=rng.choice(["", "printemps"]),
            device="phone",
            robot=rng.random() < 0.3,
            slot=rng.randrange(3),
            defaults={"count": rng.randrange(1, 50)},
        )


def some_filters(rng, user):
    first = rng.choice(INSTANTS).date()
    asked = {
        "du": first.isoformat(),
        "au": (first + timedelta(days=rng.choice([0, 1, 30, 200]))).isoformat(),
    }
    for cut in rng.sample(sorted(NAMES), rng.choice([0, 0, 1, 2])):
        name = "owner_id" if cut == "owner" else cut
        found = LeadFacts.objects.values_list(name, flat=True)
        values = sorted({str(value or "") for value in found})
        asked[NAMES[cut]] = rng.choice(values) or NONE
    return Filters.parse(asked, user), asked


def of_page(found):
    """Return (address, number) of all that the page shows and opens."""
    yield from ((f.url, f.value) for f in found.figures.values())
    yield found.robots.url, found.robots.value
    cells = [cell for _, *two in found.aside for cell in two]
    cells += [cell for _, row in found.days for cell in row.values()]
    cells += [c for table in found.tables for row in table.rows for c in row.cells]
    yield from ((cell.url, cell.value) for cell in cells)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_figure_is_as_many_rows_as_it_opens(client, seed):
    history = History(seed)
    audience(history.rng)
    history.play(40)
    facts.refresh_all()
    marketing = StaffFactory(group="Marketing")
    for user in (marketing, history.staff[0]):
        client.force_login(user)
        for _ in range(2):
            filters, _ = some_filters(history.rng, user)
            found = dashboard(filters, user)
            check(client, history.rng, list(of_page(found)))


def check(client, rng, shown):
    opened = [row for row in shown if row[1]]
    for url, value in rng.sample(opened, min(len(opened), 12)) + shown[:14]:
        response = client.get(f"/admin/mesure/{url}")
        assert response.status_code == 200
        rows = response.context["rows"]
        listed = list(rows.listing.lines(rows.listing.rows))
        if rows.tile.is_anonymous:
            assert sum(int(line.cells[-1]) for line in listed) == value == rows.total
        else:
            assert len(listed) == value == rows.total, url


def some_of(names, by):
    return {v: {name: counts[name] for name in names} for v, counts in by.items()}


@pytest.mark.parametrize("seed", SEEDS)
def test_the_page_agrees_with_the_definition_of_each_figure(seed):
    history = History(seed)
    history.play(60)
    facts.refresh_all()
    for user in (StaffFactory(group="Marketing"), history.staff[0]):
        for _ in range(5):
            filters, _ = some_filters(history.rng, user)
            found = board.read(filters)
            assert found.now == reading.counts(filters)
            assert found.before == reading.counts(filters.previous)
            assert found.days == reading.series(filters)
            assert found.weeks() == reading.series(filters, weekly=True)
            for cut in NAMES:
                told = {v: now for v, (now, _) in found.by[cut].items() if now["leads"]}
                assert told == some_of(board.COLUMNS, reading.by(filters, cut))
                past = {v: c for v, (_, c) in found.by[cut].items() if c["leads"]}
                before = reading.by(filters.previous, cut)
                assert past == some_of(board.BEFORE, before)
            for tile in tiles.TILES:
                if not tile.is_anonymous:
                    assert tile.count(filters) == tile.rows(filters).count()
            for rule, requests, files in tiles.set_aside(filters):
                told = {"set_aside": requests, "served_aside": files}
                for key, number in told.items():
                    tile = tiles.BY_KEY[key]
                    assert tile.count(filters, rule) == number
                    assert tile.rows(filters, rule).count() == number
            served = sum(files for _, _, files in tiles.set_aside(filters))
            assert served == found.now["raw_retrievals"] - found.now["retrievals"]
