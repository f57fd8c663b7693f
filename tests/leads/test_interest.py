"""Two readings, each with its reasons: declared is one thing, done is another."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import product

import pytest

from leads.channels import with_consents
from leads.interest import (
    HALF_LIFE,
    Acts,
    Level,
    acts_of,
    interest,
    profile,
    with_acts,
)
from leads.models import Activity, ConsentEvent, Lead
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.leads.factories import HitFactory, LeadFactory, SubmissionFactory, delivered

NOW = datetime(2026, 11, 27, 10, tzinfo=UTC)
ORDER = [Level.UNKNOWN, Level.WEAK, Level.MEDIUM, Level.STRONG]


def person(function="dsi", kind="ch", region="53"):
    return Lead(job_function=function, organisation_type=kind, region=region)


def ago(days):
    return NOW - timedelta(days=days)


def some_acts(rng):
    """Return acts of the last year, few or many."""

    def instants(most):
        return [ago(rng.uniform(0, 365)) for _ in range(rng.randint(0, most))]

    return Acts(
        requests=instants(4),
        call_asked=rng.choice([None, ago(rng.uniform(0, 365))]),
        retrieved=[at.date() for at in instants(3)],
        answered=instants(2),
        meetings=instants(2),
    )


@pytest.mark.parametrize("seed", range(40))
def test_time_alone_never_raises_interest(seed):
    acts = some_acts(random.Random(seed))
    levels = [
        ORDER.index(interest(acts, NOW + timedelta(days=days)).level)
        for days in range(0, 400, 5)
    ]
    assert levels == sorted(levels, reverse=True)


@pytest.mark.parametrize("seed", range(40))
def test_an_objection_never_raises_interest(seed):
    acts = some_acts(random.Random(seed))
    objecting = replace(acts, retrieved=())

    before, after = interest(acts, NOW), interest(objecting, NOW)

    assert ORDER.index(after.level) <= ORDER.index(before.level)
    assert not any("téléchargée" in reason for reason in after.reasons)


@pytest.mark.parametrize("seed", range(40))
def test_every_level_has_a_reason_and_shows_no_score(seed):
    reading = interest(some_acts(random.Random(seed)), NOW)
    assert reading.reasons
    for reason in reading.reasons:
        assert not re.search(r"\d[.,]\d|\d\s?%|\bpoints?\b", reason)


def test_every_profile_has_a_reason():
    functions, kinds = ["", *JobFunction.values], ["", *OrganisationType.values]
    for answers in product(functions, kinds, ("", Region.BRE, Region.ABROAD)):
        reading = profile(person(*answers))
        assert reading.reasons
        assert not any(re.search(r"\d", reason) for reason in reading.reasons)


@pytest.mark.parametrize(
    ("who", "level"),
    [
        (person("dsi", "ch"), "fort"),
        (person("dg", "chu"), "fort"),
        (person("dsi", "ch", "hors-france"), "moyen"),
        (person("achats", "ch"), "moyen"),
        (person("ars", "ars"), "moyen"),
        (person("ide", "ch"), "faible"),
        (person("dg", "industrie"), "faible"),
        (person("conseil", "chu"), "faible"),
        (person("autre", "autre"), "inconnu"),
        (person("", ""), "inconnu"),
    ],
)
def test_a_profile_is_read_from_what_was_declared(who, level):
    assert profile(who).level == level


def test_interest_is_read_from_what_was_done():
    asked = Acts(requests=[ago(1)])
    assert interest(Acts(), NOW).level == "inconnu"
    assert interest(asked, NOW).level == "moyen"
    assert interest(replace(asked, call_asked=ago(1)), NOW).level == "fort"
    assert interest(replace(asked, meetings=[ago(1)]), NOW).level == "fort"
    old = interest(Acts(requests=[ago(90)]), NOW)
    assert old.level == "faible"
    assert old.reasons[-1] == "rien depuis plus d’un mois\u00a0: l’intérêt s’estompe"


def test_what_an_act_weighs_is_halved_every_half_life():
    acts = Acts(meetings=[NOW])
    assert interest(acts, NOW).level == "fort"
    assert interest(acts, NOW + HALF_LIFE).level == "moyen"
    assert interest(acts, NOW + 2 * HALF_LIFE).level == "faible"


def test_a_retrieval_is_a_day_of_its_reasons():
    reading = interest(Acts(retrieved=[date(2026, 11, 25), date(2026, 11, 20)]), NOW)
    assert reading.reasons == ("synthèse téléchargée le 25\u00a0novembre\u00a02026",)


def read(lead):
    return acts_of(with_acts(with_consents(Lead.objects.filter(pk=lead.pk))).get())


@pytest.mark.django_db
def test_acts_are_those_of_the_person_and_of_nobody_else():
    lead = delivered().lead
    HitFactory(copy=lead.copies.get())
    HitFactory(copy=lead.copies.get(), gateway=True)
    Activity.objects.create(lead=lead, kind="appel", outcome="joint")
    Activity.objects.create(lead=lead, kind="appel", outcome="absent")
    Activity.objects.create(lead=lead, kind="rendez-vous")
    SubmissionFactory(lead=lead, suspicion="honeypot", copy=None)
    other = delivered().lead
    HitFactory(copy=other.copies.get())

    acts = read(lead)

    assert len(acts.requests) == len(acts.retrieved) == 1
    assert len(acts.answered) == len(acts.meetings) == 1
    assert acts.call_asked is None


@pytest.mark.django_db
def test_who_objects_or_refuses_calls_has_no_such_act():
    lead = delivered().lead
    HitFactory(copy=lead.copies.get())
    for granted in (True, False):
        for purpose in ("mesure", "rappel"):
            ConsentEvent.objects.create(lead=lead, purpose=purpose, granted=granted)
        acts = read(lead)
        assert bool(acts.retrieved) is granted
        assert (acts.call_asked is not None) is granted


@pytest.mark.django_db
def test_nobody_has_done_nothing():
    assert interest(read(LeadFactory())).level == "inconnu"
