"""One timeline of everything: newest first, who did it and why, never too much."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pghistory
import pytest
from django.utils import timezone

from leads import assigning, exchanges, timeline
from leads.channels import with_consents
from leads.models import (
    Activity,
    Assignment,
    ConsentEvent,
    Escalation,
    Lead,
    RoutingRule,
)
from outbox import making
from reports.models import CopyEvent
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")


def read(lead, **kwargs):
    found = with_consents(Lead.objects.filter(pk=lead.pk)).select_related("owner")
    return timeline.timeline(found.get(), **kwargs)


def told(lead, kind):
    return [entry for entry in read(lead) if entry.kind == kind]


def words(entry):
    steps = [step for _, step in entry.steps]
    return " | ".join([entry.what, entry.who, *entry.details, *steps, entry.body])


def test_a_submission_says_whence_it_came_and_what_it_says_otherwise():
    lead = LeadFactory()
    row = SubmissionFactory(
        lead=lead,
        job_function="dg",
        email="Autre@exemple.fr",
        origin="",
        source={"utm_source": ["Lettre"], "utm_campaign": ["Rentrée"]},
        phone="+33199000000",
        news_consent=True,
    )

    [entry] = told(lead, "demande")

    assert (entry.page, entry.key) == ("leads_submission_change", row.pk)
    said = words(entry)
    assert "source\u00a0: lettre, campagne\u00a0: rentrée" in said
    assert "fonction\u00a0: Direction générale" in said
    assert "une autre adresse" in said
    assert "Autre@" not in said
    assert "rappel demandé au +33" in said
    assert "actualités acceptées" in said


def test_a_number_is_not_told_once_calls_are_refused_nor_a_robot_s():
    lead = SubmissionFactory(phone="+33199000000").lead
    ConsentEvent.objects.create(lead=lead, purpose="rappel", granted=False)
    [entry] = told(lead, "demande")
    assert "rappel demandé" in words(entry)
    assert "+33" not in words(entry)

    robot = SubmissionFactory(suspect=True, phone="+33199000000").lead
    [entry] = told(robot, "demande")
    assert "robot présumé" in entry.what
    assert "champ piège rempli" in words(entry)
    assert "+33" not in words(entry)


@pytest.mark.parametrize(
    ("purpose", "granted", "said"),
    [
        ("actualites", True, "Accord donné\u00a0: actualités par courriel"),
        ("actualites", False, "Ne veut plus d’actualités"),
        ("rappel", True, "Accord donné\u00a0: être rappelé"),
        ("rappel", False, "Ne veut pas, ou plus, être appelé"),
        ("mesure", False, "S’oppose à la mesure"),
    ],
)
def test_consents_are_told_with_where_they_came_from(purpose, granted, said):
    lead = LeadFactory()
    ConsentEvent.objects.create(
        lead=lead, purpose=purpose, granted=granted, channel="web"
    )
    [entry] = told(lead, "accord")
    assert said in entry.what
    assert entry.who == "Formulaire du site"


def test_a_copy_and_a_message_tell_their_steps_in_one_entry_a_day():
    submission = delivered()
    copy, message = submission.copy, submission.messages.get()
    copy.record(CopyEvent.Kind.RENDERED)
    message.record("bounced", smtp_code=550, cause="5.1.1 inconnu", reason="unknown")

    [entry] = told(submission.lead, "exemplaire")
    assert copy.reference in entry.what
    assert [step for _, step in entry.steps] == ["demandé", "rendu"]
    assert entry.details == [f"édition\u00a0{copy.edition.version}"]

    [entry] = told(submission.lead, "envoi")
    assert [step for _, step in entry.steps] == [
        "accepté (250 2.0.0 Ok)",
        "rebond (550 5.1.1 inconnu)\u00a0: adresse inconnue",
    ]


def test_steps_of_two_days_are_two_entries():
    submission = delivered()
    message = submission.messages.get()
    message.record("delivered")
    message.events.filter(kind="accepted").update(at=timezone.now() - timedelta(days=1))

    entries = told(submission.lead, "envoi")

    assert [len(entry.steps) for entry in entries] == [1, 1]
    assert entries[0].day > entries[1].day


def test_what_tells_staff_is_no_exchange_with_the_person():
    lead = LeadFactory()
    assigning.assign([lead.pk], StaffFactory(), why="Parce que.")
    assert assigning.KIND in making.kinds()
    assert told(lead, "envoi") == []


def test_a_retrieval_is_told_to_the_day_and_not_by_its_place():
    submission = delivered()
    copy, lead = submission.copy, submission.lead
    noon = datetime(2026, 11, 18, 12, tzinfo=PARIS)
    for hour in (1, 23):
        HitFactory(copy=copy, at=noon.replace(hour=hour))
    for hour in (0, 12):
        Activity.objects.create(lead=lead, at=noon.replace(hour=hour), body=str(hour))

    day = [entry for entry in read(lead) if entry.day == noon.date()]

    assert [entry.kind for entry in day] == ["echange", "echange", "retrait"]
    assert not day[-1].exact
    assert copy.reference in day[-1].what
    assert timezone.localtime(day[-1].at).hour in (0, 1)


@pytest.mark.parametrize("trait", [{"gateway": True}, {"opened": True}])
def test_what_machines_do_is_no_retrieval(trait):
    submission = delivered()
    HitFactory(copy=submission.copy, **trait)
    assert told(submission.lead, "retrait") == []


def test_the_retrieval_of_who_objects_is_nowhere():
    submission = delivered()
    HitFactory(copy=submission.copy)
    assert told(submission.lead, "retrait")
    ConsentEvent.objects.create(lead=submission.lead, purpose="mesure", granted=False)
    assert told(submission.lead, "retrait") == []


def test_exchanges_tell_their_outcome_and_author():
    user = StaffFactory(first_name="Alix", last_name="Fictif")
    lead = LeadFactory()
    exchanges.log(lead.pk, user, "appel", outcome="joint", body="Bonjour.")

    [entry] = told(lead, "echange")

    assert words(entry) == "Appel\u00a0: joint | Alix Fictif | Bonjour."


def test_changes_say_what_became_of_what_and_who_did_it():
    user = StaffFactory(first_name="Alix", last_name="Fictif")
    lead = LeadFactory()
    day = timezone.localdate() + timedelta(days=3)
    exchanges.plan(lead.pk, user, "Rappeler", day)
    exchanges.move([lead.pk], user, "contacte")
    exchanges.move([lead.pk], user, "perdu", "budget")
    exchanges.move([lead.pk], user, "qualifie")

    found = [entry.what for entry in reversed(told(lead, "changement"))]

    assert found[0].startswith("À faire le ")
    assert found[1] == "Statut\u00a0: contacté, auparavant nouveau"
    assert "Statut\u00a0: perdu (budget non accordé), auparavant contacté" in found
    assert "Plus rien de prévu" in found
    assert found[-1] == "Statut\u00a0: qualifié, auparavant perdu (budget non accordé)"
    assert {entry.who for entry in told(lead, "changement")} == {"Alix Fictif"}


def test_suspicion_trial_and_merging_are_changes():
    lead, other = LeadFactory(suspect=True), LeadFactory()
    for values in (
        {"suspected_at": None},
        {"is_test": True},
        {"is_test": False},
        {"merged_into": other},
        {"merged_into": None},
    ):
        Lead.objects.filter(pk=lead.pk).update(**values)

    found = [entry.what for entry in reversed(told(lead, "changement"))]

    assert found == [
        "Soupçon levé",
        "Marqué comme essai",
        "N’est plus un essai",
        f"Fusionné dans n°\u00a0{other.pk}",
        "Fusion défaite",
    ]
    assert {entry.who for entry in told(lead, "changement")} == {"Automatique"}


def test_an_assignment_is_told_once_with_its_reason():
    boss = StaffFactory(first_name="Sacha", last_name="Spécimen")
    one, two = StaffFactory(), StaffFactory()
    rule = RoutingRule.objects.create(position=1, person=one)
    lead = LeadFactory()
    assigning.assign([lead.pk], one, why="Affecté par la règle.", rule=rule)
    assigning.assign([lead.pk], two, by=boss, why="Confié par Sacha Spécimen")
    assigning.assign([lead.pk], None, by=boss, why="Repris par Sacha Spécimen")

    found = [(entry.what, entry.who) for entry in reversed(told(lead, "affectation"))]

    assert found == [
        ("Affecté par la règle.", "Règle d’affectation"),
        ("Confié par Sacha Spécimen", "Sacha Spécimen"),
        ("Repris par Sacha Spécimen", "Sacha Spécimen"),
    ]
    assert told(lead, "changement") == []


def test_an_owner_changed_without_an_assignment_is_still_told():
    user = StaffFactory(first_name="Alix", last_name="Fictif")
    lead = LeadFactory()
    with pghistory.context(rule=3):
        Lead.objects.filter(pk=lead.pk).update(owner=user)

    [entry] = told(lead, "changement")

    assert entry.what == "Responsable\u00a0: Alix Fictif, auparavant personne"
    assert entry.who == "Règle d’affectation"


def test_an_escalation_says_which_promise_and_who_was_told():
    lead, boss = LeadFactory(), StaffFactory(first_name="Sacha", last_name="Spécimen")
    Escalation.objects.create(
        lead=lead,
        to=boss,
        promised_on="2026-11-20",
        message=MessageFactory(),
    )
    [entry] = told(lead, "signalement")
    assert "20\u00a0novembre\u00a02026" in entry.what
    assert "Sacha Spécimen" in words(entry)


def test_it_is_newest_first_and_bounded():
    lead, now = LeadFactory(), timezone.now()
    for n in range(12):
        Activity.objects.create(lead=lead, body=str(n), at=now - timedelta(hours=n))

    entries = read(lead, limit=10)

    assert [entry.body for entry in entries] == [str(n) for n in range(10)]


def test_it_costs_two_queries_and_names_nobody_it_need_not(
    django_assert_num_queries,
):
    lead = delivered().lead
    for n in range(30):
        user = StaffFactory()
        Activity.objects.create(lead=lead, author=user, body=str(n))
        assigning.assign([lead.pk], user, by=user, why=f"Raison {n}")
    found = with_consents(Lead.objects.filter(pk=lead.pk)).select_related("owner").get()

    with django_assert_num_queries(2):
        entries = timeline.timeline(found)

    assert len([entry for entry in entries if entry.kind == "affectation"]) == 30
    assert Assignment.objects.count() == 30
