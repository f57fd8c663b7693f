"""What the delivery mail says of what its reader agreed to, besides the document."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from leads import bases, choices
from leads.channels import with_consents
from leads.models import ConsentEvent, Lead
from leads.models.lead import email_key
from outbox.models import LINK_TOKEN
from reports.models import Copy

Purpose = ConsentEvent.Purpose


@dataclass(frozen=True, slots=True)
class Agreement:
    """One agreement in force: what, when, in which words."""

    what: str
    at: datetime
    wording: str
    version: str


@dataclass(frozen=True, slots=True)
class Receipt:
    agreements: tuple[Agreement, ...]
    waits: bool  # For a sign of life from the mailbox.
    link: dict[str, Any]  # How the link to the page of choices is made.


def receipt_of(copy: Copy) -> Receipt | None:
    """Return the receipt that goes with a copy; None where it is another's by now."""
    rows: Any = with_consents(Lead.objects.filter(pk=copy.lead_id))
    lead = rows.get()
    if lead.erased_at or lead.email_key != email_key(copy.recipient):
        return None
    latest = lead.consents.filter(purpose__in=(Purpose.NEWS, Purpose.CALL))
    latest = latest.order_by("purpose", "-at", "-pk").distinct("purpose")
    return Receipt(
        tuple(
            Agreement(
                event.get_purpose_display(),
                event.at,
                event.wording,
                event.wording_version,
            )
            for event in latest
            if event.granted
        ),
        bool(lead.news_granted) and not bases.is_confirmed(lead),
        {
            "purpose": choices.TOKEN,
            "uid": str(copy.uid),
            "generation": 1,
            "path": reverse("leads:choices", args=[f"{copy.reference}-{LINK_TOKEN}"]),
        },
    )
