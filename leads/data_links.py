"""Links to one's own data: asked at any address, mailed to those that are known."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now
from django.utils import timezone

from leads import rights_mail
from leads.models import DataLink, Lead, RightsRequest
from leads.models.lead import email_key
from outbox.claims import LeaseLost
from outbox.models import Message, MessageEvent, Suppression, suppression_hash

DAY = timedelta(days=1)
LIFETIME = timedelta(hours=24)  # Mail may be held back for hours (greylists).
MOST_ATTEMPTS = 20
SENT = "Lien personnel envoyé à son adresse."
SET_ASIDE = (
    "Demandé sur le site\u00a0; l’adresse est écartée des envois, et rien n’a été "
    "envoyé\u00a0: répondre par un autre moyen."
)


def mail(link: DataLink) -> None:
    """Look a claimed link's address up, and owe what is due to it. Raises LeaseLost.

    Of an address that is nobody's, nothing is kept.
    """
    with transaction.atomic():
        known = Lead.objects.filter(email_key=email_key(link.address), erased_at=None)
        lead = known.select_for_update(no_key=True).first()
        if lead is None or link.attempts > MOST_ATTEMPTS or _had_enough(lead.email):
            return _drop(link)
        expires_at = timezone.now() + LIFETIME
        link.finish(
            address="",
            lead=lead,
            address_hash=suppression_hash(lead.email_key or ""),
            expires_at=expires_at,
        )
        link.lead = lead
        if Suppression.objects.covers(lead.email):
            _leave_to_staff(lead)
        else:
            owe(rights_mail.link_mail(link, lead.email, expires_at))
            _note(lead, answer=SENT, closed_at=timezone.now())


def _note(lead: Lead, **values: Any) -> None:
    RightsRequest.objects.create(
        lead=lead,
        right=RightsRequest.Right.ACCESS,
        channel=RightsRequest.Channel.SITE,
        **values,
    )


def _leave_to_staff(lead: Lead) -> None:
    """Ask staff to answer, once: nothing may be sent to this address."""
    waiting = lead.rights_requests.waiting().filter(right=RightsRequest.Right.ACCESS)
    if not waiting.exists():
        _note(lead, said=SET_ASIDE)


def owe(message: Message) -> None:
    message.save()
    message.record(MessageEvent.Kind.QUEUED)


def _had_enough(recipient: str) -> bool:
    Message.objects.lock_recipient(recipient)
    mailed = Message.objects.mailed_since(recipient, Now() - DAY)
    count = mailed.filter(kind=rights_mail.LINK).count()
    return count >= settings.DATA_LINKS_PER_RECIPIENT_PER_DAY


def _drop(link: DataLink) -> None:
    held = DataLink.objects.filter(
        pk=link.pk, lease_no=link.lease_no, lease_until__isnull=False
    )
    if not held.delete()[0]:
        raise LeaseLost(str(link))
