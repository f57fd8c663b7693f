"""The mail that tells somebody which leads are theirs now, made when it leaves."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date
from typing import Any, NamedTuple

from celery.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DatabaseError
from django.urls import reverse
from django.utils import timezone

from leads import call_sheet
from leads.assigning import KIND, may_be_given
from leads.availability import day_in_words
from leads.channels import Channels, channels_of, with_consents
from leads.models import Assignment, Lead
from outbox import making
from outbox.making import Attachment, Content
from outbox.models import Message
from reports.templatetags.staff_french import WEEKDAYS

logger = logging.getLogger(__name__)

SHEETS = 10  # Leads whose call sheets are attached; beyond, links only.
LISTED = 50  # Leads told one by one; beyond, their number and the list.


class Given(NamedTuple):
    """A lead as its new owner reads of it."""

    lead: Any
    sentence: str
    promise: str
    channels: Channels
    url: str


@making.makes(KIND)
def assignment(message: Message) -> Content | None:
    """Return what is still true of the leads given; None if nothing is.

    Who was erased, merged, suspected or given to somebody else since is left out; and
    whoever it was for may have left the house.
    """
    rows = list(
        Assignment.objects.filter(message=message)
        .order_by("pk")
        .values_list("lead_id", "to_id", "sentence")
    )
    given = _given(rows)
    if not given:
        return None
    sheets = _sheets([each.lead.pk for each in given])
    context = {
        "given": given[:LISTED],
        "more": max(0, len(given) - LISTED),
        "count": len(given),
        "list_url": f"{settings.SITE_URL}{reverse('admin:leads_lead_changelist')}",
        "heading": heading(given),
        "sheets": bool(sheets),
    }
    return making.written(KIND, subject(given), context, *sheets)


def _given(rows: Sequence[tuple[int, int | None, str]]) -> list[Given]:
    owners = {lead: to for lead, to, _ in rows}
    found = with_consents(
        Lead.objects.filter(
            pk__in=owners,
            erased_at=None,
            frozen_at=None,
            merged_into=None,
            suspected_at=None,
        )
    ).select_related("owner")
    leads: dict[int, Any] = {
        lead.pk: lead
        for lead in found
        if lead.owner_id == owners[lead.pk] and may_be_given(lead.owner)
    }
    channels = channels_of(leads.values())
    today = timezone.localdate()
    return [
        Given(
            lead=leads[pk],
            sentence=sentence.rstrip("."),
            promise=promise(leads[pk], today),
            channels=channels[pk],
            url=url_of(pk),
        )
        for pk, _, sentence in rows
        if pk in leads
    ]


def url_of(lead_pk: int) -> str:
    return settings.SITE_URL + reverse("admin:leads_lead_change", args=[lead_pk])


def weekday_in_words(day: date, today: date) -> str:
    """Return « mercredi 2 décembre »."""
    return f"{WEEKDAYS[day.weekday()]} {day_in_words(day, today)}"


def promise(lead: Lead, today: date) -> str:
    """Say until when the person may wait for us; empty where nothing is promised."""
    if lead.promised_on is None or lead.first_contact_at:
        return ""
    day = weekday_in_words(lead.promised_on, today)
    if lead.promised_on < today:
        return f"premier contact promis avant {day} au soir\u00a0: c’est passé"
    return f"premier contact avant {day} au soir"


def subject(given: list[Given]) -> str:
    """Return the subject, on one line; nobody is called who refused it."""
    if len(given) > 1:
        return f"{len(given)} contacts vous sont confiés"
    lead = given[0].lead
    verb = "À appeler" if given[0].channels.phone.allowed else "À suivre"
    where = " ".join(f"{lead.organisation} ({lead.get_region_display()})".split())
    return f"{verb}\u00a0: {where}"


def heading(given: list[Given]) -> str:
    if len(given) > 1:
        return subject(given)
    return "Un contact vous est confié"


def _sheets(keys: list[int]) -> list[Attachment]:
    """Return the call sheets, in one file; none where leads are many.

    Nor where they cannot be made: each has its link, and the promise does not wait.
    """
    try:
        content = call_sheet.render(keys) if len(keys) <= SHEETS else b""
    except (DatabaseError, SoftTimeLimitExceeded):
        raise
    except Exception:
        logger.exception("assignment mail: left without its call sheets")
        content = b""
    name = "fiche-d-appel.pdf" if len(keys) == 1 else "fiches-d-appel.pdf"
    return [Attachment(name, content, "application/pdf")] if content else []
