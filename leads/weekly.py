"""The letter of the week: what the dashboard says of last week, as it says it then."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from leads import business_days, sources
from leads.analytics import action, reading, words
from leads.analytics.filters import Filters
from leads.analytics.reading import Counts
from leads.analytics.steps import BY_KEY, EXCLUDED, STEPS
from leads.models import Campaign, Letter
from outbox import making
from outbox.making import Content
from outbox.models import Message, MessageEvent, Undelivered
from reports.templatetags.french import french_date

KIND = "weekly"  # Of the message.
AT = time(8, 30)  # Europe/Paris, on Monday or on the first business day after it.
WEEK = timedelta(days=7)
BASES = {  # What a step's rate is of, in a sentence.
    "leads": "sur les contacts",
    "delivered": "sur les remis",
    "contacted": "sur les contacts déjà joints ou essayés",
    "met": "sur les rendez-vous",
}


def day_of(now: datetime) -> date:
    """Return the day on which the letter of this week leaves."""
    today = timezone.localdate(now)
    monday = today - timedelta(days=today.weekday())
    return business_days.after(monday - timedelta(days=1))


def owe_letters(now: datetime | None = None) -> int:
    """Owe each member of marketing the letter of the week; return how many are new.

    On its day, from 8:30 to midnight: a beat that was late catches up, and who joins
    in the middle of the week waits for the next one. On a later business day, only
    where nothing ran on the first: nobody has the letter of this week.
    """
    now = now or timezone.now()
    day = day_of(now)
    local = timezone.localtime(now)
    today = local.date()
    if today < day or local.time() < AT or not business_days.is_business_day(today):
        return 0
    if today > day and _of(day).exists():
        return 0
    return sum(_owe(user, day) for user in _readers().exclude(letters__in=_of(day)))


def _of(day: date) -> Any:
    return Letter.objects.filter(kind=Letter.Kind.WEEK, day=day)


def _readers() -> Any:
    users = get_user_model().objects.filter(
        groups__name="Marketing", is_active=True, is_staff=True
    )
    return users.exclude(email="").order_by("pk")


@transaction.atomic
def _owe(user: Any, day: date) -> bool:
    """Owe one letter, or find that somebody else has just owed it.

    Two who run at once wait for each other on the person's row.
    """
    locked = get_user_model().objects.select_for_update(no_key=True).get(pk=user.pk)
    if _of(day).filter(user=locked).exists():
        return False
    message = making.to_be_made(KIND, recipient=user.email, subject=_subject(day))
    message.save()
    message.record(MessageEvent.Kind.QUEUED)
    Letter.objects.create(kind=Letter.Kind.WEEK, user=user, day=day, message=message)
    return True


@making.makes(KIND)
def letter(message: Message) -> Content | None:
    """Return the figures as they are now; None for who has left marketing."""
    owed = Letter.objects.filter(message=message).first()
    user = owed and _readers().filter(pk=owed.user_id).first()
    if owed is None or user is None:
        return None
    filters = _last_week(owed.day, user)
    now, before = reading.counts(filters), reading.counts(filters.previous)
    context = {
        "period": words.period(filters.first, filters.last),
        "lines": [Line.of_step(step.key, now, before) for step in STEPS],
        "now": now,
        "before": before,
        "actions": actions(filters),
        "dashboard": dashboard(filters),
        "excluded": EXCLUDED,
        "at": timezone.localtime(),
    }
    return making.written(KIND, _subject(owed.day), context)


def _last_week(day: date, user: Any) -> Filters:
    monday = day - timedelta(days=day.weekday())
    whole = {"du": f"{monday - WEEK}", "au": f"{monday - timedelta(days=1)}"}
    return Filters.parse(whole, user)


def _subject(day: date) -> str:
    monday = day - timedelta(days=day.weekday()) - WEEK
    return f"Santéscopie\u00a0: la semaine du {french_date(monday)}"


def dashboard(filters: Filters, **more: str) -> str:
    """Return the address of the dashboard that shows these very figures."""
    page = settings.SITE_URL + reverse("admin:mesure")
    return f"{page}?{filters.query(**more)}"


@dataclass(frozen=True, slots=True)
class Line:
    """A step of the funnel, this week and the one before, each out of its own base."""

    title: str
    definition: str
    count: int
    of: int | None
    before: int
    before_of: int | None
    base: str

    @classmethod
    def of_step(cls, key: str, now: Counts, before: Counts) -> Line:
        step = BY_KEY[key]
        return cls(
            step.title,
            step.definition,
            now[key],
            now[step.of] if step.of else None,
            before[key],
            before[step.of] if step.of else None,
            BASES[step.of] if step.of else "",
        )


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do this week, with how much there is of it and where."""

    name: str
    sentence: str
    url: str


def actions(filters: Filters) -> list[Action]:
    """Return the three things to do, from the figures; they name no person."""
    return [_campaign(filters), _never_called(filters), _undelivered()]


def _campaign(filters: Filters) -> Action:
    """Return the campaign whose count of contacts has moved the most."""
    now = reading.by(filters, "campaign")
    before = reading.by(filters.previous, "campaign")

    def moved(code: str) -> int:
        return _leads(now, code) - _leads(before, code)

    codes = sorted({*now, *before} - {""})
    if not codes:
        return Action(
            "Nommer une campagne",
            "Aucun contact de ces deux semaines n’est venu par le lien d’une campagne.",
            dashboard(filters),
        )
    code = max(codes, key=lambda code: (abs(moved(code)), _leads(now, code)))
    names = dict(Campaign.objects.filter(code=code).values_list("code", "name"))
    which = f"la campagne «\u00a0{names.get(code, code)}\u00a0»"
    if code == sources.UNKNOWN:
        which = "les campagnes que rien ne nomme"
    count, was = _leads(now, code), _leads(before, code)
    return Action(
        f"Regarder {which}",
        f"{_many(count, 'contact')} sur {words.number(_leads_of(now))}, "
        f"{words.number(was)} sur {words.number(_leads_of(before))} la semaine "
        "d’avant\u00a0: le plus grand écart.",
        dashboard(filters.having("campaign", code)),
    )


def _leads(counts: dict[str, Counts], code: str) -> int:
    return counts[code]["leads"] if code in counts else 0


def _leads_of(counts: dict[str, Counts]) -> int:
    return sum(row["leads"] for row in counts.values())


def _never_called(filters: Filters) -> Action:
    held = reading.facts(filters).filter(BY_KEY["delivered"].rows)
    waiting = action.never_called(filters).count()
    page = settings.SITE_URL + reverse("admin:measure-action")
    return Action(
        "Confier qui n’a jamais été appelé",
        f"{_many(waiting, 'contact')} sur {words.number(held.count())} remis cette "
        "semaine-là.",
        f"{page}?{filters.query()}#a-appeler",
    )


def _undelivered() -> Action:
    rows = Undelivered.objects.undelivered().filter(lead__suspected_at=None)
    count = rows.exclude(lead__is_test=True).count()
    url = settings.SITE_URL + reverse("admin:outbox_undelivered_changelist")
    return Action(
        "Régler les envois non aboutis",
        f"{_many(count, 'envoi')} en attente d’une décision, toutes dates confondues.",
        url,
    )


def _many(count: int, word: str) -> str:
    if not count:
        return f"Aucun {word}"
    return words.count(count, word, f"{word}s")
