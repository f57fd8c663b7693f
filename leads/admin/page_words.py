"""What the head of a person's page says: the promise, the mailbox, why it is theirs."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.utils import timezone

from leads import business_days, retention
from leads.models import Lead, Submission
from leads.register import YEARS
from leads.timeline_words import typed_otherwise
from reports.templatetags.french import french_date
from reports.templatetags.staff_french import WEEKDAYS

SOON = 30  # Days before an erasure that staff are told how many are left.
TYPED_KEPT = 20  # Later submissions that are compared with the record.


def said(day: date) -> str:
    return f"{WEEKDAYS[day.weekday()]} {french_date(day)}"


def promise_words(lead: Lead, today: date | None = None) -> str:
    """Say how the promise of a first contact stands, in business days."""
    today = today or timezone.localdate()
    promised = lead.promised_on
    if lead.first_contact_at:
        day = timezone.localdate(lead.first_contact_at)
        words = f"premier contact le {said(day)}"
        if promised is None:
            return words
        kept = day <= promised
        return f"{words}, {'dans' if kept else 'après'} le délai promis"
    if promised is None:
        return "pas encore de premier contact"
    if lead.status in Lead.CLOSED:
        return "clos sans premier contact"
    if promised < today:
        late = business_days.between(promised, today)
        since = f", dépassé de {business_days.in_words(late)}" if late else ", dépassé"
        return f"premier contact promis avant le {said(promised)}{since}"
    left = business_days.between(today, promised)
    if promised == today or left == 0:
        return "premier contact promis pour aujourd’hui au plus tard"
    remains = business_days.in_words(left)
    return f"premier contact promis avant le {said(promised)}\u00a0: encore {remains}"


def mailbox_words(lead: Any) -> str:
    """Say what is known of the mailbox: never of who reads it."""
    if lead.retrieval_day:  # None where the person objects to the measure.
        day = said(lead.retrieval_day)
        return f"boîte confirmée\u00a0: synthèse téléchargée le {day}"
    if lead.delivered_at:
        day = said(timezone.localdate(lead.delivered_at))
        return f"synthèse remise le {day}"
    return "synthèse pas encore remise"


def erasure_words(lead: Any, today: date | None = None) -> str:
    """Say when the person will be anonymised, and why then. Nobody writes to them."""
    today = today or timezone.localdate()
    if getattr(lead, "frozen_at", None):
        return "pas d’effacement tant que le gel demandé par la personne dure"
    heard = timezone.localdate(lead.last_contact_at)
    day = timezone.localdate(retention.erasure_of(lead))
    since = f"{YEARS} ans après son dernier contact, le {french_date(heard)}"
    if day <= today:
        return f"effacement prévu cette nuit, {since}"
    words = f"effacement prévu le {french_date(day)}, {since}"
    left = (day - today).days
    if left > SOON:
        return words
    days = "demain" if left == 1 else f"dans {left} jours"
    return f"{words}\u00a0: {days}, sans que la personne soit prévenue"


def typed_later(lead: Lead) -> list[tuple[Submission, list[str]]]:
    """Return the submissions that say otherwise than the record, with what. One query.

    Anyone can type anyone's address: staff see both and choose.
    """
    rows = lead.submissions.filter(suspicion="").order_by("-created_at", "-pk")
    found = [(row, typed_otherwise(row, lead)) for row in rows[:TYPED_KEPT]]
    return [(row, different) for row, different in found if different]
