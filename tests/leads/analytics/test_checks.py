"""Figures that must agree are compared with the events each night."""

from __future__ import annotations

import pytest
from django.core.management import call_command
from django.db import connection

from leads import tasks
from leads.analytics import checks, facts
from leads.models import (
    AsideDay,
    DayBits,
    DirtyLead,
    FunnelDay,
    Lead,
    LeadFacts,
    MeasureRun,
)
from tests.leads.analytics.seeds import SEEDS
from tests.leads.analytics.test_facts import History
from tests.leads.factories import HitFactory, delivered
from tests.leads.pages import page

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("seed", SEEDS)
def test_figures_made_of_the_events_agree_with_them(seed, monkeypatch):
    monkeypatch.setattr(checks, "OLDER", 100)
    History(seed).play(60)
    assert checks.run() == []
    assert MeasureRun.objects.get(kind="check").failures == []


@pytest.mark.logs("leads.analytics.checks")
@pytest.mark.parametrize(
    ("break_it", "word"),
    [
        (lambda: FunnelDay.objects.filter(cut="").update(leads=7), "contacts"),
        (lambda: FunnelDay.objects.filter(cut="region").update(won=3), "gagnés"),
        (lambda: LeadFacts.objects.update(delivered_at=None), "remis"),
        (lambda: LeadFacts.objects.update(retrievals=9), "retraits probables"),
        (lambda: LeadFacts.objects.update(submissions=9), "demandes valides"),
        (lambda: DayBits.objects.filter(name="origin").delete(), "contacts par origin"),
        (lambda: DayBits.objects.filter(name="won").delete(), "gagnés, en colonnes"),
        (lambda: DayBits.objects.filter(name="region").update(labels=["99"]), "colonn"),
        (lambda: FunnelDay.objects.update(contact_0=3), "contact, 0 ou 1 jour"),
        (lambda: AsideDay.objects.filter(cut="").update(files=9), "retraits bruts éc"),
        (lambda: AsideDay.objects.filter(cut="region").delete(), "requêtes écartées"),
        (
            lambda: LeadFacts.objects.update(set_aside={"burst": [1, 1]}),
            "requêtes écartées, règle «\u00a0en rafale\u00a0»",
        ),
    ],
)
def test_a_mismatch_shows_on_the_page_until_a_run_finds_none(
    client, sign_in, break_it, word
):
    sign_in("Marketing")
    copy = delivered().copy
    HitFactory(copy=copy)
    HitFactory(copy=copy, gateway=True)
    Lead.objects.update(status="gagne")
    facts.refresh_all()
    break_it()

    tasks.check_measure()

    text = client.get(page("mesure")).text
    assert "Le contrôle a trouvé" in text
    assert f"<li>{word.capitalize()}" in text

    facts.rebuild()
    tasks.check_measure()
    text = client.get(page("mesure")).text
    assert "Le contrôle a trouvé" not in text
    assert "sans écart" in text


def test_what_is_not_counted_yet_is_no_mismatch(monkeypatch):
    delivered()
    facts.refresh_all()
    HitFactory(copy=delivered().copy)
    monkeypatch.setattr(facts, "refresh_all", lambda: 0)

    assert DirtyLead.objects.exists()
    assert checks.run() == []


def test_the_refresh_takes_all_marks_and_says_when():
    delivered()
    tasks.refresh_facts()
    tasks.refresh_facts()

    assert LeadFacts.objects.count() == 1
    assert not DirtyLead.objects.exists()
    assert MeasureRun.objects.get().kind == "refresh"


def test_what_changed_while_the_triggers_were_off_is_found_within_the_hour():
    lead = delivered().lead
    tasks.refresh_facts()
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE leads_lead DISABLE TRIGGER leads_lead_mark")
        Lead.objects.filter(pk=lead.pk).update(region="11")
        cursor.execute("ALTER TABLE leads_lead ENABLE TRIGGER leads_lead_mark")

    tasks.recount_recent()
    tasks.refresh_facts()

    assert LeadFacts.objects.get().region == "11"


def test_all_is_made_again_by_a_command(capsys):
    delivered()
    facts.refresh_all()
    LeadFacts.objects.all().delete()
    FunnelDay.objects.all().delete()

    call_command("rebuild_facts")

    assert LeadFacts.objects.count() == FunnelDay.objects.get(cut="").leads == 1
    assert "Tout est recompté." in capsys.readouterr().out
