"""Compare figures that must agree, each night: days, facts, and the events themselves.

The events are counted here in other words than where the facts are made, so that an
error in one shows as a difference. All is read in one snapshot; leads that are marked
there are left out of both sides, for their facts are not made yet.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Exists, Max, Min, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone

from leads.analytics import bits, delays, facts
from leads.analytics.anonymous import start_of
from leads.analytics.counting import CUTS, NAMED
from leads.analytics.steps import BY_KEY
from leads.models import (
    AsideDay,
    AudienceCount,
    AudienceDay,
    DayBits,
    DirtyLead,
    FunnelDay,
    Lead,
    LeadFacts,
    MeasureRun,
    Submission,
)
from outbox.models import Message
from reports.downloads import rule_of, with_settled
from reports.models import Hit
from reports.templatetags.french import french_date

logger = logging.getLogger(__name__)
RECENT, OLDER = 3, 4  # Days of the sample: the last ones, and some of the past.
_TITLES = {
    "leads": "contacts",
    "submissions": "demandes valides",
    "retrievals": "retraits probables",
    "raw_retrievals": "retraits bruts",
    "erased": "personnes effacées",
    "to_call": "remis jamais appelés",
    **{key: step.title.lower() for key, step in BY_KEY.items()},
    **{
        name: f"{act}, {delay.title}"
        for act, names in delays.COUNTS_OF.items()
        for name, delay in zip(names, delays.DELAYS, strict=True)
    },
}


@dataclass(frozen=True, slots=True)
class Failure:
    """Two counts of the same thing that differ."""

    what: str
    told: int
    truth: int
    by: str  # What the second one was counted from.


def run() -> list[Failure]:
    """Refresh, compare, and keep what disagrees until a run finds nothing."""
    facts.refresh_all()
    failures = check()
    for failure in failures:
        logger.error(
            "measure: %s: told %s, counted %s from %s",
            failure.what,
            failure.told,
            failure.truth,
            failure.by,
        )
    MeasureRun.note(
        MeasureRun.Kind.CHECK, [asdict(failure) for failure in failures[:20]]
    )
    return failures


def check() -> list[Failure]:
    with transaction.atomic():
        if not connection.savepoint_ids:  # Else a snapshot was taken already.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        found = [*_days_against_facts(), *_audience_against_hours()]
        for day in sample():
            found += _columns_of_day(day)
            found += _facts_against_events(day)
        return found


def sample() -> list[date]:
    """Return the last days that have leads, and a few others."""
    days = LeadFacts.objects.order_by("-day").values_list("day", flat=True).distinct()
    since = timezone.localdate() - timedelta(days=1000)
    known = list(days.filter(day__gte=since))
    past = known[RECENT:]
    return known[:RECENT] + sorted(random.sample(past, min(OLDER, len(past))))


def _days_against_facts() -> Iterable[Failure]:
    """Compare every total with the facts: cuts of the days, and columns."""
    sums = {f"{name}_": Coalesce(Sum(name), 0) for name in NAMED}
    days = FunnelDay.objects.values_list("cut").annotate(**sums)
    told: dict[str, Any] = {cut: counts for cut, *counts in days}
    counted = _count_facts(LeadFacts.objects.all())
    for cut in ("", *CUTS):
        values = told.get(cut, [0] * len(counted))
        for (name, truth), value in zip(counted.items(), values, strict=True):
            if value != truth:
                what = f"{_TITLES[name]}, au total{f' par {cut}' if cut else ''}"
                yield Failure(what, value, truth, "les contacts")
    yield from _columns_against_facts(counted)
    yield from _aside_against_facts()


def _columns_against_facts(counted: dict[str, int]) -> Iterable[Failure]:
    """Compare the bits of all columns with the facts: each cut has one a lead."""
    told: dict[str, int] = dict.fromkeys((*counted, *CUTS), 0)
    rows = DayBits.objects.filter(name__in=told).values_list("name", "labels", "bits")
    for name, labels, together in rows.iterator(chunk_size=500):
        told[name] += bits.total(labels, bytes(together), is_number=name in counted)
    for name, value in told.items():
        truth = counted[name] if name in counted else counted["leads"]
        if value != truth:
            what = _TITLES[name] if name in counted else f"contacts par {name}"
            yield Failure(f"{what}, en colonnes", value, truth, "les contacts")


def _columns_of_day(day: date) -> Iterable[Failure]:
    """Compare what a day’s columns say of each lead with its facts."""
    rows = DayBits.objects.filter(day=day).values_list("name", "labels", "bits")
    told = {name: (labels, bytes(together)) for name, labels, together in rows}
    truth = {
        name: (list(found), b"".join(found.values()))
        for _, columns in bits.made([day])
        for name, found in columns.items()
    }
    wrong = sum(told.get(name) != truth.get(name) for name in {*told, *truth})
    if wrong:
        what = f"colonnes fausses du {french_date(day)}"
        yield Failure(what, wrong, 0, "les contacts")


def _aside_against_facts() -> Iterable[Failure]:
    """Compare what was set aside, by each cut of the days, with the facts."""
    days = AsideDay.objects.values_list("cut").annotate(Sum("requests"), Sum("files"))
    told = {cut: tuple(counts) for cut, *counts in days}
    rules = _aside_of(LeadFacts.objects.all()).values()
    truths = tuple(sum(counts[nth] for counts in rules) for nth in (0, 1))
    for cut in ("", *CUTS):
        for what, value, truth in zip(
            _ASIDE, told.get(cut, (0, 0)), truths, strict=True
        ):
            if value != truth:
                what_ = f"{what}, au total{f' par {cut}' if cut else ''}"
                yield Failure(what_, value, truth, "les contacts")


def _audience_against_hours() -> Iterable[Failure]:
    """Compare the days of the audience that were summed with their hours."""
    last = AudienceDay.objects.aggregate(Max("day"))["day__max"]
    if last is None:
        return
    first = timezone.localdate() - timedelta(days=700)  # Older ones are forgotten.
    hours = AudienceCount.objects.filter(
        hour__gte=start_of(first), hour__lt=start_of(last + timedelta(days=1))
    )
    days = AudienceDay.objects.filter(day__gte=first)
    told, truth = (
        dict(rows.values_list("step").annotate(Sum("count")).order_by())
        for rows in (days, hours)
    )
    for step, name in AudienceCount.Step.choices:
        if told.get(step, 0) != truth.get(step, 0):
            yield Failure(
                f"audience, {name}", told.get(step, 0), truth.get(step, 0), "les heures"
            )


_ASIDE = ("requêtes écartées", "retraits bruts écartés")


def _aside_of(rows: QuerySet[LeadFacts]) -> dict[str, tuple[int, int]]:
    """Return what facts say was set aside: rule → (requests, of which files)."""
    alike = rows.values_list("set_aside").annotate(Count("pk")).order_by()
    found: dict[str, tuple[int, int]] = {}
    for rules, leads in alike:  # They differ little, however many.
        for rule, (requests, files) in rules.items():
            before = found.get(rule, (0, 0))
            found[rule] = before[0] + requests * leads, before[1] + files * leads
    return found


def _count_facts(rows: QuerySet[LeadFacts]) -> dict[str, int]:
    counts: dict[str, Any] = {
        "leads_": Count("pk"),
        "erased_": Count("pk", filter=Q(erased=True)),
        "to_call_": Count(
            "pk",
            filter=Q(
                delivered_at__isnull=False,
                contacted_at=None,
                closed=False,
                erased=False,
            ),
        ),
        **{
            f"{name}_": Coalesce(Sum(name), 0)
            for name in ("submissions", "retrievals", "raw_retrievals")
        },
        **{
            f"{key}_": Count("pk", filter=step.rows)
            for key, step in BY_KEY.items()
            if key != "leads"
        },
        **{
            f"{name}_": Count("pk", filter=Q(**{delays.DELAY_OF[act]: number}))
            for act, names in delays.COUNTS_OF.items()
            for number, name in enumerate(names)
        },
    }
    found = rows.aggregate(**counts)
    return {name: found[f"{name}_"] for name in NAMED}


def _facts_against_events(day: date) -> Iterable[Failure]:
    """Compare one day of the facts with what happened to its leads."""
    waiting = DirtyLead.objects.values("lead_id")
    counted = LeadFacts.objects.filter(day=day).exclude(pk__in=waiting)
    told = _count_facts(counted)
    people = _asked_on(day).exclude(pk__in=waiting)
    for name, (by, count) in TRUTHS.items():
        truth = count(people)
        if told[name] != truth:
            what = f"{_TITLES[name]} du {french_date(day)}"
            yield Failure(what, told[name], truth, by)
    yield from _aside_against_events(day, _aside_of(counted), people)


def _aside_against_events(
    day: date, told: dict[str, tuple[int, int]], people: QuerySet[Lead]
) -> Iterable[Failure]:
    """Compare what a day’s facts say was set aside, by rule, with the requests."""
    aside = with_settled(_hits(people)).exclude(counted=True, confidence__in=Hit.HUMAN)
    rules = aside.order_by().values_list("settled")
    rows = rules.annotate(n=Count("pk"), files=Count("pk", filter=Q(served=True)))
    truths = {rule: tuple(counts) for rule, *counts in rows}
    for rule in sorted({*told, *truths}):
        for what, value, truth in zip(
            _ASIDE, told.get(rule, (0, 0)), truths.get(rule, (0, 0)), strict=True
        ):
            if value != truth:
                of = f"«\u00a0{rule_of(rule).name}\u00a0» du {french_date(day)}"
                yield Failure(f"{what}, règle {of}", value, truth, "les requêtes")


def _asked_on(day: date) -> QuerySet[Lead]:
    """Return the people whose first valid submission is of a day."""
    genuine = Lead.objects.filter(suspected_at=None, is_test=False, merged_into=None)
    # Those who asked that day, then of them whose first it was: few rows are read.
    that_day = Submission.objects.filter(
        suspicion="",
        created_at__gte=start_of(day),
        created_at__lt=start_of(day + timedelta(days=1)),
    )
    first = (
        Submission.objects.filter(suspicion="", lead__in=that_day.values("lead"))
        .values("lead")
        .annotate(first=TruncDate(Min("created_at")))
        .filter(first=day)
    )
    return genuine.filter(pk__in=first.values("lead"))


def _hits(people: QuerySet[Lead]) -> Any:
    told = people.exclude(pk__in=Lead.objects.objecting())
    return Hit.objects.filter(copy__lead__in=told.values("pk"))


def _accepted(people: QuerySet[Lead]) -> int:
    taken = Message.objects.accepted().filter(copies__lead=OuterRef("pk"))
    return people.filter(Exists(taken)).count()


# Count → (from what, how).
TRUTHS: dict[str, tuple[str, Callable[[QuerySet[Lead]], int]]] = {
    "leads": ("les contacts", lambda people: people.count()),
    "submissions": (
        "les demandes",
        lambda people: Submission.objects.filter(
            suspicion="", lead__in=people.values("pk")
        ).count(),
    ),
    "rendered": (
        "les exemplaires",
        lambda people: (
            people.filter(copies__rendered_at__isnull=False).distinct().count()
        ),
    ),
    "delivered": ("les envois acceptés", _accepted),
    "retrieved": (
        "les requêtes",
        lambda people: _hits(people).probable().values("copy__lead").distinct().count(),
    ),
    "retrievals": ("les requêtes", lambda people: _hits(people).probable().count()),
    "raw_retrievals": ("les requêtes", lambda people: _hits(people).served().count()),
    "contacted": (
        "les contacts",
        lambda people: people.filter(first_contact_at__isnull=False).count(),
    ),
    "met": (
        "les rendez-vous et les statuts",
        lambda people: (
            people.filter(
                Q(status__in=["rendez-vous", "gagne"])
                | Q(activities__kind="rendez-vous")
            )
            .distinct()
            .count()
        ),
    ),
    "won": ("les statuts", lambda people: people.filter(status="gagne").count()),
    "erased": (
        "les contacts",
        lambda people: people.filter(erased_at__isnull=False).count(),
    ),
}
