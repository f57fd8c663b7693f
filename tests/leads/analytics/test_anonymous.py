"""The audience as it is read: sums of the counts, by the days of Paris."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from django.utils import timezone

from leads.analytics import anonymous, audience_days, checks, tiles
from leads.analytics.filters import NONE, Filters
from leads.models import AudienceCount, AudienceDay

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
TODAY = Filters(DAY, DAY)


def seen(count=1, hour=FIRST, step="page", **values):
    values = {"device": "desktop", **values}
    AudienceCount.objects.create(hour=hour, step=step, count=count, **values)


def test_days_begin_and_end_at_midnight_in_paris():
    for count, hour in ((1, BEFORE), (10, FIRST), (100, LAST), (1000, AFTER)):
        seen(count, hour)

    told = anonymous.read(TODAY)
    assert (told.now, told.before) == ({"page": 110}, {"page": 1})


def test_steps_are_counted_apart_and_rows_that_share_a_count_are_summed():
    for slot in range(4):
        seen(2, slot=slot)
    seen(5, step="form")
    seen(3, step="started")
    seen(1, step="submitted")

    now = {"page": 8, "form": 5, "started": 3, "submitted": 1}
    assert anonymous.read(TODAY).now == now


def test_robots_are_apart():
    seen(1)
    seen(50, robot=True)
    seen(7, robot=True, step="form")

    assert anonymous.read(TODAY).now == {"page": 1, "robots": 50}


def test_a_figure_equals_the_aggregates_it_opens():
    seen(1, origin="salon", campaign="rennes", device="phone")
    seen(2, origin="salon", device="tablet")
    seen(4, origin="", device="phone")

    for cuts, count in (
        ({}, 7),
        ({"origin": "salon"}, 3),
        ({"origin": NONE}, 4),
        ({"campaign": "rennes"}, 1),
        ({"campaign": NONE}, 6),
    ):
        filters = Filters(DAY, DAY, cuts)
        assert anonymous.read(filters).now == {"page": count}
        assert tiles.BY_KEY["page"].count(filters) == count


def test_errors_are_by_field_and_of_people():
    seen(2, step="error", field="email")
    seen(3, step="error", field="region")
    seen(7, step="error", field="email", robot=True)

    assert anonymous.read(TODAY).errors == {"email": 2, "region": 3}


def test_what_is_only_known_of_people_cuts_nothing_and_is_named():
    seen(2)
    filters = Filters(DAY, DAY, {"region": "53"}, owner=3)

    assert anonymous.read(filters).now == {"page": 2}
    assert anonymous.ignored(filters) == ["region"]


def test_it_is_one_query(django_assert_num_queries):
    with django_assert_num_queries(1):
        anonymous.read(TODAY)


def test_days_that_were_summed_say_what_their_hours_said():
    """Also on the nights when the clock changes, and for what is counted afterwards."""
    for count, hour in ((1, BEFORE), (10, FIRST), (100, LAST), (1000, AFTER)):
        seen(count, hour, campaign="printemps" if count > 1 else "")
        seen(count, hour, device="phone")
    month = Filters(date(2026, 3, 15), date(2026, 4, 15))
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    today = Filters(timezone.localdate(now), timezone.localdate(now))
    periods = (TODAY, month, month.having("campaign", NONE), today)
    tile = tiles.BY_KEY["page"]
    seen(5, now)
    told = [(anonymous.read(one), tile.count(one)) for one in periods]

    for _ in range(2):
        audience_days.sum_up()
        assert [(anonymous.read(one), tile.count(one)) for one in periods] == told
        assert not AudienceDay.objects.filter(day=today.first).exists()
    seen(7, now, step="form")
    assert anonymous.read(today).now == {"page": 5, "form": 7}


def test_what_is_counted_after_a_long_time_without_summing_is_read():
    seen(1, FIRST)
    audience_days.sum_up()
    seen(10, AFTER)

    assert anonymous.read(Filters(DAY, date(2026, 3, 30))).now == {"page": 11}


def test_past_days_can_be_summed_again():
    seen(10, AFTER)
    audience_days.sum_up()
    seen(1, FIRST)  # Older than what was summed: a demonstration's.
    assert [failure.told for failure in checks.check()] == [10]

    audience_days.sum_up(again=True)

    assert anonymous.read(TODAY).now == {"page": 1}
    assert checks.check() == []
