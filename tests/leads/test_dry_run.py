"""The dry run is what routing then does, and stores nothing."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads import dry_run, routing
from leads.models import Assignment, Lead, RoutingRule, StaffProfile
from outbox.models import Message
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.leads.factories import LeadFactory
from tests.leads.pages import page
from tests.leads.routing import away, newcomer, rule, sales

pytestmark = pytest.mark.django_db
TYPES = [OrganisationType.CHU, OrganisationType.CH, OrganisationType.EHPAD]
REGIONS = [Region.BRE, Region.IDF]
FUNCTIONS = [JobFunction.CIO, JobFunction.DPO]
CAMPAIGNS = ["", "salon", "Lettre "]


# --- What it says is what happens ---------------------------------------------------


def some(rng, values):
    return rng.sample(values, rng.choice([0, 0, 1, len(values) - 1]))


def team(rng):
    """Return people of whom some are full, away, closed or without an address."""
    users = []
    for number in range(5):
        user = sales(
            f"Agent-{number}",
            is_active=rng.random() > 0.1,
            email="" if rng.random() < 0.1 else f"a{number}@exemple.fr",
        )
        if rng.random() < 0.6:
            StaffProfile.objects.create(user=user, load_cap=rng.randint(1, 6))
        if rng.random() < 0.2:
            away(user, before=rng.randint(0, 2), after=rng.randint(0, 9))
        users.append(user)
    return users


def drawn(rng, users, position):
    return RoutingRule(
        position=position,
        person=rng.choice(users),
        types=some(rng, TYPES),
        regions=some(rng, REGIONS),
        functions=some(rng, FUNCTIONS),
        campaign=rng.choice(["", "", *CAMPAIGNS]),
        is_active=rng.random() > 0.1,
    )


def crowd(rng, users):
    """Make leads of all sorts; return those that rules may be asked about."""
    for _ in range(rng.randint(0, 8)):  # They weigh, and are not asked about.
        LeadFactory(
            owner=rng.choice(users),
            created_at=timezone.now() - timedelta(days=200),
            routed_at=timezone.now(),
        )
    for _ in range(25):
        closed = rng.random() < 0.15
        newcomer(
            organisation_type=rng.choice(TYPES),
            region=rng.choice(REGIONS),
            job_function=rng.choice(FUNCTIONS),
            campaign=rng.choice(CAMPAIGNS),
            owner=rng.choice([None, *users]),
            routed_at=timezone.now(),
            suspected_at=timezone.now() if rng.random() < 0.1 else None,
            is_test=rng.random() < 0.1,
            status="perdu" if closed else "nouveau",
            closed_because="autre" if closed else "",
        )


@pytest.mark.parametrize("seed", range(12))
def test_routing_then_does_what_the_dry_run_said(seed, monkeypatch):
    rng = random.Random(seed)
    users = team(rng)
    crowd(rng, users)
    for position in range(1, rng.randint(6, 9)):
        drawn(rng, users, position).save()
    changed = drawn(rng, users, 9)
    if rng.random() < 0.5 and (known := RoutingRule.objects.order_by("?").first()):
        changed.pk, changed.position = known.pk, known.position
        changed._state.adding = False

    rules = dry_run.with_rule(routing.rules_in_force(), changed)
    said = everything_of(monkeypatch, rules)
    changed.save()
    asked = Lead.objects.genuine().filter(pk__in=said)
    asked.update(owner=None, routed_at=None)
    while routing.route_new():
        pass

    done = {
        pk: (owner, Assignment.objects.filter(lead=pk).values_list("sentence").first())
        for pk, owner in Lead.objects.filter(pk__in=said).values_list("pk", "owner")
    }
    assert done == {
        pk: (user, (sentence,) if user else None)
        for pk, (user, sentence) in said.items()
    }
    assert len({user for user, _ in said.values()}) > 1, "a seed that says nothing"


def everything_of(monkeypatch, rules):
    """Return {lead: (user, sentence)} of a dry run, whether or not it changes."""
    seen = {}
    real = routing.in_turn

    def watched(facts, *args):
        decisions = real(facts, *args)
        for lead, decision in zip(facts, decisions, strict=True):
            seen[lead.pk] = (decision.user_pk, decision.sentence)
        return decisions

    with monkeypatch.context() as patch:
        patch.setattr(routing, "in_turn", watched)
        dry_run.simulate(rules)
    return seen


# --- What it compares ---------------------------------------------------------------


def simulate(changed):
    before = routing.rules_in_force()
    return dry_run.simulate(dry_run.with_rule(before, changed), before)


def test_old_rules_are_compared_with_new_ones_under_the_same_load():
    camille, dominique = sales("Camille"), sales("Dominique")
    rule(camille, types=["chu"])
    moved = newcomer(organisation_type="chu", owner=dominique)
    gained = newcomer()
    newcomer(region=Region.IDF)

    changed = RoutingRule.objects.get()
    changed.person, changed.types, changed.regions = dominique, [], [Region.BRE]
    found = simulate(changed)

    assert (found.total, found.moved, found.gained, found.lost) == (3, 1, 1, 0)
    assert found.unserved == 1
    line = found.lines[0]
    assert (line.lead.pk, line.old_name, line.new_name, line.owner) == (
        moved.pk,
        "Camille Exemple",
        "Dominique Exemple",
        "Dominique Exemple",
    )
    assert (found.lines[1].lead.pk, found.lines[1].old_name) == (gained.pk, "")


def test_who_would_have_nobody_is_counted_apart():
    user = sales()
    mine = rule(user)
    newcomer()
    mine.is_active = False

    found = simulate(mine)

    assert (found.moved, found.lost, found.unserved) == (0, 1, 1)
    assert found.lines[0].after.sentence == "Aucune règle ne s’applique"


def test_a_full_hand_in_the_order_they_came():
    full, other = sales("Camille", cap=1), sales("Dominique")
    first, second = newcomer(), newcomer()
    rule(other, 2)

    found = simulate(RoutingRule(position=1, person=full))

    assert [line.lead.pk for line in found.lines] == [first.pk]
    assert second.pk


def test_only_genuine_leads_of_the_last_90_days_are_asked_about():
    day = timedelta(days=1)
    newcomer()
    LeadFactory(created_at=timezone.now() - 89 * day)
    LeadFactory(created_at=timezone.now() - 91 * day)
    LeadFactory(suspect=True)
    LeadFactory(test=True)
    LeadFactory(erased=True)

    assert dry_run.simulate([]).total == 2


# --- In the admin -------------------------------------------------------------------


def press(client, user, *args, **values):
    name = "leads_routingrule_change" if args else "leads_routingrule_add"
    data = {"person": user.pk, "is_active": "on", "_simulate": "Simuler", **values}
    return client.post(page(name, *args), data)


def test_simulating_a_form_tells_and_stores_nothing(client, sign_in):
    sign_in("Marketing")
    camille, dominique = sales("Camille"), sales("Dominique")
    mine = rule(camille)
    leads = [newcomer(owner=camille) for _ in range(3)]
    before = list(RoutingRule.objects.values()), list(Lead.objects.values())

    text = press(client, dominique, mine.pk, types=["ch"]).text

    assert "3 contacts changeraient de responsable." in text
    for lead in leads:
        assert page("leads_lead_change", lead.pk) in text
    assert "Affecté à Dominique Exemple" in text
    assert 'value="ch" id="id_types_0_1" checked' in text, "the form is kept"
    assert "errornote" not in text
    assert before == (list(RoutingRule.objects.values()), list(Lead.objects.values()))
    assert not Assignment.objects.exists()
    assert not Message.objects.exists()

    assert (
        "3 contacts n’auraient plus personne."
        in press(client, dominique, mine.pk, types=["chu"]).text
    )
    assert "Rien ne changerait." in press(client, camille, mine.pk).text


def test_simulating_a_new_rule_and_a_deletion(client, sign_in):
    sign_in("Marketing")
    newcomer()
    user = sales()

    text = press(client, user).text
    assert "1 contact qui n’aurait personne aurait quelqu’un." in text
    assert not RoutingRule.objects.exists()

    mine = rule(user)
    text = client.get(page("rule_without", mine.pk)).text
    assert "1 contact n’aurait plus personne." in text
    assert RoutingRule.objects.exists()
    delete = client.get(page("leads_routingrule_delete", mine.pk)).text
    assert page("rule_without", mine.pk) in delete


def test_the_rules_of_today_are_compared_with_who_has_each(client, sign_in):
    sign_in("Marketing")
    camille, dominique = sales("Camille"), sales("Dominique")
    rule(dominique)
    newcomer(owner=camille)
    newcomer(owner=dominique)
    newcomer()

    text = client.get(page("rules_simulate")).text

    assert "1 contact changerait de responsable." in text
    assert "1 qui n’aurait personne aurait quelqu’un." in text
    assert "3 contacts, vus pour la première fois" in text


@pytest.mark.parametrize("count", [3, 300])
def test_it_costs_the_same_however_many_leads(
    client, sign_in, django_assert_max_num_queries, count
):
    sign_in("Marketing")
    users = [sales(cap=50) for _ in range(4)]
    for user in users:
        mine = rule(user, regions=[Region.BRE])
    Lead.objects.bulk_create(
        LeadFactory.build(owner=users[number % 4]) for number in range(count)
    )

    with CaptureQueriesContext(connection) as asked:
        text = press(client, users[0], mine.pk).text
    # A test's transaction is a savepoint in another: nothing else asks for one.
    assert len([q for q in asked if "SAVEPOINT" not in q["sql"]]) <= 12
    assert text.count("Affecté à") <= dry_run.SHOWN
    with django_assert_max_num_queries(12):
        text = client.get(page("rules_simulate")).text
    if count > dry_run.SHOWN:
        assert "Les 100 premiers, sur" in text


def test_what_the_rules_after_give_weighs_nothing_on_those_before():
    rule(sales(cap=1))
    newcomer()
    rules = routing.rules_in_force()

    assert dry_run.simulate(rules, rules).lines == []
