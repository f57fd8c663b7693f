"""How the people whom a cell of « Preuve d’action » counts are shown and exported."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils import timezone

from leads import assigning, business_days
from leads.analytics.labels import Labels
from leads.analytics.lines import NOTHING, day, unnamed
from leads.channels import last_word
from leads.models import ConsentEvent, Lead, LeadFacts
from leads.models.campaign import Origin

HEADS = [
    "Personne",
    "Établissement",
    "Demande du",
    "Jours ouvrés",
    "Première source",
    "Dernière source",
    "Responsable",
]


@dataclass(frozen=True, slots=True)
class Line:
    """One of the people a figure counts; nothing but `nobody` where they may not be
    named: it says why."""

    fact: LeadFacts
    nobody: str
    since: int | None  # Business days to the act, or to today.
    first_touch: str
    last_touch: str

    @property
    def lead(self) -> Lead:
        return self.fact.lead


def lines_of(
    facts: Iterable[LeadFacts], user: Any, column: str, labels: Labels
) -> Iterator[Line]:
    """Return people as they may be shown at this moment, not as of the last count."""
    keys = [fact.pk for fact in facts]
    listed: Any = LeadFacts.objects.filter(pk__in=keys).select_related("lead__owner")
    word = last_word(ConsentEvent.Purpose.MEASURE, "lead_id")
    by_key = {fact.pk: fact for fact in listed.annotate(granted=word)}
    names = labels.names["campaign"]
    for fact in (by_key[key] for key in keys if key in by_key):
        yield Line(
            fact,
            unnamed(fact.lead, fact.granted, user),
            _since(fact, column),
            _touch(fact.origin, fact.campaign, names),
            _touch(fact.last_origin, fact.last_campaign, names),
        )


def _touch(origin: str, campaign: str, names: dict[str, str]) -> str:
    """Return « salon ou congrès, Rennes 2026 »."""
    labels = dict(Origin.choices)
    words = [str(labels.get(origin, origin)), names.get(campaign, campaign)]
    return ", ".join(filter(None, words)) or "sans source"


def _since(fact: LeadFacts, column: str) -> int | None:
    """Return the business days to an act; from the delivery to today, for that one."""
    at = getattr(fact, column)
    if at is None:
        return None
    on: date = timezone.localdate(at)
    if column == "delivered_at":
        return business_days.between(on, timezone.localdate())
    return max(0, business_days.between(fact.day, on))


def cells_of(line: Line, column: str) -> list[str]:
    if line.nobody:
        return [line.nobody, *[NOTHING] * len(HEADS)]
    return [
        str(line.lead),
        line.lead.organisation or NOTHING,
        day(line.fact.day),
        day(getattr(line.fact, column)),
        NOTHING if line.since is None else str(line.since),
        line.first_touch,
        line.last_touch,
        assigning.name_of(line.lead.owner),
    ]
