"""What each row of a person's timeline says, in French."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst

from leads.calling import shown
from leads.models import Activity, ConsentEvent, Submission
from leads.models.lead import Identity
from outbox.models import MessageEvent
from outbox.replies import REASONS
from reports.models import CopyEvent
from reports.templatetags.french import french_date


@dataclass(slots=True)
class Entry:
    """What happened at once; `exact` is False where only the day may be told."""

    at: datetime
    kind: str
    what: str
    who: str = ""
    details: list[str] = field(default_factory=list)
    steps: list[tuple[datetime, str]] = field(default_factory=list)
    body: str = ""  # What somebody of the house wrote.
    exact: bool = True
    page: str = ""  # A page of the admin that says more, and its key.
    key: int = 0

    @property
    def day(self) -> date:
        return timezone.localdate(self.at)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the UNION."""

    when: datetime
    what: str
    key: int
    said: dict[str, Any]


Names = dict[int, str]
Words = Callable[[Row, Any, Names], Entry]
WORDS: dict[str, Words] = {}
KINDS = {str(kind.value): str(kind.label) for kind in Activity.Kind}
OUTCOMES = {str(one.value): str(one.label) for one in Activity.Outcome}
MESSAGE_STEPS = {str(kind.value): str(kind.label) for kind in MessageEvent.Kind}
COPY_STEPS = {str(kind.value): str(kind.label) for kind in CopyEvent.Kind}
PURPOSES = {str(one.value): str(one.label) for one in ConsentEvent.Purpose}
CHANNELS = {str(one.value): str(one.label) for one in ConsentEvent.Channel}
SUSPICIONS = {str(one.value): str(one.label) for one in Submission.Suspicion}
REFUSALS = {
    ConsentEvent.Purpose.CALL: "Ne veut pas, ou plus, être appelé",
    ConsentEvent.Purpose.NEWS: "Ne veut plus d’actualités par courriel",
    ConsentEvent.Purpose.MEASURE: "S’oppose à la mesure individuelle du téléchargement",
}


def says(what: str) -> Callable[[Words], Words]:
    """Register the function that tells rows of this kind."""

    def register(words: Words) -> Words:
        WORDS[what] = words
        return words

    return register


def day_said(day: date | str) -> str:
    """Return « 3 décembre 2026 »."""
    if isinstance(day, str):
        day = date.fromisoformat(day)
    return french_date(day)


def typed_otherwise(submission: Any, lead: Any) -> list[str]:
    """Return what a submission says that the lead's record does not.

    An address is not repeated: the submission's own page has it.
    """
    found = []
    for one in Identity._meta.get_fields():
        typed = getattr(submission, one.name)
        if typed == getattr(lead, one.name):
            continue
        if one.name == "email":
            found.append("une autre adresse électronique")
            continue
        label = dict(one.flatchoices).get(typed, typed)  # type: ignore[union-attr]
        found.append(f"{one.verbose_name}\u00a0: {label}")  # type: ignore[union-attr]
    return found


@says("submission")
def submission(row: Row, lead: Any, names: Names) -> Entry:
    said = row.said
    entry = Entry(row.when, "demande", "Demande reçue", page="leads_submission_change")
    entry.key = row.key
    if said["corrects"]:
        entry.what = "Demande reçue, à l’adresse corrigée par la personne"
    if said["suspicion"]:
        entry.what = "Demande d’un robot présumé, sans envoi"
        entry.details.append(SUSPICIONS.get(said["suspicion"], ""))
    origin = [said["origin"] and f"source\u00a0: {said['origin']}"]
    origin += [said["campaign"] and f"campagne\u00a0: {said['campaign']}"]
    entry.details += [", ".join(filter(None, origin))] if any(origin) else []
    typed = Submission(**{f.name: said[f.name] for f in Identity._meta.get_fields()})
    if different := typed_otherwise(typed, lead):
        entry.details.append(f"Saisi autrement\u00a0: {', '.join(different)}")
    if said["news"]:
        entry.details.append("actualités acceptées")
    if said["phone"] and not said["suspicion"]:
        refused = lead.call_granted is False  # A refused channel shows no address.
        entry.details.append(
            "rappel demandé" if refused else f"rappel demandé au {_number(said)}"
        )
    return entry


def _number(said: dict[str, Any]) -> str:
    try:
        return shown(said["phone"])
    except ValueError:
        return str(said["phone"])


@says("consent")
def consent(row: Row, lead: Any, names: Names) -> Entry:
    purpose, channel = row.said["purpose"], CHANNELS.get(row.said["channel"], "")
    if row.said["granted"]:
        what = f"Accord donné\u00a0: {PURPOSES.get(purpose, purpose)}"
    else:
        what = REFUSALS.get(purpose, "Accord retiré")
    return Entry(row.when, "accord", what, who=capfirst(channel))


@says("activity")
def activity(row: Row, lead: Any, names: Names) -> Entry:
    kind, outcome = row.said["kind"], row.said["outcome"]
    what = capfirst(KINDS.get(kind, kind))
    if outcome:
        what += f"\u00a0: {OUTCOMES.get(outcome, outcome)}"
    who = names.get(row.said["author"], "")
    return Entry(row.when, "echange", what, who, body=row.said["body"])


@says("assignment")
def assignment(row: Row, lead: Any, names: Names) -> Entry:
    who = names.get(row.said["by"], "")
    if row.said["rule"] or not who:
        who = "Règle d’affectation" if row.said["rule"] else ""
    return Entry(row.when, "affectation", row.said["sentence"], who)


@says("escalation")
def escalation(row: Row, lead: Any, names: Names) -> Entry:
    what = f"Premier contact promis avant le {day_said(row.said['promised'])}, non tenu"
    told = f"signalé à {names.get(row.said['to'], 'l’encadrement')}"
    return Entry(row.when, "signalement", what, details=[told])


@says("copy")
def copy(row: Row, lead: Any, names: Names) -> Entry:
    kind = row.said.get("kind")
    step = COPY_STEPS.get(kind, kind) if kind else "demandé"
    if cause := row.said.get("cause"):
        step += f" ({cause})"
    return Entry(
        row.when,
        "exemplaire",
        f"Exemplaire {row.said['reference']}",
        details=[f"édition\u00a0{row.said['edition']}"],
        steps=[(row.when, step)],
        page="reports_copy_change",
        key=row.said["group"],
    )


@says("message")
def message(row: Row, lead: Any, names: Names) -> Entry:
    said = row.said
    step = MESSAGE_STEPS.get(said["kind"], said["kind"])
    answer = " ".join(str(part) for part in (said["code"], said["cause"]) if part)
    if answer:
        step += f" ({answer})"
    if said["reason"] in REASONS:
        step += f"\u00a0: {REASONS[said['reason']].cause}"
    return Entry(
        row.when,
        "envoi",
        f"Courriel «\u00a0{said['subject']}\u00a0»",
        steps=[(row.when, step)],
        page="outbox_message_change",
        key=said["group"],
    )


@says("retrieval")
def retrieval(row: Row, lead: Any, names: Names) -> Entry:
    what = f"Synthèse téléchargée (exemplaire {row.said['reference']})"
    return Entry(row.when, "retrait", what, exact=False)
