"""What is said of a step that is late: what is known, and what to do about it."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from leads.models import Alarm
from reports.templatetags.french import french_date, french_time

Step = Alarm.Step

SUBJECT_CLEARED = "Rétabli\u00a0: les synthèses partent de nouveau"
KEPT = "Rien n’est perdu\u00a0: ce qui attend partira de soi-même. "
OPERATOR = "Prévenez la personne qui exploite le service\u00a0: "

TITLES = {
    Step.STARTED: "Aucun envoi de contrôle ne part{when}.",
    Step.RENDERED: "Les synthèses ne sont plus fabriquées{when}.",
    Step.ACCEPTED: "Les synthèses ne sont plus remises{when}.",
    Step.BOUNCED: "L’envoi de contrôle a été renvoyé par sa boîte{when}.",
    Step.RETRIEVED: "Le lien des synthèses n’ouvre plus le document{when}.",
    Step.SILENCE: "Des envois attendent{when} et aucun n’est accepté.",
}
WHAT_TO_DO = {
    Step.STARTED: KEPT
    + OPERATOR
    + "le relais est arrêté, ou les adresses de l’alarme sont fausses (processus "
    "«\u00a0relay\u00a0», puis son journal).",
    Step.RENDERED: KEPT
    + OPERATOR
    + "les processus «\u00a0worker\u00a0» sont arrêtés ou débordés, ou la fabrication "
    "échoue (leur journal le dit).",
    Step.ACCEPTED: KEPT
    + OPERATOR
    + "le serveur de messagerie refuse ou ne répond pas. L’écran «\u00a0Envois non "
    "aboutis\u00a0» donne sa réponse.",
    Step.BOUNCED: OPERATOR
    + "la boîte de contrôle (SEED_MAILBOX) n’accepte plus nos messages. D’autres "
    "boîtes font peut-être de même\u00a0: voyez l’écran «\u00a0Envois non "
    "aboutis\u00a0».",
    Step.RETRIEVED: "La pièce jointe est arrivée. "
    + OPERATOR
    + "le stockage des exemplaires ou le site ne répond pas (journal du "
    "«\u00a0worker\u00a0»).",
    Step.SILENCE: KEPT
    + OPERATOR
    + "les processus «\u00a0relay\u00a0» et «\u00a0worker\u00a0», puis le serveur de "
    "messagerie.",
}


def when(at: datetime | None) -> str:
    """Return « depuis 14 h 07 », with its day if not today, after a space."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    today = local.date() == timezone.localdate()
    day = "" if today else f"le {day_and_month(local)} à "
    return f" depuis {day}{french_time(local)}"


def day_and_month(at: datetime) -> str:
    return french_date(at).rsplit("\u00a0", 1)[0]
