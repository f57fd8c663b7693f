"""Decide who is to have a lead, and say why: the same words for routing and dry run.

The first rule that applies to a lead, and whose person can be given anything that day,
decides. Those who were passed over are named with what stood in their way.
"""

from __future__ import annotations

import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.db.models.functions import Now
from django.utils import timezone

from leads import assigning, business_days, sources
from leads.availability import Person, people
from leads.models import Lead, RoutingRule, Submission
from outbox.claims import delay
from reports.vocabulary import JobFunction, OrganisationType, Region

logger = logging.getLogger(__name__)

NO_RULE = "Aucune règle ne s’applique"
NAMED = 3  # Of those who were passed over.
AGE = 30  # Seconds before a lead is routed: its author may still correct an address.
# What one run may do, and for how many seconds, below a task's time limit.
RUN, RUN_SECONDS = 200, 25
AGAIN = 500  # Leads that one press may route again.
ROUTING_LOCK = 2026_06  # The advisory lock of who gives leads by the rules.


@dataclass(frozen=True, slots=True)
class Facts:
    """What rules ask of a lead."""

    pk: int
    type: str
    region: str
    function: str
    campaign: str = ""  # Of its first genuine submission, as campaigns are compared.
    code: str = ""  # The campaign that this is a writing of, today.
    is_open: bool = True


@dataclass(frozen=True, slots=True)
class Decision:
    person: Person | None
    rule: RoutingRule | None
    sentence: str

    @property
    def user_pk(self) -> int | None:
        return self.person.user.pk if self.person else None


def decide(
    lead: Facts, rules: Iterable[RoutingRule], persons: Mapping[int, Person]
) -> Decision:
    """Return who is to have a lead by rules in force, in order; perhaps nobody."""
    passed: dict[int, str] = {}
    for rule in rules:
        if not applies(rule, lead):
            continue
        person = persons[rule.person_id]
        if obstacle := person.obstacle:
            told = f"La {rule} désigne {person.name}\u00a0: {obstacle}"
            passed.setdefault(rule.person_id, told)
            continue
        why = ", ".join([*_reasons(rule, lead), str(rule)])
        sentence = f"Affecté à {person.name}\u00a0: {why}"
        return Decision(person, rule, ". ".join([sentence, *_named(passed)]))
    if passed:
        sentence = "Personne ne peut recevoir ce contact"
        return Decision(None, None, ". ".join([sentence, *_named(passed)]))
    return Decision(None, None, NO_RULE)


def applies(rule: RoutingRule, lead: Facts) -> bool:
    """Tell whether a lead meets each condition of a rule; an empty one is met."""
    return (
        (not rule.types or lead.type in rule.types)
        and (not rule.regions or lead.region in rule.regions)
        and (not rule.functions or lead.function in rule.functions)
        and (
            not rule.campaign
            or named_campaign(rule.campaign) in (lead.campaign, lead.code)
        )
    )


def named_campaign(words: str) -> str:
    """Return a campaign's name as names are compared."""
    return " ".join(words.lower().split())


def _reasons(rule: RoutingRule, lead: Facts) -> list[str]:
    reasons = [
        vocabulary(value).label
        for values, vocabulary, value in (
            (rule.types, OrganisationType, lead.type),
            (rule.regions, Region, lead.region),
            (rule.functions, JobFunction, lead.function),
        )
        if values
    ]
    if rule.campaign:
        reasons.append(f"campagne {lead.campaign}")
    return [str(reason) for reason in reasons] or ["tous les contacts"]


def _named(passed: dict[int, str]) -> list[str]:
    told = list(passed.values())
    others = len(told) - NAMED
    if others > 0:
        noun = "autre personne" if others == 1 else "autres personnes"
        told = [*told[:NAMED], f"{others} {noun} de même"]
    return told


def in_turn(
    leads: Iterable[Facts],
    rules: Sequence[RoutingRule],
    persons: Mapping[int, Person],
) -> list[Decision]:
    """Decide for leads one after the other: what each is given weighs on the next."""
    decisions = []
    for lead in leads:
        decision = decide(lead, rules, persons)
        if decision.person and lead.is_open:
            decision.person.load += 1
        decisions.append(decision)
    return decisions


