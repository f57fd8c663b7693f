"""The audience as it is read: sums of the counts, by the days and hours of Paris."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from leads.analytics import audience
from leads.analytics.filters import NONE, Filters
from leads.models import AudienceCount

pytestmark = pytest.mark.django_db
# The clock goes forward on the 29th of March 2026: the day has 23 hours.
DAY = date(2026, 3, 29)
FIRST, LAST = (
    datetime(2026, 3, 28, 23, tzinfo=UTC),
    datetime(2026, 3, 29, 21, tzinfo=UTC),
)
BEFORE, AFTER = (
    datetime(2026, 3, 28, 22, tzinfo=UTC),
    datetime(2026, 3, 29, 22, tzinfo=UTC),
)


def seen(count=1, hour=FIRST, step="page", **values):
    values = {"device": "desktop", **values}
    AudienceCount.objects.create(hour=hour, step=step, count=count, **values)


def steps(page=0, form=0, started=0, submitted=0):
    return {"page": page, "form": form, "started": started, "submitted": submitted}


def test_days_begin_and_end_at_midnight_in_paris():
    for count, hour in ((1, BEFORE), (10, FIRST), (100, LAST), (1000, AFTER)):
        seen(count, hour)

    assert audience.counts(Filters(DAY, DAY)) == steps(page=110)
    week = Filters(date(2026, 3, 27), date(2026, 3, 30))
    assert list(audience.series(week).values()) == [
        steps(), steps(page=1), steps(page=110), steps(page=1000),
    ]  # fmt: skip
    hours = audience.by_hour(Filters(DAY, DAY))
    assert list(hours) == list(range(24))
    assert {hour: told["page"] for hour, told in hours.items() if told["page"]} == {
        0: 10,
        23: 100,
    }


def test_steps_are_counted_apart_and_rows_that_share_a_count_are_summed():
    for slot in range(4):
        seen(2, slot=slot)
    seen(5, step="form")
    seen(3, step="started")
    seen(1, step="submitted")
    seen(9, step="error", field="email")

    assert audience.counts(Filters(DAY, DAY)) == steps(8, 5, 3, 1)


def test_robots_are_apart():
    seen(1)
    seen(50, robot=True)

    assert audience.counts(Filters(DAY, DAY)) == steps(page=1)
    assert audience.counts(Filters(DAY, DAY), robots=True) == steps(page=50)


def test_a_figure_equals_the_aggregates_it_opens():
    seen(1, origin="salon", campaign="rennes", device="phone")
    seen(2, origin="salon", device="tablet")
    seen(4, origin="", device="phone")
    whole = Filters(DAY, DAY)

    assert audience.by(whole, "origin") == {"": steps(4), "salon": steps(3)}
    assert audience.by(whole, "campaign") == {"": steps(6), "rennes": steps(1)}
    assert audience.by(whole, "device") == {"phone": steps(5), "tablet": steps(2)}
    for value, told in audience.by(whole, "origin").items():
        one = whole.having("origin", value or NONE)
        assert audience.counts(one) == told
        assert sum(row.count for row in audience.rows(one)) == told["page"]


def test_errors_are_by_field_under_its_label():
    seen(2, step="error", field="email")
    seen(3, step="error", field="region")
    seen(1, step="error", field="gone")
    seen(7, step="error", field="email", robot=True)

    assert audience.errors(Filters(DAY, DAY)) == [
        ("region", "Région", 3),
        ("email", "Adresse électronique professionnelle", 2),
        ("gone", "gone", 1),
    ]


def test_what_is_only_known_of_people_cuts_nothing():
    assert audience.applies(Filters(DAY, DAY, {"origin": "salon"}, owner=3))
    assert not audience.applies(Filters(DAY, DAY, {"region": "53"}))
    with pytest.raises(ValueError, match="region"):
        audience.counts(Filters(DAY, DAY, {"region": "53"}))


def test_each_reading_is_one_query(django_assert_num_queries):
    seen()
    whole = Filters(DAY, DAY)
    for read in (
        audience.counts,
        audience.by_hour,
        audience.series,
        audience.errors,
        lambda filters: audience.by(filters, "origin"),
    ):
        with django_assert_num_queries(1):
            read(whole)


def test_each_rate_has_a_denominator_that_comes_before_it():
    before = [""]
    for step, title, definition, of in audience.STEPS:
        assert of in before
        assert title
        assert definition.endswith(".")
        before.append(step)
