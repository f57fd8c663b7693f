"""Write down that somebody acted from the mailbox that a copy was mailed to."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from leads.models import Lead, MailboxEvent
from leads.models.lead import email_key
from reports.models import Copy, Hit

Kind = MailboxEvent.Kind


@transaction.atomic
def confirm(lead_pk: int, address: str, kind: Kind) -> bool:
    """Note a POST made from what was mailed to an address; return whether it counts.

    It says nothing of a contact whose address is another by now, or who is erased.
    """
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_pk)
    if lead.erased_at or not address or lead.email_key != email_key(address):
        return False
    MailboxEvent.objects.create(lead=lead, kind=kind)
    return True


def on_copy_downloaded(sender: type[Copy], copy: Copy, hit: Hit, **kwargs: Any) -> None:
    """Take a download from the mailed link for a sign of life, unless a robot's."""
    if hit.confidence in Hit.HUMAN:
        confirm(copy.lead_id, copy.recipient, Kind.DOWNLOADED)
