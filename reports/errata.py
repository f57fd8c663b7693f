"""Tell those who hold an edition what is wrong with it: each person once."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django.db.models.functions import Coalesce, Now

from outbox.claims import delay
from outbox.models import Message, MessageEvent, Suppression, suppression_hash
from reports import emails
from reports.models import Copy, Edition, Erratum, ErratumLetter, link_expiry

PER_SECOND = 5  # Errata that fall due: who asks for a synthesis meanwhile waits less.
BATCH = 500


@dataclass
class Holders:
    """Whom an erratum is for, by their newest copy; and how many are left out, why."""

    copies: list[Any] = field(default_factory=list)
    revoked: int = 0  # The address was not the reader's: nobody's copy any more.
    suppressed: int = 0
    told: int = 0


def holders(edition: Edition, erratum: Erratum | None = None) -> Holders:
    """Return the people who really received an edition, one copy for each.

    Tests, suspects and erased people are no part of it. Those whom this erratum has
    reached already are only counted.
    """
    told = _told(erratum) if erratum else set()
    copies: list[Any] = list(
        Copy.objects.held()
        .genuine()
        .filter(edition=edition)
        .annotate(person=Coalesce("lead__merged_into_id", "lead_id"))
        .order_by("-requested_at", "-pk")
    )
    closed = _suppressed({copy.recipient for copy in copies})
    found, seen = Holders(), set[Any]()
    for copy in copies:
        known = {copy.person, copy.recipient.lower()}
        if copy.revoked_at:
            found.revoked += 1
        elif not known & seen:
            seen |= known
            if copy.person in told:
                found.told += 1
            elif suppression_hash(copy.recipient) in closed:
                found.suppressed += 1
            else:
                found.copies.append(copy)
    return found


def _told(erratum: Erratum) -> set[int]:
    """Return the people who had it, under the lead they are merged into by now."""
    person = Coalesce("lead__merged_into_id", "lead_id")
    return set(erratum.letters.values_list(person, flat=True))


def _suppressed(addresses: set[str]) -> set[bytes]:
    """Return the hashes of those that must not be written to, however typed."""
    hashes = {suppression_hash(address) for address in addresses}
    rows = Suppression.objects.filter(address_hash__in=hashes)
    return {bytes(found) for found in rows.values_list("address_hash", flat=True)}


def send(edition: Edition, note: str, author: Any) -> int:
    """Owe the erratum to every holder not told yet; return how many they are.

    One transaction: all of them or nobody. Two who press at once wait for each other,
    and the second finds nobody left. The same note again reaches those who came since.
    """
    with transaction.atomic():
        erratum, _ = Erratum.objects.get_or_create(
            edition=edition, note=note, defaults={"author": author}
        )
        Erratum.objects.select_for_update().get(pk=erratum.pk)
        copies = holders(edition, erratum).copies
        for start in range(0, len(copies), BATCH):
            _owe(erratum, copies[start : start + BATCH], start)
    return len(copies)


def _owe(erratum: Erratum, found: list[Any], start: int) -> None:
    # Locked: nothing may be owed to somebody who was erased since they were found.
    keys = [copy.pk for copy in found]
    open_now = Copy.objects.filter(pk__in=keys, revoked_at=None).order_by("pk")
    held = {row.pk for row in open_now.select_for_update(no_key=True).only("pk")}
    copies = [copy for copy in found if copy.pk in held]
    messages = []
    for number, copy in enumerate(copies, start):
        message = emails.erratum(erratum, copy)
        message.next_attempt_at = Now() + delay(number // PER_SECOND)
        messages.append(message)
    Message.objects.bulk_create(messages)
    MessageEvent.objects.bulk_create(
        MessageEvent(message=message, kind=MessageEvent.Kind.QUEUED)
        for message in messages
    )
    ErratumLetter.objects.bulk_create(
        ErratumLetter(erratum=erratum, lead_id=copy.person, copy=copy, message=message)
        for copy, message in zip(copies, messages, strict=True)
    )
    # Nobody is sent a link that no longer opens.
    Copy.objects.filter(
        link_expires_at__lte=Now(), pk__in=[copy.pk for copy in copies]
    ).update(link_expires_at=link_expiry())
