"""How long people are kept: three years after they last gave a sign of themselves.

A sign is an act: a request, a download by hand, an answer that staff noted, a press on
a page of ours. Opening a message or a page is none (CNIL: an opening proves nothing).
It is read from the events themselves, never stored: no code can forget to note one, and
nothing of it is left to correct. What may be due is found by one index, as whoever is
older than that has been erased, but for the few who came back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest, Now
from django.utils import timezone

from leads.channels import last_word
from leads.models import (
    Activity,
    ConsentEvent,
    Lead,
    MailboxEvent,
    PrivacyEvent,
    RightsRequest,
    Submission,
)
from leads.register import SUSPECTS, erased_on, three_years_before
from outbox.models import Message
from reports.models import Hit

ANSWERS = (
    Activity.Outcome.REACHED,
    Activity.Outcome.ANSWERED,
    Activity.Outcome.REFUSED,
)


def signs() -> list[tuple[QuerySet[Any], str]]:
    """Return what a person does, and the instant of it, for `OuterRef("pk")`."""
    lead = {"lead": OuterRef("pk")}
    typed = Submission.objects.filter(suspicion="", **lead)
    answered = Q(outcome__in=ANSWERS) | Q(kind=Activity.Kind.MEETING)
    agreed = ConsentEvent.objects.exclude(channel=ConsentEvent.Channel.STAFF)
    pressed = MailboxEvent.objects.filter(kind=MailboxEvent.Kind.PRESSED)
    # A link that was renewed by who holds it: no submission asked for the message.
    renewed = Message.objects.filter(kind="synthesis", submissions=None, **lead)
    return [
        (typed, "created_at"),
        (typed, "resend_asked_at"),
        (_downloads(), "at"),
        (Activity.objects.filter(answered, **lead), "at"),
        (agreed.filter(**lead), "at"),
        (renewed, "created_at"),
        (PrivacyEvent.objects.filter(**lead), "at"),
        (RightsRequest.objects.filter(**lead), "at"),
        (pressed.filter(**lead), "at"),
    ]


def _downloads() -> QuerySet[Hit]:
    """Return the downloads by a probable human, of who does not object to the measure.

    Theirs are used for nothing that names them: the day of their erasure would tell.
    """
    hits = Hit.objects.filter(
        copy__lead=OuterRef("pk"),
        method="POST",
        served=True,
        confidence__in=Hit.HUMAN,
    )
    word = last_word(ConsentEvent.Purpose.MEASURE, "copy__lead")
    found: QuerySet[Hit] = hits.alias(agrees=Coalesce(word, True)).filter(agrees=True)
    return found


def with_last_contact(leads: QuerySet[Any]) -> QuerySet[Any]:
    """Add `last_contact_at`: when each was last heard of."""
    latest = [
        Subquery(
            rows.filter(**{f"{field}__isnull": False})
            .order_by(f"-{field}")
            .values(field)[:1]
        )
        for rows, field in signs()
    ]
    found: QuerySet[Any] = leads.annotate(
        last_contact_at=Greatest(F("created_at"), *latest)
    )
    return found


def erasure_of(lead: Any) -> datetime:
    """Return when a lead that `with_last_contact` gave is to be anonymised."""
    return erased_on(lead.last_contact_at)


def _heard_of(since: datetime) -> list[Exists]:
    return [Exists(rows.filter(**{f"{field}__gte": since})) for rows, field in signs()]


def frozen() -> QuerySet[Lead]:
    """Return who asked that their data be neither used nor erased (RGPD, art. 18)."""
    return Lead.objects.filter(erased_at=None, frozen_at__isnull=False)


def due() -> QuerySet[Lead]:
    """Return who is to be anonymised now.

    Leads that were merged are one person: none goes while another gives signs. Who is
    frozen stays until the freeze is lifted.
    """
    since = three_years_before(timezone.now())
    there = Lead.objects.filter(erased_at=None)
    same = there.filter(
        Q(merged_into=OuterRef("pk"))
        | Q(pk=OuterRef("merged_into"))
        | Q(merged_into=OuterRef("merged_into"))
    )
    heard = Q(created_at__gte=since)
    for sign in _heard_of(since):
        heard |= Q(sign)
    silent = there.filter(*(~sign for sign in _heard_of(since)), created_at__lt=since)
    return silent.filter(~Exists(same.filter(heard)), frozen_at=None)


def due_suspects() -> QuerySet[Lead]:
    """Return who was held for a robot a year ago, and has not been let go since."""
    since = Now() - SUSPECTS
    recent = Submission.objects.filter(lead=OuterRef("pk"), created_at__gte=since)
    held = Lead.objects.filter(erased_at=None, suspected_at__lt=since)
    return held.filter(~Exists(recent), frozen_at=None)
