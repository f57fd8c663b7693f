"""The letter of the morning: to each of the sales staff, their queue of the day.

Owed at 8:30 (Europe/Paris) on business days, once a day whatever runs twice. Its words
are made when it leaves (outbox/making.py), from what is due at that moment.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from leads import business_days, work_queue
from leads.assigning import may_be_given
from leads.models import Absence, Letter
from leads.work_queue import Section
from outbox import making
from outbox.making import Content
from outbox.models import Message

KIND = "morning"  # Of the message.
SUBJECT = "Votre file du jour"
PER_SECTION = 10  # Lines of each; the page has the others.


def owe_all(day: date | None = None) -> int:
    """Owe the letters of a day (today in Paris); return how many were.

    None on a day when nobody works. Whoever has theirs already gets no other.
    """
    day = day or timezone.localdate()
    if not business_days.is_business_day(day):
        return 0
    return sum(_owe(person, day) for person in readers(day))


def readers(day: date) -> QuerySet[Any]:
    """Return who reads the letter: active sales staff, at work, who did not decline."""
    written = Letter.objects.filter(
        user=OuterRef("pk"), kind=Letter.Kind.MORNING, day=day
    )
    return (
        get_user_model()
        .objects.filter(
            Q(staff_profile=None) | Q(staff_profile__morning_letter=True),
            ~Exists(Absence.objects.on(day).filter(user=OuterRef("pk"))),
            ~Exists(written),
            groups__name="Commercial",
            is_active=True,
            is_staff=True,
            email__gt="",
        )
        .order_by("pk")
    )


def _owe(person: Any, day: date) -> bool:
    """Owe somebody the letter of a day, if anything is due; tell whether it was."""
    if not count(work_queue.counts(person)):
        return False
    try:
        with transaction.atomic():
            message = making.owe(KIND, person.email, SUBJECT)
            Letter.objects.create(
                kind=Letter.Kind.MORNING, user=person, day=day, message=message
            )
    except IntegrityError:  # Another run was first: letter_once_a_day.
        if Letter.objects.filter(
            kind=Letter.Kind.MORNING, user=person, day=day
        ).exists():
            return False
        raise
    return True


def count(totals: dict[str, int]) -> int:
    """Return how many people of a queue are due; those of nobody are nobody's duty."""
    return sum(n for key, n in totals.items() if key != work_queue.UNASSIGNED)


@making.makes(KIND)
def letter(message: Message) -> Content | None:
    """Return what is due now; None where all was done, or whoever it is for has left.

    Nor on another day: that one has a letter of its own.
    """
    row = Letter.objects.select_related("user").filter(message=message).first()
    if row is None or row.day != timezone.localdate() or not may_be_given(row.user):
        return None
    sections = work_queue.sections(row.user, limit=PER_SECTION)
    due = count({section.key: section.total for section in sections})
    if not due:
        return None
    home = settings.SITE_URL + reverse("admin:index")
    context = {
        "person": row.user,
        "day": row.day,
        "due": due,
        "sections": list(_written(sections, home)),
        "home": home,
    }
    return making.written(KIND, subject(due), context)


def subject(due: int) -> str:
    return f"{SUBJECT}\u00a0: {due} contact{'s' if due > 1 else ''}"


def _written(sections: list[Section], home: str) -> Iterator[dict[str, Any]]:
    """Yield the sections that are not empty; those of nobody by their count alone."""
    for section in sections:
        if not section.total:
            continue
        lines = [
            {
                "line": line,
                "url": settings.SITE_URL
                + reverse("admin:leads_lead_change", args=[line.lead.pk]),
            }
            for line in section.lines
        ]
        if section.key == work_queue.UNASSIGNED:
            lines = []
        yield {
            "section": section,
            "lines": lines,
            "more": section.total - len(lines),
            "url": f"{home}?section={section.key}",
        }
