"""Invent the campaigns of fictitious leads, and the anonymous counts around them.

Each valid request was a visit that came to its end; others left on the way, at every
step. Robots are apart, as the page's beacon keeps them.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta

from django.db import connection

from leads import sources
from leads.analytics import audience_days
from leads.models import AudienceCount, Campaign, Submission
from leads.models.campaign import Origin

Step = AudienceCount.Step
Device = AudienceCount.Device
CAMPAIGNS = (
    ("demonstration", "Campagne de démonstration", Origin.SOCIAL, "demo"),
    ("salon-fictif", "Salon fictif", Origin.CONGRESS, ""),
)
DEVICES = {Device.DESKTOP: 70, Device.PHONE: 25, Device.TABLET: 5}
ROBOTS = 0.4  # Of them for each visit that asked.
# Step → how many left there, for each visit that went on: at least, at most.
LEFT = {Step.STARTED: (0, 2), Step.FORM: (0, 4), Step.PAGE: (1, 6)}
REFUSED = {"email": 5, "organisation_type": 3, "region": 2, "last_name": 1}
# (hour, step, field, origin, campaign, device, robot) → times.
type Counts = Counter[tuple[object, ...]]


def make_campaigns() -> None:
    for code, name, origin, aliases in CAMPAIGNS:
        values = {"name": name, "origin": origin, "aliases": aliases}
        Campaign.objects.get_or_create(code=code, defaults=values)
    sources.forget()


def write(rng: random.Random, submissions: Iterable[Submission]) -> None:
    """Add the visits around these requests to the counts of their hours."""
    counts: Counts = Counter()
    names = sources.campaigns()
    for submission in submissions:
        if submission.suspicion:
            continue
        campaign = submission.campaign
        from_where = (
            sources.known_origin(submission.origin),
            names.get(campaign, sources.UNKNOWN) if campaign else "",
        )
        _visits(rng, counts, submission, from_where)
    _save(counts)


def _visits(
    rng: random.Random,
    counts: Counts,
    submission: Submission,
    from_where: tuple[str, str],
) -> None:
    at = submission.created_at - timedelta(minutes=2)
    hour = at.replace(minute=0, second=0, microsecond=0)
    device = rng.choices(list(DEVICES), list(DEVICES.values()))[0].value
    times = 1
    counts[hour, Step.SUBMITTED.value, "", *from_where, device, False] += times
    for step, (least, most) in LEFT.items():
        times += rng.randint(least, most)
        counts[hour, step.value, "", *from_where, device, False] += times
    if rng.random() < 0.2:
        field = rng.choices(list(REFUSED), list(REFUSED.values()))[0]
        counts[hour, Step.ERROR.value, field, *from_where, device, False] += 1
    if rng.random() < ROBOTS:
        counts[hour, Step.PAGE.value, "", "", "", Device.DESKTOP.value, True] += 1


def _save(counts: Counts) -> None:
    if not counts:
        return
    columns = zip(*((*key, times) for key, times in counts.items()), strict=True)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_audiencecount"
            " (hour, step, field, origin, campaign, device, robot, count, slot)"
            " SELECT *, 0 FROM unnest(%s::timestamptz[], %s::text[], %s::text[],"
            " %s::text[], %s::text[], %s::text[], %s::boolean[], %s::int[])"
            " ON CONFLICT (hour, step, field, origin, campaign, device, robot, slot)"
            " DO UPDATE SET count = leads_audiencecount.count + EXCLUDED.count",
            [list(column) for column in columns],
        )
    # Days that were over before these visits were invented.
    audience_days.sum_up(again=True)
