"""Each new lead goes to one person, by the first rule that can, and it is said why."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from datetime import date, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from leads import business_days, routing
from leads.availability import Person, day_in_words
from leads.models import Assignment, Lead, PrivacyEvent, Submission
from leads.privacy import erase
from leads.routing import Facts, decide, route_new
from leads.tasks import route_new as task
from outbox.models import Message
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.leads.factories import LeadFactory, StaffFactory, SubmissionFactory
from tests.leads.routing import away, newcomer, rule, sales
from tests.outbox.test_crashes import ROOT, database_url

pytestmark = pytest.mark.django_db
CHU, CH = OrganisationType.CHU, OrganisationType.CH
BRE, IDF = Region.BRE, Region.IDF


def owner_of(lead):
    return Lead.objects.get(pk=lead.pk).owner


# --- The decision -------------------------------------------------------------------


def decision(lead, **values):
    persons = routing.persons_of(routing.rules_in_force(), timezone.localdate())
    for key, value in values.items():
        setattr(next(iter(persons.values())), key, value)
    return decide(lead, routing.rules_in_force(), persons)


LEAD = Facts(pk=1, type=CHU, region=BRE, function=JobFunction.CIO, campaign="lettre")


@pytest.mark.parametrize(
    ("conditions", "applies"),
    [
        ({}, True),
        ({"types": [CH, CHU]}, True),
        ({"types": [CH]}, False),
        ({"regions": [BRE]}, True),
        ({"regions": [IDF]}, False),
        ({"functions": [JobFunction.CIO]}, True),
        ({"functions": [JobFunction.DPO]}, False),
        ({"campaign": " LETTRE "}, True),
        ({"campaign": "salon"}, False),
        ({"types": [CHU], "regions": [IDF]}, False),
        ({"is_active": False}, False),
    ],
)
def test_a_rule_applies_where_each_of_its_conditions_is_met(conditions, applies):
    user = sales()
    rule(user, **conditions)

    decided = decision(LEAD)

    assert (decided.person is not None) == applies
    assert applies or decided.sentence == "Aucune règle ne s’applique"


def test_the_first_rule_that_applies_decides():
    first, second = sales("Camille"), sales("Dominique")
    rule(second, 2)
    rule(first, 1, regions=[BRE])
    rule(first, 3, types=[CHU])

    assert decision(LEAD).user_pk == first.pk


def test_the_sentence_names_the_conditions_and_the_rule():
    rule(sales(), 4, types=[CHU], regions=[BRE])

    assert decision(LEAD).sentence == (
        "Affecté à Dominique Exemple\u00a0: CHU ou CHR, Bretagne, règle n°\u00a04"
    )


def test_the_sentence_says_who_was_passed_over_and_why():
    camille = sales("Camille")
    rule(camille, 2)
    rule(sales(), 4, types=[CHU])
    last_day = away(camille).last_day

    decided = decision(LEAD)

    until = day_in_words(last_day, timezone.localdate())
    assert decided.sentence.endswith(
        "règle n°\u00a04. La règle n°\u00a02 désigne Camille Exemple\u00a0: en absence "
        f"jusqu’au {until}"
    )


def test_a_long_sentence_names_three_and_counts_the_others():
    for number in range(6):
        user = sales(f"{number} " + "Longue " * 20)
        away(user)
        rule(user)
    rule(sales())

    sentence = decision(LEAD).sentence

    assert sentence.count("désigne") == 3
    assert sentence.endswith("3 autres personnes de même")


def test_a_day_is_said_as_it_is_read():
    assert day_in_words(date(2026, 12, 12), date(2026, 11, 1)) == "12\u00a0décembre"
    assert day_in_words(date(2027, 1, 1), date(2026, 11, 1)) == (
        "1er\u00a0janvier\u00a02027"
    )


@pytest.mark.parametrize(
    ("values", "obstacle"),
    [
        ({"is_active": False}, "compte fermé"),
        ({"is_staff": False}, "compte fermé"),
        ({"email": ""}, "sans adresse électronique"),
    ],
)
def test_who_cannot_be_told_is_given_nothing(values, obstacle):
    rule(sales(**values))
    lead = newcomer()

    assert obstacle in decision(LEAD).sentence
    assert route_new() == 1
    assert owner_of(lead) is None


@pytest.mark.parametrize(
    ("before", "after", "given"),
    [(1, 1, False), (0, 0, False), (3, -1, True), (-1, 3, True)],
)
def test_an_absence_covers_its_first_and_its_last_day(before, after, given):
    user = sales()
    rule(user)
    away(user, before=before, after=after)
    lead = newcomer()

    route_new()

    assert (owner_of(lead) == user) == given


def test_a_full_hand_is_given_nothing_more():
    first, second = sales("Camille", cap=2), sales("Dominique")
    rule(first)
    rule(second)
    LeadFactory(owner=first, routed_at=timezone.now())
    # These weigh on nobody.
    LeadFactory(owner=first, status="gagne", routed_at=timezone.now())
    LeadFactory(owner=first, test=True)
    LeadFactory(owner=first, suspect=True)
    leads = [newcomer() for _ in range(3)]

    route_new()

    assert [owner_of(lead) for lead in leads] == [first, second, second]
    why = Assignment.objects.get(lead=leads[1]).sentence
    assert "2 contacts ouverts, pour 2 au plus" in why


def test_a_cap_of_none_is_no_limit_and_of_nought_is_nothing():
    assert Person(user=StaffFactory(), load=10_000).obstacle == ""
    assert Person(user=StaffFactory(), cap=0).obstacle


# --- Routing ------------------------------------------------------------------------


def test_a_new_lead_is_given_with_its_reason_its_promise_and_its_mail():
    user = sales()
    by = rule(user, types=[CH])
    lead = newcomer()

    task()

    lead.refresh_from_db()
    assert lead.owner == user
    assert lead.routed_at
    asked_at = lead.submissions.get().created_at
    assert lead.promised_on == business_days.promised_for(asked_at)
    given = Assignment.objects.get()
    assert (given.lead, given.to, given.by, given.rule) == (lead, user, None, by)
    assert given.sentence.startswith("Affecté à Dominique Exemple")
    assert Message.objects.due().get() == given.message
    assert given.message.recipient == user.email
    assert lead.history.get().pgh_context == {"rule": by.pk}


def test_the_promise_runs_from_the_first_genuine_submission():
    lead = newcomer(minutes=60)
    long_ago = timezone.now() - timedelta(days=30)
    SubmissionFactory(lead=lead, created_at=long_ago, suspicion="honeypot", copy=None)
    first = lead.submissions.filter(suspicion="").get()
    Submission.objects.filter(pk=first.pk).update(
        created_at=timezone.now() - timedelta(days=10)
    )
    SubmissionFactory(lead=lead)

    route_new()

    lead.refresh_from_db()
    first.refresh_from_db()
    assert lead.promised_on == business_days.promised_for(first.created_at)


def test_the_campaign_is_that_of_the_first_genuine_submission():
    user = sales()
    rule(user, campaign="salon 2026")
    known = newcomer(campaign="  Salon  2026")
    later = newcomer(campaign="lettre")
    SubmissionFactory(lead=later, source={"utm_campaign": ["salon 2026"]})

    route_new()

    assert owner_of(known) == user
    assert "campagne salon 2026" in Assignment.objects.get().sentence
    assert owner_of(later) is None


def test_nobody_has_whom_no_rule_takes():
    lead = newcomer()

    route_new()

    lead.refresh_from_db()
    assert (lead.owner, bool(lead.routed_at), bool(lead.promised_on)) == (
        None,
        True,
        True,
    )
    assert not Assignment.objects.exists()
    assert not Message.objects.exists()


def test_who_was_given_by_hand_keeps_their_owner_and_has_a_promise():
    other = sales("Camille")
    rule(sales())
    lead = newcomer(owner=other)

    route_new()

    lead.refresh_from_db()
    assert lead.owner == other
    assert lead.routed_at
    assert lead.promised_on
    assert not Assignment.objects.exists()


@pytest.mark.parametrize(
    "values", [{"suspect": True}, {"test": True}, {"erased": True}, {"merged": True}]
)
def test_suspects_tests_the_erased_and_the_merged_are_not_routed(values):
    rule(sales())
    if values.pop("merged", None):
        kept = LeadFactory(routed_at=timezone.now())
        values = {"merged_into": kept}
    lead = newcomer(**values)

    assert route_new() == 0
    assert not Lead.objects.get(pk=lead.pk).routed_at


def test_a_released_suspect_is_routed_with_a_promise_that_starts_now():
    user = sales()
    rule(user)
    lead = SubmissionFactory(suspect=True).lead
    long_ago = timezone.now() - timedelta(days=20)
    Lead.objects.update(created_at=long_ago)
    assert route_new() == 0

    Lead.objects.filter(pk=lead.pk).update(suspected_at=None)
    route_new()

    lead.refresh_from_db()
    assert lead.owner == user
    assert lead.promised_on == business_days.promised_for(timezone.now())


def test_who_has_just_asked_waits_half_a_minute():
    rule(sales())
    LeadFactory()

    assert route_new() == 0


def test_a_run_does_no_more_than_it_may(monkeypatch):
    monkeypatch.setattr(routing, "RUN", 2)
    for _ in range(3):
        newcomer()

    assert [route_new(), route_new(), route_new()] == [2, 1, 0]


def test_a_second_run_gives_nothing_more():
    rule(sales())
    newcomer()

    assert [route_new(), route_new()] == [1, 0]
    assert Assignment.objects.count() == Message.objects.count() == 1


def test_routing_costs_the_same_however_many_rules(django_assert_max_num_queries):
    for _ in range(20):
        rule(sales(cap=3))
    newcomer()

    with django_assert_max_num_queries(20):
        route_new()


def test_erasing_a_lead_takes_back_what_the_sentence_says_of_them():
    rule(sales(), regions=[BRE], functions=[JobFunction.CIO])
    lead = newcomer()
    route_new()
    assert "Bretagne" in Assignment.objects.get().sentence

    erase(lead, PrivacyEvent.Kind.NOT_ME)

    assert Assignment.objects.get().sentence == "effacé"


# --- Dying between anything ---------------------------------------------------------


@pytest.mark.logs("leads.routing")
@pytest.mark.parametrize(
    "point",
    [
        "leads.routing.decide",
        "leads.assigning._owe",
        "outbox.models.Message.save",
        "outbox.models.Message.record",
        "leads.models.Assignment.objects.bulk_create",
    ],
)
@pytest.mark.parametrize("when", ["before", "after"])
def test_dying_between_lead_and_mail_leaves_neither(monkeypatch, point, when):
    rule(sales())
    lead, other = newcomer(), newcomer()
    path, _, name = point.rpartition(".")
    target = _found(path)
    real = getattr(target, name)
    calls = []

    def dies(*args, **kwargs):
        calls.append(None)
        if len(calls) > 1:
            return real(*args, **kwargs)
        if when == "after":
            real(*args, **kwargs)
        raise RuntimeError("killed here")

    monkeypatch.setattr(target, name, dies)
    route_new()

    lead.refresh_from_db()
    assert (lead.owner, lead.routed_at, lead.promised_on) == (None, None, None)
    assert owner_of(other), "one that dies takes nobody with it"
    assert Assignment.objects.get().lead == other
    assert Message.objects.get().lead == other

    route_new()
    assert owner_of(lead)
    assert Assignment.objects.count() == Message.objects.count() == 2


def _found(path):
    """Return the module, class or manager of that path."""
    import importlib

    module, _, rest = path, "", ""
    while True:
        try:
            found = importlib.import_module(module)
            break
        except ImportError:
            module, _, last = module.rpartition(".")
            rest = f"{last}.{rest}" if rest else last
    for name in filter(None, rest.split(".")):
        found = getattr(found, name)
    return found


def bare():
    """Return a newcomer without a submission: tables were emptied of the edition."""
    return LeadFactory(created_at=timezone.now() - timedelta(minutes=5))


@pytest.mark.django_db(transaction=True)
def test_two_at_once_give_each_lead_once_and_fill_no_hand_twice():
    first = sales("Camille", cap=3, group=None)
    second = sales("Dominique", group=None)
    rule(first)
    rule(second)
    for _ in range(8):
        bare()
    start = threading.Barrier(2)

    def run():
        start.wait()
        route_new()
        connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert Assignment.objects.count() == Message.objects.count() == 8
    assert Lead.objects.filter(owner=first).count() == 3
    assert Lead.objects.filter(owner=second).count() == 5


KILLED = """
import os, signal, sys
import django
django.setup()
from leads import routing
from leads.models import Assignment
from outbox.models import Message
target, name = {"mail": (Message, "record"), "ledger": (routing.assigning, "assign")}[
    sys.argv[1]
]
real = getattr(target, name)
def die(*args, **kwargs):
    real(*args, **kwargs)
    os.kill(os.getpid(), signal.SIGKILL)
