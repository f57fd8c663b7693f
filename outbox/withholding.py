"""Withhold what has not left, whatever the reason."""

from __future__ import annotations

from django.db.models import F, QuerySet
from django.db.models.functions import Now

from outbox.models import Message, MessageEvent
from outbox.replies import REASONS


def withhold(messages: QuerySet[Message], reason: str) -> None:
    """Withhold those of these messages that are still owed; call it in a transaction.

    `reason` is a key of REASONS. A message whose content is leaving this very moment
    may arrive, and its history says so; it is not tried again.
    """
    owed = list(
        messages.filter(next_attempt_at__isnull=False)
        .select_for_update(no_key=True, of=("self",))
        .defer("text", "html")
        .order_by("pk")
    )
    Message.objects.filter(pk__in=[message.pk for message in owed]).update(
        withheld_at=Now(),
        next_attempt_at=None,
        lease_until=None,
        handing_over_at=None,
        lease_no=F("lease_no") + 1,
    )
    for message in owed:
        message.record(
            MessageEvent.Kind.WITHHELD,
            reason=reason,
            cause=REASONS[reason].cause,
            ambiguous=message.handing_over_at is not None,
        )
