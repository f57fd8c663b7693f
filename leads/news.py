"""Whom a tool that mails news may be given, each with their link to unsubscribe."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import Any, NamedTuple

from django.db.models import QuerySet

from leads import bases, unsubscribe
from leads.bases import Act
from leads.channels import with_consents
from leads.models import Lead
from outbox.models import Suppression, mailbox_of, suppression_hash

AT_ONCE = 500


class Subscriber(NamedTuple):
    lead: Lead
    email: str
    name: str
    unsubscribe: str  # Must stand in each mail, and in its headers.


def subscribers(leads: QuerySet[Lead]) -> Iterator[Subscriber]:
    """Yield those of these leads who may be exported to be mailed news.

    One query for each AT_ONCE: asked as late as can be, for a refusal counts at once.
    """
    rows: Any = with_consents(leads).order_by("pk").iterator(chunk_size=AT_ONCE)
    for some in batched(rows, AT_ONCE):
        hashes = {lead.pk: _hashes(lead.email) for lead in some}
        asked = set().union(*hashes.values())
        found = Suppression.objects.filter(address_hash__in=asked)
        aside = {bytes(one) for one in found.values_list("address_hash", flat=True)}
        for lead in some:
            set_aside = bool(hashes[lead.pk] & aside)
            standing = bases.standing_of(lead, set_aside=set_aside)
            if bases.answer(Act.EXPORT, standing):
                link = unsubscribe.link_of(lead.pk)
                yield Subscriber(lead, lead.email, lead.full_name, link)


def _hashes(address: str) -> set[bytes]:
    return {suppression_hash(one) for one in (address, mailbox_of(address))}
