"""Read the anonymous steps: counts of an hour, never of anybody."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta

from django.db.models import Case, F, QuerySet, Sum, When
from django.utils import timezone

from leads.analytics.filters import NONE, Filters
from leads.models import Audience as Daily
from leads.models import AudienceCount

HOURLY = 7  # Days that are listed hour by hour: longer ones are by day.
CUTS = ("origin", "campaign")  # What an anonymous count knows.
Step = AudienceCount.Step


@dataclass
class Audience:
    """How often each step was taken, by people and by robots."""

    now: dict[str, int] = field(default_factory=dict)
    before: dict[str, int] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)  # By field, of people.


def applying(filters: Filters) -> Filters:
    """Leave out the filters that say nothing to counts of nobody."""
    cuts = {cut: value for cut, value in filters.cuts.items() if cut in CUTS}
    return replace(filters, cuts=cuts, owner=None)


def ignored(filters: Filters) -> list[str]:
    return [cut for cut in filters.cuts if cut not in CUTS]


def start_of(day: date) -> datetime:
    """Return when a day of Europe/Paris begins."""
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def found(filters: Filters) -> QuerySet[Daily]:
    """Return the counts by day of a period, source and campaign."""
    return Daily.objects.filter(
        day__gte=filters.first, day__lte=filters.last, **_cuts(filters)
    )


def hours(filters: Filters) -> QuerySet[AudienceCount]:
    """Return the same, as they were counted: by hour and device."""
    return AudienceCount.objects.filter(
        hour__gte=start_of(filters.first),
        hour__lt=start_of(filters.last + timedelta(days=1)),
        **_cuts(filters),
    )


def _cuts(filters: Filters) -> dict[str, str]:
    return {
        cut: "" if value == NONE else value
        for cut, value in applying(filters).cuts.items()
    }


def read(filters: Filters) -> Audience:
    """Return the counts of a period and of the one before it. One query."""
    both = found(replace(filters, first=filters.previous.first))
    is_now = Case(When(day__gte=filters.first, then=True), default=False)
    rows = (
        both.annotate(is_now=is_now)
        .values("step", "field", "robot", "is_now")
        .annotate(times=Sum(F("count")))
        .order_by()
    )
    audience = Audience()
    for row in rows:
        name = "robots" if row["robot"] else row["step"]
        if row["robot"] and row["step"] != Step.PAGE:
            continue
        times = audience.now if row["is_now"] else audience.before
        times[name] = times.get(name, 0) + row["times"]
        if name == Step.ERROR and row["is_now"]:
            audience.errors[row["field"]] = row["times"]
    return audience
