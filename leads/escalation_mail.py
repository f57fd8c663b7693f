"""The mail that tells of promises that broke, made when it leaves."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.utils import timezone

from leads import assigning, business_days, escalation
from leads.assignment_mail import LISTED, url_of, weekday_in_words
from outbox import making
from outbox.making import Content
from outbox.models import Message


class Broken(NamedTuple):
    """A promise that was not kept, as a manager reads of it."""

    lead: Any
    owner: str  # Who has it now.
    promised: str
    late: str
    url: str


@making.makes(escalation.KIND)
def broken_promises(message: Message) -> Content | None:
    """Return which promises are still broken; None if each was kept since."""
    rows = escalation.lines_of(message)
    if not rows:
        return None
    today = timezone.localdate()
    lines = []
    for row in rows[:LISTED]:
        days = business_days.between(row.promised_on, today)
        lines.append(
            Broken(
                lead=row.lead,
                owner=assigning.name_of(row.lead.owner) if row.lead.owner else "",
                promised=weekday_in_words(row.promised_on, today),
                # None where it waited for a business day.
                late=business_days.in_words(days) if days > 0 else "",
                url=url_of(row.lead_id),
            )
        )
    context = {
        "lines": lines,
        "more": max(0, len(rows) - LISTED),
        "heading": subject(len(rows)),
    }
    return making.written(escalation.KIND, subject(len(rows)), context)


def subject(count: int) -> str:
    if count == 1:
        return "Une promesse de premier contact n’est pas tenue"
    return f"{count} promesses de premier contact ne sont pas tenues"
