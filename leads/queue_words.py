"""What a line of the queue says: why now, what was promised, what to do."""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from leads import business_days
from leads.channels import Channels
from leads.models import Activity
from leads.sheet_text import without_refused
from reports.templatetags.staff_french import WEEKDAYS

MAIL = re.compile(r"courriel|\b(r[ée])?[ée]cri(re|s|vez)\b|\be-?mail|\bmail", re.I)
MEETING = re.compile(r"rendez-vous|\brdv\b", re.I)
# Words about a meeting that is still to be had: a call, most often.
ARRANGING = re.compile(
    r"\b(propos|fix|prendr|cal(er|ez)\b|confirm|d[ée]cal|demand|pr[ée]par|obten)", re.I
)


def kind_of(action: str) -> str:
    """Return what an action is, of Activity.Kind: a call unless its words say else."""
    if MEETING.search(action) and not ARRANGING.search(action):
        return Activity.Kind.MEETING
    return Activity.Kind.EMAIL if MAIL.search(action) else Activity.Kind.CALL


def why(lead: Any, today: date) -> str:
    """Say why a lead that `work_queue.section` gave is there."""
    due = lead.next_action_on
    match lead.section:
        case "retard":
            return f"Prévu {day(due, today)}{late(due, today)}"
        case "aujourdhui" if due == today:
            return "Prévu aujourd’hui"
        case "aujourdhui":
            return f"Rappel demandé {moment(lead.asked_at, today)}"
        case "attente":
            waiting = f"Réponse attendue depuis {moment(lead.waiting_since, today)}"
            return f"{waiting}, relance prévue {day(due, today)}" if due else waiting
    parts = []
    if lead.asked_at:
        parts.append(f"rappel demandé {moment(lead.asked_at, today)}")
    if lead.delivered_at:
        parts.append(f"synthèse remise {moment(lead.delivered_at, today)}")
    else:
        parts.append(f"demande reçue {moment(lead.created_at, today)}")
    if lead.first_contact_at is None and lead.section == "remis":
        parts.append("aucun contact depuis")
    if due:
        parts.append(f"prévu {day(due, today)}")
    text = ", ".join(parts)
    return text[0].upper() + text[1:]


def promise(lead: Any, today: date) -> str:
    """Say until when a first contact was promised; nothing where there is no promise.

    Counts down in business days.
    """
    on = lead.promised_on
    if on is None or lead.first_contact_at:
        return ""
    if on < today:
        days = business_days.between(on, today)
        if days == 0:
            return "promesse dépassée"
        return f"promesse dépassée {_of_days(days)}"
    left = (on - today).days
    names = {0: "ce soir", 1: "demain soir"}
    named = names.get(left) or (
        f"{WEEKDAYS[on.weekday()]} soir" if left < 7 else f"le {short(on)} au soir"
    )
    return f"à appeler avant {named}"


def action(lead: Any, channels: Channels) -> str:
    """Return the one next action: what was planned, or else what is allowed.

    Without the number or the address that it was planned with, once that is refused.
    """
    if lead.next_action:
        numbers = [lead.phone, lead.call_number or ""]
        return without_refused(lead.next_action, channels, numbers)
    again = lead.waiting_since is not None
    if channels.wants_call:
        return "Rappeler"
    if channels.phone.allowed:
        return "Relancer par téléphone" if again else "Appeler"
    if channels.email.allowed:
        return "Relancer par courriel" if again else "Écrire un courriel"
    return "Ni appeler ni écrire\u00a0: répondre à ses messages"


def late(due: date, today: date) -> str:
    """Return « , en retard de 2 jours ouvrés »; nothing over a weekend."""
    days = business_days.between(due, today)
    return f", en retard {_of_days(days)}" if days else ""


def day(on: date, today: date) -> str:
    """Return « hier », « demain », « jeudi » or « le 24/11/2026 »."""
    near = {-1: "hier", 0: "aujourd’hui", 1: "demain"}.get((on - today).days)
    if near:
        return near
    if 0 < (on - today).days < 7:
        return WEEKDAYS[on.weekday()]
    return f"le {short(on)}"


def moment(at: Any, today: date) -> str:
    """Return the day (Europe/Paris) of an instant, as `day` says it."""
    return day(timezone.localdate(at), today)


def short(on: date) -> str:
    return date_format(on, "SHORT_DATE_FORMAT")


def _of_days(days: int) -> str:
    return "d’un jour ouvré" if days == 1 else f"de {business_days.in_words(days)}"
