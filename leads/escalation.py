"""Tell somebody, once, of each promise of a first contact that was not kept."""

from __future__ import annotations

import logging
from collections import defaultdict
from datetime import date, datetime
from typing import Any, cast

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from leads import assigning, business_days
from leads.models import Absence, Escalation, Lead
from outbox import making
from outbox.models import Message

logger = logging.getLogger(__name__)

KIND = "escalation"  # Of the message; leads/escalation_mail.py makes its words.
SUBJECT = "Des promesses de premier contact ne sont pas tenues"
HOURS = range(9, 18)  # Europe/Paris, on business days: when it can be acted upon.
RUN = 500  # Leads that one run may tell of.
MARKETING = "Marketing"  # Told where nobody is above who should have called.


def escalate(now: datetime | None = None) -> int:
    """Tell of the promises that broke before today; return of how many leads.

    Outside business hours, nothing is done. One message for each person and run; the
    ledger, the mark on the lead and the message together, or none of them.
    """
    local = timezone.localtime(now)
    if not business_days.is_business_day(local.date()) or local.hour not in HOURS:
        return 0
    with transaction.atomic():
        rows = list(
            broken(local)
            .select_related("owner__staff_profile__manager")
            .select_for_update(no_key=True, skip_locked=True, of=("self",))
            .order_by("promised_on", "pk")[:RUN]
        )
        return _tell(rows, local.date())


def broken(now: datetime) -> QuerySet[Lead]:
    """Return open leads whose promise broke before today, that nobody was told of.

    Whoever has one now: a promise made to a person is the house's.
    """
    return (
        Lead.objects.genuine()
        .open()
        .filter(
            promised_on__lt=timezone.localdate(now),
            first_contact_at=None,
            escalated_at=None,
        )
    )


def _tell(leads: list[Lead], day: date) -> int:
    away = set(Absence.objects.on(day).values_list("user_id", flat=True))
    managers = {lead.pk: _manager(lead, away) for lead in leads}
    house = _house(away) if None in managers.values() else []
    told: dict[Any, list[Lead]] = defaultdict(list)
    for lead in leads:
        manager = managers[lead.pk]
        for person in [manager] if manager else house:
            told[person].append(lead)
    for person, theirs in told.items():
        _owe(person, theirs)
    keys = {lead.pk for theirs in told.values() for lead in theirs}
    if len(keys) < len(leads):
        logger.warning(
            "escalation: nobody to tell of %s broken promises", len(leads) - len(keys)
        )
    return Lead.objects.filter(pk__in=keys).update(escalated_at=Now())


def _manager(lead: Lead, away: set[int]) -> Any | None:
    """Return who is above the owner of a lead, if they can be told, and are there."""
    profile = getattr(lead.owner, "staff_profile", None)
    manager = profile and profile.manager
    if manager is None or manager.pk in away or not assigning.may_be_given(manager):
        return None
    return manager


def _house(away: set[int]) -> list[Any]:
    """Return whom to tell where nobody is above: who is there, or else all of them."""
    members = get_user_model().objects.filter(groups__name=MARKETING).order_by("pk")
    told = [user for user in members if assigning.may_be_given(user)]
    return [user for user in told if user.pk not in away] or told


def _owe(person: Any, leads: list[Lead]) -> None:
    # Erased before it leaves, the person takes the message away with them.
    only = leads[0] if len(leads) == 1 else None
    message = making.owe(KIND, person.email, SUBJECT, lead=only)
    Escalation.objects.bulk_create(
        Escalation(
            lead=lead,
            owner=lead.owner,
            to=person,
            promised_on=cast("date", lead.promised_on),
            message=message,
        )
        for lead in leads
    )


def lines_of(message: Message) -> list[Escalation]:
    """Return what is still true of a message: who has still not been contacted.

    Nothing where whoever it is for has left the house meanwhile.
    """
    rows = (
        Escalation.objects.filter(
            message=message,
            lead__in=Lead.objects.genuine().open().filter(first_contact_at=None),
        )
        .select_related("lead__owner", "to")
        .order_by("promised_on", "pk")
    )
    return [row for row in rows if assigning.may_be_given(row.to)]
