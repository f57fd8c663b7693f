"""R20: anonymisation leaves every past figure as it was."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import purging, retention
from leads.analytics import action, anonymous, board, checks, facts, reading, tiles
from leads.analytics.filters import NAMES, NONE, Filters
from leads.models import AudienceCount, KeptDay, Lead, LeadFacts
from leads.models.facts import DAY_COUNTS
from reports import downloads, relabelling
from tests.leads.analytics.seeds import SEEDS
from tests.leads.analytics.test_facts import INSTANTS, WHOLE, History
from tests.leads.factories import HitFactory, LeadFactory, SubmissionFactory
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
PERIODS = [
    WHOLE,
    Filters(INSTANTS[0].date(), INSTANTS[-1].date()),
    *(Filters(at.date(), at.date() + timedelta(days=40)) for at in INSTANTS[::7]),
]


def without_erased(counts):
    """Leave out how many people are erased: of that, a purge makes more."""
    return {name: number for name, number in counts.items() if name != "erased"}


def told_of(filters):
    """Return the whole dashboard of a period, the proof of action, and each tile."""
    seen = board.read(filters)
    cohorts = action.cohorts(filters, *action.ACTS)
    return {
        "now": without_erased(seen.now),
        "before": without_erased(seen.before),
        "days": {at: without_erased(counts) for at, counts in seen.days.items()},
        "by": {
            cut: {
                value: [without_erased(counts) for counts in pair]
                for value, pair in values.items()
                if pair[0]["leads"] or pair[1]["leads"]
            }
            for cut, values in seen.by.items()
        },
        "tiles": {tile.key: tile.count(filters) for tile in tiles.TILES},
        "aside": tiles.set_aside(filters),
        "counts": without_erased(reading.counts(filters)),
        "weeks": {
            at: without_erased(counts)
            for at, counts in reading.series(filters, weekly=True).items()
        },
        "action": {act.key: cohorts[act] for act in action.ACTS},
        "audience": anonymous.read(filters),
    }


def told_by_one(filters):
    """Return the figures of each value of each cut, as the days and the board tell."""
    found = {}
    for cut in NAMES:
        found[cut] = {
            value: without_erased(counts)
            for value, counts in reading.by(filters, cut).items()
        }
        for value in found[cut]:
            one = filters.having(cut, value or NONE)
            seen = board.read(one)
            assert without_erased(seen.now) == without_erased(reading.counts(one))
            for values in seen.by.values():
                total = sum(pair[0]["leads"] for pair in values.values())
                assert total == seen.now["leads"]
            found[cut, value] = (
                without_erased(seen.now),
                without_erased(seen.before),
                reading.series(one).keys(),
                {at: counts["leads"] for at, counts in seen.days.items()},
            )
    return found


def told_of_downloads():
    period = downloads.Period(WHOLE.first, WHOLE.last)
    return (
        downloads.by_day(period),
        downloads.by_type(period),
        downloads.by_rule(period),
    )


@pytest.mark.parametrize("seed", SEEDS)
def test_a_purge_changes_no_figure_of_the_past(seed, monkeypatch):
    history = History(seed)
    history.play(70)
    AudienceCount.count_one("page", "", "salon", "", "phone", robot=False)
    facts.refresh_all()
    before = [told_of(period) for period in PERIODS]
    by_one = [told_by_one(period) for period in PERIODS[:2]]
    files = told_of_downloads()
    # Everybody but a few, whatever they did and were: merged, tests, suspects.
    due = Lead.objects.filter(
        pk__in=list(Lead.objects.values_list("pk", flat=True)[2:])
    )
    monkeypatch.setattr(retention, "due", lambda: due.filter(erased_at=None))
    rows = [purging.Rows("contact", retention.due, purging._anonymise, piece=1)]
    monkeypatch.setattr(purging, "CLOCKS", rows)

    assert purging.purge().gone["contact"] > 2

    for _ in range(2):  # At once, and once the marks are taken.
        assert [told_of(period) for period in PERIODS] == before
        assert [told_by_one(period) for period in PERIODS[:2]] == by_one
        assert told_of_downloads() == files
        facts.refresh_all()
    facts.rebuild()
    assert [told_of(period) for period in PERIODS] == before
    assert not [found for found in checks.check() if "personnes" not in found.what]


def test_what_could_name_somebody_together_is_kept_apart():
    SubmissionFactory(
        lead__region="94", lead__job_function="dg", source={"utm_source": ["salon"]}
    )
    facts.refresh_all()
    before = LeadFacts.objects.get()

    purging._anonymise(Lead.objects.all())

    after = LeadFacts.objects.get()
    assert (after.region, after.job_function, after.origin) == ("", "", "")
    assert after.organisation_type == before.organisation_type
    kept = KeptDay.objects.filter(leads=1).values_list("cut", "value")
    assert set(kept) == {
        ("region", "94"),
        ("job_function", "dg"),
        ("origin", before.origin),
    }
    names = {field.name for field in KeptDay._meta.fields}
    assert names == {"id", "day", "cut", "value", *DAY_COUNTS}


def test_crossed_with_another_cut_who_was_anonymised_is_of_no_known_value():
    lead = LeadFactory(region="94", job_function="dg")
    SubmissionFactory(lead=lead)
    facts.refresh_all()
    today = timezone.localdate()
    filters = Filters(today, today, {"region": "94"})

    purging._anonymise(Lead.objects.all())

    seen = board.read(filters)
    assert seen.now["leads"] == 1
    assert seen.by["region"]["94"][0]["leads"] == 1
    assert seen.by["job_function"][""][0]["leads"] == 1
    crossed = filters.having("job_function", "dg")
    assert board.read(crossed).now["leads"] == reading.counts(crossed)["leads"] == 0


def test_rules_that_change_later_move_nothing_of_who_is_gone():
    hit = HitFactory(copy=SubmissionFactory().copy)
    purging._anonymise(Lead.objects.filter(pk=hit.copy.lead_id))

    assert relabelling.waiting() == []


def test_a_figure_says_how_many_of_it_open_no_more(client, sign_in):
    gone, there = (SubmissionFactory(lead__region="94").lead for _ in range(2))
    facts.refresh_all()
    purging._anonymise(Lead.objects.filter(pk=gone.pk))
    sign_in("Marketing")

    asked = {"tuile": "leads", "region": "94"}
    response = client.get(page("mesure_lines", **asked))

    assert response.context["total"] == "2"
    assert "Dont 1 de personnes anonymisées depuis" in response.text
    [line] = response.context["lines"]
    assert str(there.last_name) in str(line["cells"])