def with_first(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add `campaign` and `asked_at`: of the first genuine submission, or None."""
    first = Submission.objects.filter(lead=OuterRef("pk"), suspicion="").order_by(
        "created_at", "pk"
    )
    return leads.annotate(
        campaign=Subquery(first.values("campaign")[:1]),
        asked_at=Subquery(first.values("created_at")[:1]),
    )


def facts_of(lead: Any) -> Facts:
    """Return the facts of a lead that `with_first` gave."""
    return Facts(
        pk=lead.pk,
        type=lead.organisation_type,
        region=lead.region,
        function=lead.job_function,
        campaign=lead.campaign or "",
        code=sources.known_campaign(lead.campaign or ""),
        is_open=lead.status not in Lead.CLOSED,
    )


def rules_in_force() -> list[RoutingRule]:
    return list(RoutingRule.objects.active())


def persons_of(rules: Iterable[RoutingRule], today: date, **kwargs: Any) -> Any:
    return people((rule.person_id for rule in rules), today, **kwargs)


def route_new() -> int:
    """Route whom no rule has been asked about yet; return how many.

    One transaction for each, so that dying leaves the others as they are. Running
    twice, or two at once, gives each lead once: it is routed under a lock.
    """
    old_enough = Lead.objects.to_route().genuine().filter(created_at__lte=_before())
    keys = list(old_enough.order_by("pk").values_list("pk", flat=True)[:RUN])
    until = time.monotonic() + RUN_SECONDS
    count = 0
    for key in keys:
        try:
            count += route(key)
        except Exception:  # One that cannot be routed stops nobody else's.
            logger.exception("lead %s cannot be routed", key)
        if time.monotonic() > until:
            break
    return count


def _before() -> Any:
    return Now() - delay(AGE)


@transaction.atomic
def route(lead_pk: int) -> bool:
    """Ask the rules about one lead, and give it; return whether it was to be routed.

    Its owner, the reason and the mail that tells: all of it, or nothing.
    """
    one_at_a_time()
    lead: Any = (
        with_first(Lead.objects.to_route().genuine())
        .select_for_update(no_key=True, skip_locked=True, of=("self",))
        .filter(pk=lead_pk)
        .first()
    )
    if lead is None:  # Routed, erased or merged meanwhile; or somebody is at it.
        return False
    asked_at: datetime = lead.asked_at or timezone.now()
    Lead.objects.filter(pk=lead_pk).update(
        routed_at=Now(), promised_on=business_days.promised_for(asked_at)
    )
    if lead.owner_id is None:
        rules = rules_in_force()
        persons = persons_of(rules, timezone.localdate())
        decision = decide(facts_of(lead), rules, persons)
        if decision.person:
            assigning.assign(
                [lead_pk],
                decision.person.user,
                why=decision.sentence,
                rule=decision.rule,
            )
    return True


def one_at_a_time() -> None:
    """Wait for whoever gives leads by the rules, or orders these.

    What they gave counts for the caps; each place is taken once.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ROUTING_LOCK])


def left_over() -> QuerySet[Lead]:
    """Return whom the rules were asked about and nobody has, the first come first."""
    rows = Lead.objects.genuine().open().filter(owner=None, routed_at__isnull=False)
    return with_first(rows).order_by("pk")


def would_be_given() -> tuple[int, int]:
    """Return how many of those left over the rules would give now, and of how many."""
    decisions = _decided_again()
    return sum(decision.person is not None for decision in decisions.values()), len(
        decisions
    )


def _decided_again() -> dict[int, Decision]:
    rules = rules_in_force()
    persons = persons_of(rules, timezone.localdate())
    facts = [facts_of(lead) for lead in left_over()]
    decisions = in_turn(facts, rules, persons)
    return dict(zip((lead.pk for lead in facts), decisions, strict=True))


@transaction.atomic
def route_left_over(limit: int = AGAIN) -> int:
    """Ask the rules again about whom nobody has; return how many somebody has now.

    The first `limit` of those that can be given, with one mail for each person and
    rule. Pressing twice gives nothing twice.
    """
    one_at_a_time()
    decided = {pk: each for pk, each in _decided_again().items() if each.person}
    keys = list(decided)[:limit]
    still = Lead.objects.filter(pk__in=keys, owner=None, erased_at=None)
    locked = still.select_for_update(no_key=True, skip_locked=True).order_by("pk")
    given: dict[tuple[Any, Any], dict[int, str]] = defaultdict(dict)
    for lead in locked.only("pk"):
        decision = decided[lead.pk]
        assert decision.person
        given[decision.person.user, decision.rule][lead.pk] = decision.sentence
    for (user, rule), sentences in given.items():
        assigning.assign(sentences, user, why=sentences, rule=rule)
    return sum(map(len, given.values()))
