"""The mail that tells somebody which leads are theirs now, made when it leaves."""

from __future__ import annotations

from leads.assigning import KIND, SUBJECT
from leads.models import Assignment
from outbox import making
from outbox.making import Content
from outbox.models import Message


@making.makes(KIND)
def assignment(message: Message) -> Content | None:
    """Return what is still true of the leads given; None if nothing is."""
    rows = (
        Assignment.objects.filter(message=message, lead__erased_at=None)
        .select_related("lead", "to")
        .order_by("pk")
    )
    theirs = [row for row in rows if row.lead.owner_id == row.to_id]
    if not theirs:
        return None
    return making.written(KIND, SUBJECT, {"assignments": theirs})
