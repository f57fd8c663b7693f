"""Whom to call today, and why: the queue of one of the house, or of all of them.

Each lead stands in one section at most, the first that applies. Only what is open and
genuine; days are those of Europe/Paris. The queue of a person is made of their own
leads, and ends with those that nobody has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)
from django.db.models.functions import RowNumber
from django.utils import timezone

from leads import queue_words as words
from leads.channels import Channels, channels_of, with_consents
from leads.models import Activity, ConsentEvent, Lead
from outbox.models import Message

OVERDUE, TODAY, PROMISE = "retard", "aujourdhui", "promesse"
NEVER_CALLED, WAITING, UNASSIGNED = "remis", "attente", "nouveaux"
# In order. Title, then what it holds.
TITLES = {
    OVERDUE: ("En retard", "La date prévue est passée."),
    TODAY: (
        "Pour aujourd’hui",
        "Prévu ce jour, ou rappel demandé et pas encore donné.",
    ),
    PROMISE: (
        "Promesse à tenir",
        "Premier contact dans les deux jours ouvrés, comme annoncé.",
    ),
    NEVER_CALLED: (
        "Remis, jamais appelés",
        "Le serveur a accepté la synthèse\u00a0; aucun contact depuis, ni date prévue.",
    ),
    WAITING: (
        "En attente de réponse",
        "La réponse leur revient\u00a0: relancer si elle tarde.",
    ),
    UNASSIGNED: ("Nouveaux, sans responsable", "À prendre par qui le peut."),
}
ORDER = {key: number for number, key in enumerate(TITLES)}
SORTED: dict[str, tuple[Any, ...]] = {
    OVERDUE: ("next_action_on", "pk"),
    TODAY: (F("asked_at").asc(nulls_last=True), "pk"),
    PROMISE: ("promised_on", "pk"),
    NEVER_CALLED: ("-created_at", "-pk"),
    WAITING: ("waiting_since", "pk"),
    UNASSIGNED: (
        F("asked_at").asc(nulls_last=True),
        F("promised_on").asc(nulls_last=True),
        "-created_at",
        "-pk",
    ),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One person to act upon; everything but the lead is in words."""

    lead: Any
    channels: Channels
    why: str
    promise: str  # Empty where none is to be kept.
    action: str  # The one next action.


@dataclass(frozen=True, slots=True)
class Section:
    key: str
    title: str
    hint: str
    total: int
    lines: list[Line]

    @property
    def more(self) -> int:
        return self.total - len(self.lines)


def sections(owner: Any | None, *, limit: int = 20) -> list[Section]:
    """Return all sections of somebody's queue; of everybody's where `owner` is None.

    Empty ones too. Three queries, whatever there is to do.
    """
    totals = counts(owner)
    firsts = [_first(key, owner, limit) for key in TITLES if totals[key]]
    rows: list[Any] = []
    if firsts:
        one, *others = firsts
        rows = list(one.union(*others, all=True).order_by("rank") if others else one)
    lines: dict[str, list[Line]] = {key: [] for key in TITLES}
    for key, line in _lines(rows):
        lines[key].append(line)
    return [
        Section(key, title, hint, totals[key], lines[key])
        for key, (title, hint) in TITLES.items()
    ]


def counts(owner: Any | None) -> dict[str, int]:
    """Return how many leads each section holds, with one query."""
    cases = [When(condition, then=Value(key)) for key, condition in _conditions(owner)]
    rows = (
        _workable(owner)
        .annotate(section=Case(*cases, default=None, output_field=CharField()))
        .order_by()
        .values_list("section")
        .annotate(Count("pk"))
    )
    return dict.fromkeys(TITLES, 0) | {key: n for key, n in rows if key}