setattr(target, name, die)
routing.route_new()
"""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("point", ["mail", "ledger"])
def test_a_process_killed_between_lead_and_mail_leaves_neither(point):
    user = sales(group=None)
    rule(user)
    lead = bare()

    child = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", KILLED, point],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": database_url(),
            "DJANGO_SETTINGS_MODULE": "santescopie.settings",
        },
        timeout=60,
        check=False,
        capture_output=True,
    )

    assert child.returncode == -signal.SIGKILL, child.stderr
    lead.refresh_from_db()
    assert (lead.owner, lead.routed_at) == (None, None)
    assert not Assignment.objects.exists()
    assert not Message.objects.exists()
    assert route_new() == 1
    assert owner_of(lead) == user
    assert Assignment.objects.count() == Message.objects.count() == 1


# --- Whom no rule took --------------------------------------------------------------


def test_whom_no_rule_took_is_asked_about_again_with_one_mail_for_each_rule():
    leads = [newcomer(organisation_type=CHU), newcomer(), newcomer()]
    closed = newcomer(status="perdu", closed_because="autre")
    route_new()
    promised = Lead.objects.get(pk=leads[0].pk).promised_on
    user = sales(cap=2)
    rule(user)

    assert routing.would_be_given() == (2, 3)
    assert routing.route_left_over() == 2
    assert routing.route_left_over() == 0

    assert [owner_of(lead) for lead in leads] == [user, user, None]
    assert owner_of(closed) is None
    assert Message.objects.count() == 1
    assert Lead.objects.get(pk=leads[0].pk).promised_on == promised


def test_one_press_gives_no_more_than_it_may_and_passes_over_whom_no_rule_takes():
    lost = LeadFactory(routed_at=timezone.now(), organisation_type="ehpad")
    leads = [LeadFactory(routed_at=timezone.now()) for _ in range(3)]
    user = sales()
    rule(user, types=["ch"])

    assert [routing.route_left_over(2) for _ in range(3)] == [2, 1, 0]
    assert [owner_of(lead) for lead in [lost, *leads]] == [None, user, user, user]


def test_who_was_taken_by_hand_meanwhile_is_left_to_them(monkeypatch):
    lead = LeadFactory(routed_at=timezone.now())
    rule(sales())
    other = sales("Camille")
    real = routing._decided_again

    def decided():
        found = real()
        Lead.objects.update(owner=other)
        return found

    monkeypatch.setattr(routing, "_decided_again", decided)
    assert routing.route_left_over() == 0
    assert owner_of(lead) == other
