"""What other rules would change, had they been there for the last ninety days."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models.functions import Now
from django.utils import timezone

from leads import routing
from leads.availability import people
from leads.models import Lead, RoutingRule
from leads.routing import Decision

DAYS = 90
SHOWN = 100  # Rows of the list; its total is told.


@dataclass(frozen=True, slots=True)
class Line:
    """One lead: who has it, who would have it by the rules before, and by those after.

    `before` is None where rules are compared with nothing but who has it.
    """

    lead: Any
    owner: str
    before: Decision | None
    after: Decision

    @property
    def old(self) -> int | None:
        return self.before.user_pk if self.before else self.lead.owner_id

    @property
    def old_name(self) -> str:
        if self.before is None:
            return self.owner
        return self.before.person.name if self.before.person else ""

    @property
    def new(self) -> int | None:
        return self.after.user_pk

    @property
    def new_name(self) -> str:
        return self.after.person.name if self.after.person else ""


@dataclass(frozen=True, slots=True)
class Simulation:
    total: int
    lines: list[Line]  # What changes.
    unserved: int  # Leads that the rules after would give to nobody.

    @property
    def moved(self) -> int:
        """Return how many would go from somebody to somebody else."""
        return sum(1 for line in self.lines if line.old and line.new)

    @property
    def lost(self) -> int:
        return sum(1 for line in self.lines if line.old and not line.new)

    @property
    def gained(self) -> int:
        return sum(1 for line in self.lines if not line.old)

    @property
    def shown(self) -> list[Line]:
        return self.lines[:SHOWN]


def simulate(
    after: Sequence[RoutingRule], before: Sequence[RoutingRule] | None = None
) -> Simulation:
    """Decide again, by two lists of rules in force, for those first seen lately.

    Every one of these leads is taken for new, in the order they came: they weigh on
    nobody until they are given. Absences and accounts are today's. Nothing is stored.
    Compares with who has each where there are no rules before. Two queries, however
    many leads.
    """
    recent = Lead.objects.genuine().filter(created_at__gte=Now() - timedelta(days=DAYS))
    leads = list(routing.with_first(recent).order_by("pk").defer("search"))
    keys = {rule.person_id for rule in (*after, *(before or ()))}
    owners = {lead.owner_id for lead in leads if lead.owner_id}
    persons = people(keys | owners, timezone.localdate(), but=recent)
    facts = [routing.facts_of(lead) for lead in leads]

    def decided(rules: Sequence[RoutingRule]) -> list[Decision]:
        fresh = {pk: copy(person) for pk, person in persons.items()}
        return routing.in_turn(facts, rules, fresh)

    new = decided(after)
    old: Sequence[Decision | None] = [None] * len(leads)
    if before is not None:
        old = decided(before)
    lines = [
        Line(lead, persons[lead.owner_id].name if lead.owner_id else "", was, will_be)
        for lead, was, will_be in zip(leads, old, new, strict=True)
    ]
    return Simulation(
        total=len(lines),
        lines=[line for line in lines if line.old != line.new],
        unserved=sum(1 for line in lines if line.new is None),
    )


def with_rule(rules: Sequence[RoutingRule], changed: RoutingRule) -> list[RoutingRule]:
    """Return the rules in force, had this one been saved as it stands."""
    others = [rule for rule in rules if rule.pk != changed.pk]
    kept = [*others, changed] if changed.is_active else others
    return sorted(kept, key=lambda rule: rule.position)