def section(key: str, owner: Any | None) -> QuerySet[Any]:
    """Return all leads of one section, in its order, with what a line shows.

    Raises KeyError where there is no such section.
    """
    conditions = dict(_conditions(owner))
    leads = _workable(owner).filter(conditions.pop(key))
    for earlier, condition in conditions.items():
        if ORDER[earlier] < ORDER[key]:
            leads = leads.exclude(condition)
    leads = with_consents(leads).annotate(
        section=Value(key, output_field=CharField()),
        asked_at=Subquery(_asked().values("at")[:1]),
        delivered_at=Subquery(_delivered().values("accepted_at")[:1]),
        last_activity=Subquery(
            Activity.objects.filter(lead=OuterRef("pk"))
            .order_by("-pk")
            .values("pk")[:1]
        ),
    )
    return leads.select_related("owner").order_by(*SORTED[key])


def _first(key: str, owner: Any | None, limit: int) -> QuerySet[Any]:
    """Return the first leads of a section, with their rank: a union keeps no order."""
    rank = Window(RowNumber(), order_by=SORTED[key])
    rows: QuerySet[Any] = section(key, owner).annotate(rank=rank)[:limit]
    return rows


def lines(leads: list[Any]) -> list[Line]:
    """Return the lines of leads that `section` gave. One query."""
    return [line for _, line in _lines(leads)]


def _lines(leads: list[Any]) -> Iterator[tuple[str, Line]]:
    today = timezone.localdate()
    channels = channels_of(leads)
    for lead in leads:
        ways = channels[lead.pk]
        yield (
            lead.section,
            Line(
                lead=lead,
                channels=ways,
                why=words.why(lead, today),
                promise=words.promise(lead, today),
                action=words.action(lead, ways),
            ),
        )


def _workable(owner: Any | None) -> QuerySet[Lead]:
    leads = Lead.objects.genuine().open()
    return leads if owner is None else leads.filter(Q(owner=owner) | Q(owner=None))


def _conditions(owner: Any | None) -> list[tuple[str, Q]]:
    """Return the sections and what each holds, in order: the first one decides."""
    today = timezone.localdate()
    theirs = Q(owner__isnull=False) if owner is None else Q(owner=owner)
    uncalled = theirs & Q(first_contact_at=None)
    return [
        (OVERDUE, theirs & Q(next_action_on__lt=today)),
        (TODAY, theirs & (Q(next_action_on=today) | Q(Exists(_asked(today))))),
        (PROMISE, uncalled & Q(promised_on__isnull=False)),
        # Whoever planned it for later has not forgotten it.
        (NEVER_CALLED, uncalled & Q(next_action_on=None) & Q(Exists(_delivered()))),
        (WAITING, theirs & Q(waiting_since__isnull=False)),
        (UNASSIGNED, Q(owner=None)),
    ]


def _delivered() -> QuerySet[Message]:
    accepted = Message.objects.accepted().filter(copies__lead=OuterRef("pk"))
    return accepted.order_by("accepted_at")


def _asked(today: date | None = None) -> QuerySet[ConsentEvent]:
    """Return the wish of a lead to be called back that nobody has answered yet.

    With `today`: nor planned for later. The history tells it from a date that was
    there before they asked.
    """
    same = ConsentEvent.objects.filter(
        lead=OuterRef("lead"), purpose=ConsentEvent.Purpose.CALL
    )
    # A later act takes its place: a withdrawal, or the same wish again.
    later = same.filter(
        Q(at__gt=OuterRef("at")) | Q(at=OuterRef("at"), pk__gt=OuterRef("pk"))
    )
    called = Activity.objects.filter(
        lead=OuterRef("lead"), kind=Activity.Kind.CALL, at__gte=OuterRef("at")
    )
    asked = ConsentEvent.objects.filter(
        ~Exists(later),
        ~Exists(called),
        lead=OuterRef("pk"),
        purpose=ConsentEvent.Purpose.CALL,
        granted=True,
    )
    if today is None:
        return asked
    changed = apps.get_model("leads", "LeadEvent").objects.filter(
        Q(next_action_on=None) | ~Q(next_action_on=F("pgh_obj__next_action_on")),
        pgh_obj=OuterRef("lead"),
        pgh_created_at__gte=OuterRef("at"),
        pgh_obj__next_action_on__gt=today,
    )
    return asked.filter(~Exists(changed))
