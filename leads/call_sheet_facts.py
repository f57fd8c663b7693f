"""Gather what a call sheet says of each lead, in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db.models import Count, F, OuterRef, Subquery, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from leads.assigning import name_of
from leads.bases import may_measure
from leads.channels import Channel, Channels, channels_of, with_consents
from leads.colleagues import colleagues_of_each
from leads.models import Activity, Lead, Submission
from leads.sheet_text import cut, line, size, without_refused
from outbox.models import Message
from reports.downloads import with_delivery
from reports.models import Copy, Hit, reader_of
from reports.personalisation import Reading, reading_of, segment_of

# What a page shows at most; the rest is counted.
COLLEAGUES = EXCHANGES = 4
QUESTIONS = 3
COUNTED = 200  # Colleagues looked at, at most.


@dataclass(frozen=True, slots=True)
class Asked:
    """An open question, beside a published figure in its own words."""

    text: str
    value: str
    words: str
    named: str = ""


@dataclass(frozen=True, slots=True)
class Colleague:
    name: str
    function: str
    owner: str


@dataclass(frozen=True, slots=True)
class Exchange:
    day: str
    what: str
    author: str
    text: str


@dataclass(frozen=True, slots=True)
class Sheet:
    """All that one page says, in words ready to print; empty where nothing is known."""

    made_at: datetime
    name: str
    name_size: str  # "", "long" or "endless".
    function: str
    establishment: str
    establishment_size: str
    place: str
    owner: str
    promise: str
    channels: tuple[Channel, ...]
    received: tuple[str, ...]
    came: str
    standing: str  # Its status, and why it is closed.
    next_action: str
    questions: tuple[Asked, ...]
    colleagues: tuple[Colleague, ...] = ()
    more_colleagues: int = 0
    exchanges: tuple[Exchange, ...] = ()
    more_exchanges: int = 0

    def shorter(self) -> Iterator[Sheet]:
        """Yield it with ever less: colleagues go first, down to two, then exchanges.

        What is gone is counted. None of each is for names that fill their lines.
        """
        colleagues, exchanges = len(self.colleagues), len(self.exchanges)
        for kept in ((2, 4), (2, 3), (2, 2), (1, 2), (1, 1), (0, 0)):
            people, said = min(kept[0], colleagues), min(kept[1], exchanges)
            yield replace(
                self,
                colleagues=self.colleagues[:people],
                more_colleagues=self.more_colleagues + colleagues - people,
                exchanges=self.exchanges[:said],
                more_exchanges=self.more_exchanges + exchanges - said,
            )


def sheets_of(lead_pks: Sequence[int]) -> list[Sheet]:
    """Return the sheets of leads that are still there, in this order. Seven queries."""
    rows = with_consents(
        Lead.objects.filter(pk__in=lead_pks, erased_at=None, frozen_at=None)
    )
    leads: dict[int, Any] = {lead.pk: lead for lead in rows.select_related("owner")}
    ordered = [leads[pk] for pk in dict.fromkeys(lead_pks) if pk in leads]
    if not ordered:
        return []
    now = timezone.now()
    channels = channels_of(ordered)
    colleagues = colleagues_of_each(ordered, COUNTED)
    copies, retrieved = _copies(ordered)
    submissions, activities = _submissions(ordered), _activities(ordered)
    return [
        _sheet(
            lead,
            now,
            channels[lead.pk],
            colleagues[lead.pk],
            _received(
                copies[lead.pk],
                retrieved,
                measured=may_measure(lead),
            ),
            submissions[lead.pk],
            activities[lead.pk],
        )
        for lead in ordered
    ]


def _sheet(
    lead: Any,
    now: datetime,
    channels: Channels,
    colleagues: list[Lead],
    received: tuple[str, ...],
    submissions: list[Submission],
    activities: list[Any],
) -> Sheet:
    def said(text: str, width: int) -> str:
        numbers = [lead.phone, *(row.phone for row in submissions)]
        return cut(without_refused(text, channels, numbers), width)

    reader = reader_of(lead)
    place = ", ".join(filter(None, (reader.type_label, reader.region_label)))
    return Sheet(
        made_at=now,
        name=line(lead.full_name),
        name_size=size(lead.full_name),
        function=reader.function_label,
        establishment=line(lead.organisation),
        establishment_size=size(lead.organisation),
        place=place,
        owner=cut(name_of(lead.owner), 60) if lead.owner else "",
        promise=_promise(lead, timezone.localdate(now)),
        channels=tuple(channels),
        received=received,
        came=_came(submissions),
        standing=_standing(lead),
        next_action=_next(said(lead.next_action, 98), lead.next_action_on),
        questions=_questions(reading_of(segment_of(reader))),
        colleagues=tuple(map(_colleague, colleagues[:COLLEAGUES])),
        more_colleagues=max(0, len(colleagues) - COLLEAGUES),
        exchanges=tuple(_exchange(row, said(row.body, 104)) for row in activities),
        more_exchanges=activities[0].total - len(activities) if activities else 0,
    )


def _day(at: datetime | date) -> str:
    """Return « 12/11/2026 », in Europe/Paris."""
    day = timezone.localdate(at) if isinstance(at, datetime) else at
    return f"{day:%d/%m/%Y}"


def _exchange(row: Activity, said: str) -> Exchange:
    author = cut(name_of(row.author), 30) if row.author else ""
    return Exchange(_day(row.at), _what(row), author, said)


def _what(row: Activity) -> str:
    """Return « appel : message laissé »."""
    words = (str(row.get_kind_display()), str(row.get_outcome_display()))
    return "\u00a0: ".join(filter(None, words))


def _promise(lead: Lead, today: date) -> str:
    if lead.first_contact_at:
        return f"premier contact fait le {_day(lead.first_contact_at)}"
    if lead.promised_on is None:
        return ""
    late = ", date passée" if lead.promised_on < today else ""
    return f"premier contact avant le {_day(lead.promised_on)}{late}"


def _standing(lead: Lead) -> str:
    reason = lead.get_closed_because_display() if lead.closed_because else ""
    words = [str(lead.get_status_display()), str(reason)]
    if lead.is_test:
        words.append("contact d’essai")
    if lead.suspected_at:
        words.append("tenu pour suspect")
    return ", ".join(filter(None, words))


def _next(action: str, on: date | None) -> str:
    if on is None:
        return action
    day = f"le {_day(on)}"
    return f"{action}, {day}" if action else f"à faire {day}"


def _colleague(lead: Lead) -> Colleague:
    owner = cut(name_of(lead.owner), 28) if lead.owner else ""
    function = str(lead.get_job_function_display())
    return Colleague(cut(lead.full_name, 38), function, owner)


def _questions(reading: Reading) -> tuple[Asked, ...]:
    """Return three questions on three figures, those to keep in mind first."""
    ordered = sorted(reading.teams, key=lambda pair: pair[1] not in reading.figures)
    chosen = {figure.key: (question, figure) for question, figure in reversed(ordered)}
    kept = [pair for pair in ordered if pair in chosen.values()]
    return tuple(
        Asked(question.text, figure.value, figure.text, question.named)
        for question, figure in kept[:QUESTIONS]
    )


def _copies(leads: list[Any]) -> tuple[dict[int, list[Any]], dict[int, datetime]]:
    """Return copies by lead, newest first, and when each was first retrieved.

    The retrievals of who objects to that measure are not even asked for.
    """
    last = (
        Message.objects.accepted()
        .filter(copies=OuterRef("pk"))
        .order_by("-accepted_at", "-pk")
        .values("bounced_at")[:1]
    )
    copies: dict[int, list[Any]] = defaultdict(list)
    rows = with_delivery(Copy.objects.filter(lead__in=leads))
    for copy in rows.annotate(bounced_at=Subquery(last)).select_related("edition"):
        copies[copy.lead_id].append(copy)
    shown = {lead.pk for lead in leads if may_measure(lead)}
    hits = Hit.objects.probable().filter(copy__lead__in=shown).order_by("-at")
    return copies, dict(hits.values_list("copy_id", "at"))


def _received(
    copies: list[Any], retrieved: dict[int, datetime], *, measured: bool
) -> tuple[str, ...]:
    """Return what to say of the copy that reached them last, or else of the last."""
    held = [copy for copy in copies if copy.delivered_at]
    if not copies:
        return ()
    copy = (held or copies)[0]
    words = [f"édition {copy.edition.version}, référence {copy.reference}"]
    if copy.delivered_at is None:
        return (*words, f"demandée le {_day(copy.requested_at)}, pas encore remise")
    words.append(f"remise le {_day(copy.delivered_at)}")
    if copy.bounced_at:
        words.append(f"revenue le {_day(copy.bounced_at)} : la boîte l’a refusée")
    if measured:
        at = retrieved.get(copy.pk)
        words.append(f"retirée le {_day(at)}" if at else "pas encore retirée")
    return tuple(words)


def _submissions(leads: list[Any]) -> dict[int, list[Submission]]:
    """Return genuine submissions by lead, the first one first."""
    found: dict[int, list[Submission]] = defaultdict(list)
    rows = Submission.objects.filter(lead__in=leads, suspicion="")
    fields = ("lead_id", "created_at", "origin", "campaign", "phone")
    for row in rows.only(*fields).order_by("created_at", "pk"):
        found[row.lead_id].append(row)
    return found


def _came(submissions: list[Submission]) -> str:
    if not submissions:
        return ""
    first, last = submissions[0], submissions[-1]
    words = f"demande du {_day(first.created_at)}, {_source(first)}"
    if last is not first:
        words += f" ; la dernière du {_day(last.created_at)}"
    return words


def _source(row: Submission) -> str:
    named = [
        f"{name} «\u00a0{cut(value, 36)}\u00a0»"
        for name, value in (("source", row.origin), ("campagne", row.campaign))
        if value
    ]
    return ", ".join(named) or "sans source connue"


def _activities(leads: list[Any]) -> dict[int, list[Any]]:
    """Return the latest exchanges by lead; each knows how many there are in all."""
    latest = Window(
        RowNumber(), partition_by=F("lead"), order_by=[F("at").desc(), F("pk").desc()]
    )
    rows = (
        Activity.objects.filter(lead__in=leads)
        .annotate(rank=latest, total=Window(Count("*"), partition_by=F("lead")))
        .filter(rank__lte=EXCHANGES)
        .select_related("author")
        .order_by("-at", "-pk")
    )
    found: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        found[row.lead_id].append(row)
    return found
