"""Write down what was said with a person, and what comes next."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pghistory
from django.db import transaction
from django.utils import timezone

from leads import consent
from leads.models import Activity, ConsentEvent, Lead

Kind, Outcome, Status = Activity.Kind, Activity.Outcome, Lead.Status
CONTACTS = (Kind.CALL, Kind.EMAIL, Kind.MEETING)
# What may come of each.
OUTCOMES: dict[str, tuple[str, ...]] = {
    Kind.CALL: (
        Outcome.REACHED,
        Outcome.MESSAGE_LEFT,
        Outcome.NO_ANSWER,
        Outcome.REFUSED,
    ),
    Kind.EMAIL: (Outcome.SENT, Outcome.ANSWERED),
    Kind.MEETING: (),
    Kind.NOTE: (),
}
BEFORE_CONTACT = (Status.NEW, Status.TO_QUALIFY, Status.QUALIFIED)
FARTHEST = timedelta(days=730)  # Of what comes next.
STAFF_PAGE = "/admin/"


class Gone(Exception):
    """The person was erased, or froze it all, while somebody wrote about them."""


@transaction.atomic
def log(
    lead_pk: int,
    by: Any,
    kind: str,
    *,
    outcome: str = "",
    body: str = "",
    next_action: str = "",
    next_on: date | None = None,
) -> Activity:
    """Write down a call, a mail, a meeting or a note, and what comes next.

    The first call, mail or meeting is the first contact, whatever came of it: the
    promise is ours to try. Somebody reached is contacted, a meeting moves on; who does
    not want to be called is not called any more. What was to be done is done, unless
    this is a note. Raises Gone.
    """
    with pghistory.context(user=by.pk):
        lead = _locked(lead_pk)
        activity = Activity.objects.create(
            lead=lead, author=by, kind=kind, outcome=outcome, body=body
        )
        if kind in CONTACTS:
            _contacted(lead, outcome)
        if next_action or next_on:
            lead.next_action, lead.next_action_on = next_action, next_on
        lead.status = _moved(lead.status, kind, outcome)
        lead.save(
            update_fields=[
                "next_action",
                "next_action_on",
                "first_contact_at",
                "waiting_since",
                "status",
            ]
        )
        if outcome == Outcome.REFUSED:
            _refuse_calls(lead)
    return activity


def _contacted(lead: Lead, outcome: str) -> None:
    """Take what was to be done for done, and tell whose the next word is."""
    lead.next_action, lead.next_action_on = "", None
    lead.first_contact_at = lead.first_contact_at or timezone.now()
    if outcome in Activity.WAITING:
        lead.waiting_since = timezone.now()
    elif outcome != Outcome.NO_ANSWER:
        lead.waiting_since = None


def _moved(status: str, kind: str, outcome: str) -> str:
    """Return the status after an exchange; what is closed stays closed."""
    if kind == Kind.MEETING and status not in Lead.CLOSED:
        return Status.MEETING
    if outcome in (Outcome.REACHED, Outcome.ANSWERED) and status in BEFORE_CONTACT:
        return Status.CONTACTED
    return status


def _refuse_calls(lead: Lead) -> None:
    consent.write(
        lead.pk,
        ConsentEvent.Purpose.CALL,
        consent.refusal_said(),
        STAFF_PAGE,
        granted=False,
        channel=ConsentEvent.Channel.STAFF,
    )


@transaction.atomic
def plan(lead_pk: int, by: Any, action: str, on: date | None) -> None:
    """Set what comes next, or put it off. Raises Gone."""
    with pghistory.context(user=by.pk):
        lead = _locked(lead_pk)
        lead.next_action, lead.next_action_on = action, on
        lead.save(update_fields=["next_action", "next_action_on"])


@transaction.atomic
def move(lead_pks: list[int], by: Any, status: str, reason: str = "") -> int:
    """Set a status; return how many moved. Moving back is allowed.

    `reason` is for what is lost or out of scope, and for nothing else: the database
    refuses one without the other (IntegrityError). What is closed awaits nothing.
    """
    with pghistory.context(user=by.pk):
        rows = Lead.objects.filter(pk__in=lead_pks, erased_at=None, frozen_at=None)
        rows = rows.exclude(status=status, closed_because=reason)
        found = rows.select_for_update(no_key=True).order_by("pk")
        values: dict[str, Any] = {"status": status, "closed_because": reason}
        if status in Lead.CLOSED:
            values |= {"next_action": "", "next_action_on": None, "waiting_since": None}
        keys = [lead.pk for lead in found.only("pk")]
        return Lead.objects.filter(pk__in=keys).update(**values)


def _locked(lead_pk: int) -> Lead:
    lead = (
        Lead.objects.select_for_update(no_key=True, of=("self",))
        .filter(pk=lead_pk, erased_at=None, frozen_at=None)
        .first()
    )
    if lead is None:
        raise Gone
    return lead
