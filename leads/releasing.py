"""Hold people for suspects, and let go of whom a robot was mistaken for."""

from __future__ import annotations

from typing import Any

import pghistory
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.db.models.functions import Now
from django.urls import reverse

from leads import consent, delivery
from leads.calling import PAGE as CALL_PAGE
from leads.models import ConsentEvent, Lead, Submission
from leads.models.lead import Identity
from outbox.models import Message, Undelivered
from outbox.withholding import withhold
from reports.models import Copy

Purpose = ConsentEvent.Purpose
IDENTITY = [
    field.name for field in Identity._meta.get_fields() if field.name != "email"
]


@transaction.atomic
def suspect(keys: list[int], by: Any) -> int:
    """Hold leads for suspects: what has not left stays; return how many changed."""
    with pghistory.context(user=by.pk):
        rows = Lead.objects.filter(pk__in=keys, suspected_at=None, erased_at=None)
        found = rows.select_for_update(no_key=True).order_by("pk").only("pk")
        held = [lead.pk for lead in found]
        Lead.objects.filter(pk__in=held).update(suspected_at=Now())
    stop_copies(held)
    withhold(Message.objects.filter(copies__lead__in=held), "suspect")
    return len(held)


def stop_copies(leads: list[int]) -> None:
    """Stop whoever renders a copy: once let go, its lead is owed it again."""
    Copy.objects.filter(lead__in=leads, next_attempt_at__isnull=False).update(
        next_attempt_at=None, lease_until=None, lease_no=F("lease_no") + 1
    )


@transaction.atomic
def release(lead_pk: int, by: Any) -> str:
    """Say that somebody is no robot, and owe what a person would have received.

    Returns what came of it, a key of leads/outcomes.py. Released twice, once: whoever
    waited for the lead's row finds nothing held.
    """
    with pghistory.context(user=by.pk):
        lead = (
            Lead.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk=lead_pk, erased_at=None)
            .first()
        )
        if lead is None:
            return "gone"
        held = list(lead.submissions.exclude(suspicion="").order_by("created_at", "pk"))
        if lead.suspected_at is None and not held:
            return "unchanged"
        _name(lead, held)
        lead.suspected_at = None
        lead.save(update_fields=["suspected_at", *IDENTITY])
    genuine = lead.submissions.filter(suspicion="", copy__isnull=False)
    came_since = [
        submission.pk
        for submission in held
        if genuine.filter(created_at__gt=submission.created_at).exists()
    ]
    sent = False
    for submission in held:
        submission.suspicion = ""
        if not hasattr(submission, "correction"):
            _record_consents(submission)
            if submission.pk in came_since:
                _follow_the_same(submission)
            else:
                submission.copy = delivery.copy_for(submission)
                sent = True
        submission.save(update_fields=["suspicion", "copy"])
    return "released" if owe_again(lead, "suspect") or sent else "cleared"


def _name(lead: Lead, held: list[Submission]) -> None:
    """Give a lead the name of its earliest genuine submission, unless staff wrote one.

    The owner of an address that a robot used first bears its words until then.
    """
    typed = {tuple(getattr(row, name) for name in IDENTITY) for row in held}
    if tuple(getattr(lead, name) for name in IDENTITY) not in typed:
        return
    genuine = lead.submissions.filter(suspicion="").order_by("created_at", "pk")
    earliest = genuine.first() or held[0]
    for name in IDENTITY:
        setattr(lead, name, getattr(earliest, name))


def _follow_the_same(submission: Submission) -> None:
    """Share the copy that its author has received since, if it says the same."""
    same = Copy.objects.filter(
        lead_id=submission.lead_id, recipient=submission.email, revoked_at=None
    )
    submission.copy = same.for_reader(submission.reader).order_by("-pk").first()
    if submission.copy is not None:
        submission.messages.add(*submission.copy.messages.all())


def _record_consents(submission: Submission) -> None:
    """Write what the ticked box and the number left agreed to, as of that day."""
    written = set(submission.consents.values_list("purpose", flat=True))
    at = submission.created_at
    if submission.news_consent and Purpose.NEWS not in written:
        page = reverse("leads:landing")
        consent.record_news(submission, page, at=at)
    if submission.phone and Purpose.CALL not in written:
        consent.record(
            submission,
            Purpose.CALL,
            consent.call_wording(),
            CALL_PAGE,
            granted=True,
            at=at,
        )


def owe_again(lead: Lead, reason: str) -> bool:
    """Owe what was stopped for this reason; tell whether there was anything."""
    withheld = Undelivered.objects.filter(
        lead=lead, withheld_at__isnull=False, events__reason=reason
    )
    keys = list(withheld.values_list("pk", flat=True).distinct())
    owed = Undelivered.objects.filter(pk__in=keys).owe_again() if keys else []
    mailed = Message.objects.filter(submissions=OuterRef("pk"), copies=OuterRef("copy"))
    waiting = Submission.objects.filter(
        ~Exists(mailed), copy=OuterRef("pk"), correction=None
    )
    copies = Copy.objects.filter(
        Exists(waiting),
        lead=lead,
        next_attempt_at=None,
        failed_at=None,
        revoked_at=None,
    )
    return bool(copies.update(next_attempt_at=Now())) or bool(owed)
