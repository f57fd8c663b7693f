"""Two readings of a person, each with its reasons: *profil* and *intérêt*.

*Profil* reads what they declared; *intérêt* reads what they did. They are never added
up, and no number is shown: a level is a word, and its reasons are facts that staff can
find again in the timeline. Nothing here decides anything.

Interest fades: what an act weighs is halved every HALF_LIFE, so that time alone never
raises it. Who objects to the measure has no retrieval here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import TruncDate
from django.utils import timezone

from leads.bases import may_measure
from leads.models import Activity, Submission
from reports.models import Hit
from reports.templatetags.french import french_date
from reports.vocabulary import JobFunction, OrganisationType, Region

HALF_LIFE = timedelta(days=30)  # A choice of the house, not a finding.
# What acts weigh when they happen; only their order and the two bars below matter.
REQUEST, AGAIN, CALL_ASKED, RETRIEVED, ANSWERED, MEETING = 1.0, 0.5, 1.5, 1.0, 1.5, 2.5
STRONG, MEDIUM = 2.0, 0.8
KEPT = 20  # Acts of a kind that are read, the latest.

F, T = JobFunction, OrganisationType
DECIDE = {
    F.CHIEF_EXECUTIVE, F.DEPUTY, F.SECRETARY, F.STRATEGY, F.CIO, F.DATA, F.CME,
}  # fmt: skip
ADVISE = {
    F.FINANCE, F.PEOPLE, F.QUALITY, F.PURCHASING, F.CISO, F.DPO, F.DIM, F.PROJECT,
    F.BIOMEDICAL, F.POLE, F.DEPARTMENT, F.PHARMACY, F.BIOLOGY, F.RADIOLOGY,
    F.CARE_DIRECTION, F.AGENCY,
}  # fmt: skip
INSTITUTIONS = {
    T.ARS, T.NATIONAL, T.GRADES, T.INSURANCE, T.COMMUNITY, T.GCS, T.UNIVERSITY,
}  # fmt: skip


class Level(StrEnum):
    STRONG = "fort"
    MEDIUM = "moyen"
    WEAK = "faible"
    UNKNOWN = "inconnu"


@dataclass(frozen=True, slots=True)
class Reading:
    level: Level
    reasons: tuple[str, ...]  # At least one.


@dataclass(frozen=True, slots=True)
class Acts:
    """What a person did, the latest of each kind; retrievals are days."""

    requests: Sequence[datetime] = ()
    call_asked: datetime | None = None
    retrieved: Sequence[date] = ()
    answered: Sequence[datetime] = ()
    meetings: Sequence[datetime] = ()


def profile(person: Any) -> Reading:
    """Read what somebody declared: function, kind of establishment, region."""
    function, kind = person.job_function, person.organisation_type
    reasons = [*_of_function(function), *_of_establishment(kind)]
    abroad = person.region == Region.ABROAD
    if abroad:
        reasons.append("hors de France")
    if not reasons:
        return Reading(
            Level.UNKNOWN, ("ni la fonction ni l’établissement ne sont précisés",)
        )
    outside = kind == T.INDUSTRY or function == F.CONSULTANT
    care = bool(kind) and kind not in INSTITUTIONS | {T.INDUSTRY, T.OTHER}
    if outside:
        level = Level.WEAK
    elif function in DECIDE and care and not abroad:
        level = Level.STRONG
    elif function in DECIDE or (function in ADVISE and (care or kind in INSTITUTIONS)):
        level = Level.MEDIUM
    else:
        level = Level.WEAK
    return Reading(level, tuple(reasons))


def _of_function(function: str) -> Iterator[str]:
    if function not in F.values or function == F.OTHER:
        return
    label = F(function).label
    if function in DECIDE:
        yield f"fonction qui décide ou propose un projet\u00a0: {label}"
    elif function in ADVISE:
        yield f"fonction que l’on consulte\u00a0: {label}"
    else:
        yield f"fonction sans part connue dans une décision\u00a0: {label}"


def _of_establishment(kind: str) -> Iterator[str]:
    if kind not in T.values or kind == T.OTHER:
        return
    label = T(kind).label
    if kind == T.INDUSTRY:
        yield f"n’est pas un établissement\u00a0: {label}"
    elif kind in INSTITUTIONS:
        yield f"institution, et non établissement\u00a0: {label}"
    else:
        yield f"établissement de santé ou médico-social\u00a0: {label}"


def with_acts(leads: QuerySet[Any]) -> QuerySet[Any]:
    """Add what `acts_of` reads to leads that `channels.with_consents` gave."""
    of_lead = {"lead": OuterRef("pk")}
    requests = Submission.objects.filter(suspicion="", **of_lead).order_by("-pk")
    retrieved = Hit.objects.probable().filter(copy__lead=OuterRef("pk"))
    days = retrieved.order_by().values(day=TruncDate("at")).distinct().order_by("-day")
    said = Activity.objects.filter(**of_lead).order_by("-at")
    answered = said.filter(
        Q(outcome=Activity.Outcome.REACHED) | Q(outcome=Activity.Outcome.ANSWERED)
    )
    meetings = said.filter(kind=Activity.Kind.MEETING)
    found: QuerySet[Any] = leads.annotate(
        asked=ArraySubquery(requests.values("created_at")[:KEPT]),
        retrieved_on=ArraySubquery(days[:KEPT]),
        answered=ArraySubquery(answered.values("at")[:KEPT]),
        met=ArraySubquery(meetings.values("at")[:KEPT]),
    )
    return found


def acts_of(lead: Any) -> Acts:
    """Return the acts of a lead; an objection to the measure leaves no retrieval."""
    objects = not may_measure(lead)
    return Acts(
        requests=lead.asked,
        call_asked=lead.call_at if lead.call_granted else None,
        retrieved=() if objects else lead.retrieved_on,
        answered=lead.answered,
        meetings=lead.met,
    )


def interest(acts: Acts, now: datetime | None = None) -> Reading:
    """Read what somebody did, as of now."""
    now = now or timezone.now()
    found = list(_weighed(acts, now))
    if not found:
        return Reading(Level.UNKNOWN, ("aucun acte de sa part n’est connu",))
    total = sum(weight for weight, _ in found)
    reasons = [reason for _, reason in sorted(found, key=lambda one: -one[0])]
    if total >= STRONG:
        level = Level.STRONG
    elif total >= MEDIUM:
        level = Level.MEDIUM
    else:
        level = Level.WEAK
    if not any(_age(at, now) < HALF_LIFE for at in _instants(acts)):
        reasons.append("rien depuis plus d’un mois\u00a0: l’intérêt s’estompe")
    return Reading(level, tuple(reasons))


def _weighed(acts: Acts, now: datetime) -> Iterator[tuple[float, str]]:
    """Yield what each kind of act weighs now, and says."""
    days = sorted({timezone.localdate(at) for at in acts.requests}, reverse=True)
    if days:
        yield REQUEST * _left(_noon(days[0]), now), f"demande du {_said(days[0])}"
    if again := days[1:]:
        weight = AGAIN * max(_left(_noon(day), now) for day in again)
        yield weight, "plusieurs demandes, à des jours différents"
    if at := acts.call_asked:
        asked = f"a demandé à être rappelé le {_said(timezone.localdate(at))}"
        yield CALL_ASKED * _left(at, now), asked
    if acts.retrieved:
        day = max(acts.retrieved)
        weight = RETRIEVED * _left(_noon(day), now)
        yield weight, f"synthèse téléchargée le {_said(day)}"
    for weight, instants, words in (
        (ANSWERED, acts.answered, "a répondu, ou parlé avec nous, le"),
        (MEETING, acts.meetings, "rendez-vous noté le"),
    ):
        if instants:
            latest = max(instants)
            reason = f"{words} {_said(timezone.localdate(latest))}"
            yield weight * _left(latest, now), reason


def _instants(acts: Acts) -> Iterator[datetime]:
    yield from acts.requests
    yield from filter(None, [acts.call_asked])
    yield from (_noon(day) for day in acts.retrieved)
    yield from acts.answered
    yield from acts.meetings


def _noon(day: date) -> datetime:
    zone = timezone.get_default_timezone()
    return datetime(day.year, day.month, day.day, 12, tzinfo=zone)


def _age(at: datetime, now: datetime) -> timedelta:
    return max(now - at, timedelta())


def _left(at: datetime, now: datetime) -> float:
    """Return what is left of an act: one at first, half of it each HALF_LIFE."""
    return float(0.5 ** (_age(at, now) / HALF_LIFE))


def _said(day: date) -> str:
    return french_date(day)
