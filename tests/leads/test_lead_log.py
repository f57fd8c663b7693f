"""An exchange is logged at once with what comes next; pressed twice, it is one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connections
from django.test import Client
from django.utils import timezone

from leads import business_days, exchanges
from leads.admin.page_forms import LONGEST, shortcuts
from leads.models import Activity, ConsentEvent, LeadEvent
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import notices, page

pytestmark = pytest.mark.django_db


@pytest.fixture
def user(sign_in):
    return sign_in("Commercial")


@pytest.fixture
def lead(user):
    return LeadFactory(owner=user)


def filled(client, lead):
    """Return what the browser would post of the box as it is opened."""
    form = client.get(page("leads_lead_change", lead.pk)).context["forms"]["log"]
    values = {bound.html_name: bound.value() for bound in form}
    return {name: "" if value is None else value for name, value in values.items()}


def log(client, lead, **data):
    return client.post(page("leads_lead_log", lead.pk), filled(client, lead) | data)


def test_a_call_is_logged_with_its_outcome_and_the_next_day(client, lead, user):
    [tomorrow, _], *_ = shortcuts()

    response = log(client, lead, call_outcome="message", when=tomorrow)

    assert response.status_code == 303
    assert response.url == page("leads_lead_change", lead.pk)
    call = Activity.objects.get()
    assert (call.kind, call.outcome, call.author) == ("appel", "message", user)
    lead.refresh_from_db()
    assert lead.next_action_on == business_days.after(timezone.localdate())
    assert lead.first_contact_at
    assert lead.waiting_since
    assert LeadEvent.objects.get().pgh_context["user"] == user.pk


def test_the_shortcuts_are_business_days():
    friday = timezone.localdate().replace(year=2026, month=12, day=4)

    days = [day for day, _ in shortcuts(friday)]

    assert days == ["2026-12-07", "2026-12-09", "2026-12-11"]
    # Nobody calls Monday « demain » on a Friday.
    words = [said for _, said in shortcuts(friday)]
    assert words[0] == "prochain jour ouvré (lundi 7\u00a0décembre)"
    assert words[1] == "dans 3 jours ouvrés (mercredi 9\u00a0décembre)"
    tuesday = friday.replace(day=1)
    assert shortcuts(tuesday)[0][1].startswith("demain (mercredi 2\u00a0")


@pytest.mark.parametrize("twice", [2, 3])
def test_a_double_press_writes_once(client, lead, twice):
    url = page("leads_lead_log", lead.pk)
    data = filled(client, lead) | {"call_outcome": "absent"}

    for _ in range(twice):
        assert client.post(url, data).status_code == 303

    assert Activity.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_write_once(client, sign_in):
    sign_in(superuser=True)
    lead = LeadFactory()
    data = filled(client, lead) | {"call_outcome": "absent"}
    url = page("leads_lead_log", lead.pk)

    def press(_):
        try:
            twin = Client()
            twin.cookies = client.cookies
            return twin.post(url, data).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as threads:
        assert set(threads.map(press, range(4))) == {303}

    assert Activity.objects.count() == 1


def test_the_same_outcome_after_another_look_at_the_page_is_another_call(client, lead):
    for _ in range(2):
        log(client, lead, call_outcome="absent")

    assert Activity.objects.count() == 2


def test_a_day_corrected_before_the_second_press_is_kept(client, lead):
    url = page("leads_lead_log", lead.pk)
    data = filled(client, lead) | {"call_outcome": "absent"}
    days = [day for day, _ in shortcuts()]

    for day in days[:2]:
        client.post(url, data | {"when": day})

    assert Activity.objects.count() == 1
    lead.refresh_from_db()
    assert lead.next_action_on.isoformat() == days[1]


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({}, "Dites ce que l’appel a donné."),
        ({"kind": "courriel"}, "Dites ce que le courriel a donné."),
        ({"kind": "note"}, "Écrivez la note."),
        ({"kind": "autre"}, "Sélectionnez un choix valide"),
        ({"kind": ""}, "Dites de quoi il s’agit."),
        ({"call_outcome": "envoye"}, "Sélectionnez un choix valide"),
        ({"call_outcome": "joint", "body": "x" * (LONGEST + 1)}, "Raccourcissez"),
        ({"call_outcome": "joint", "when": "2020-01-06"}, "Ce jour est passé"),
        ({"call_outcome": "joint", "when": "2199-01-06"}, "trop loin"),
        ({"call_outcome": "joint", "when": "bientôt"}, "Sélectionnez un choix valide"),
        ({"call_outcome": "joint", "next_on": "31/02/2027"}, "Saisissez un jour"),
        ({"call_outcome": "joint", "next_action": "Rappeler"}, "Donnez aussi un jour"),
        ({"call_outcome": "joint", "next_action": "x" * 201}, "Raccourcissez"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_typed_is_lost(client, lead, data, error):
    typed = {"body": "Un mot <b>retenu</b>."} if "note" not in data.values() else {}

    response = log(client, lead, **typed | data)

    assert response.status_code == 422
    assert error in response.text
    assert "<title>Erreur\u00a0: " in response.text
    form = response.context["forms"]["log"]
    for name, value in (typed | data).items():
        assert form[name].value() == value
    assert not Activity.objects.exists()


def test_two_days_are_one_too_many(client, lead):
    [first, _], [second, _], _ = shortcuts()
    response = log(client, lead, call_outcome="joint", when=first, next_on=second)
    assert "Deux jours sont donnés" in response.text


def test_a_day_shown_before_midnight_is_still_the_one_meant(client, lead):
    day = business_days.after(timezone.localdate(), 8)

    response = log(client, lead, call_outcome="joint", when=day.isoformat())

    assert response.status_code == 303
    lead.refresh_from_db()
    assert lead.next_action_on == day


def test_a_day_of_one_s_own_needs_no_other_press(client, lead):
    day = timezone.localdate() + timedelta(days=40)

    log(client, lead, call_outcome="joint", next_on=day.isoformat())

    lead.refresh_from_db()
    assert lead.next_action_on == day


def test_an_outcome_left_over_from_another_kind_is_not_kept(client, lead):
    log(client, lead, kind="note", call_outcome="joint", body="Une note.")
    assert Activity.objects.get().outcome == ""


def test_odd_fields_are_no_fault(client, lead):
    for seen in ("", "abc", "9" * 5000, "-1"):
        response = log(client, lead, call_outcome="absent", seen=seen, inconnu="x")
        assert response.status_code == 303
    response = log(client, lead, kind="note", body="a\x00b")
    assert response.status_code in (400, 422)
    assert Activity.objects.count() == 4


def test_a_refusal_says_beforehand_what_it_does_and_does_it(client, lead):
    text = client.get(page("leads_lead_change", lead.pk)).text
    assert "plus personne ne l’appelle" in text

    log(client, lead, call_outcome="refus")

    act = ConsentEvent.objects.get(lead=lead, purpose="rappel")
    assert (act.granted, act.channel) == (False, "equipe")


def test_who_refuses_calls_is_not_offered_one_but_may_have_called(client, lead):
    ConsentEvent.objects.create(lead=lead, purpose="rappel", granted=False)

    response = client.get(page("leads_lead_change", lead.pk))

    form = response.context["forms"]["log"]
    assert form["kind"].value() == "note"
    assert ("appel", "appel reçu") in form.fields["kind"].choices
    assert "Ne pas appeler" in response.text
    refused = log(client, lead, kind="appel", call_outcome="message")
    assert refused.status_code == 422
    assert log(client, lead, kind="appel", call_outcome="joint").status_code == 303
    assert log(client, lead, kind="note", body="Un mot.").status_code == 303
    assert Activity.objects.count() == 2


def test_who_may_not_add_an_exchange_has_no_box(client, user, lead):
    group = user.groups.get()
    group.permissions.remove(group.permissions.get(codename="add_activity"))

    response = client.get(page("leads_lead_change", lead.pk))

    assert page("leads_lead_log", lead.pk) not in response.text
    response = client.post(page("leads_lead_log", lead.pk), {"kind": "note"})
    assert response.status_code == 403


def test_erased_while_somebody_wrote_says_so(client, lead, monkeypatch):
    data = filled(client, lead) | {"call_outcome": "joint"}

    def gone(*args, **kwargs):
        raise exchanges.Gone

    monkeypatch.setattr("leads.admin.page_posts.write_once", gone)
    response = client.post(page("leads_lead_log", lead.pk), data, follow=True)

    assert "vient d’être effacée" in notices(response)[0]


def plan(client, lead, **data):
    form = client.get(page("leads_lead_change", lead.pk)).context["forms"]["plan"]
    values = {bound.html_name: bound.value() or "" for bound in form}
    named = {f"plan-{name}": value for name, value in data.items()}
    return client.post(page("leads_lead_plan", lead.pk), values | named)


def test_what_comes_next_is_put_off_changed_and_dropped(client, lead):
    first, second, _ = (day for day, _ in shortcuts())

    def planned():
        lead.refresh_from_db()
        on = lead.next_action_on
        return lead.next_action, on and on.isoformat()

    plan(client, lead, next_action="Rappeler", when=first)
    assert planned() == ("Rappeler", first)
    plan(client, lead, when=second)
    assert planned() == ("Rappeler", second)
    plan(client, lead, next_action="Écrire")
    assert planned() == ("Écrire", second)
    own = (timezone.localdate() + timedelta(days=50)).isoformat()
    plan(client, lead, next_on=own)
    assert planned() == ("Écrire", own)
    assert plan(client, lead, next_action="Autre", when="").status_code == 422
    plan(client, lead, when="")
    assert planned() == ("", None)


def test_a_note_leaves_what_comes_next_and_a_call_settles_it(client, lead):
    [day, _], *_ = shortcuts()
    plan(client, lead, next_action="Rappeler", when=day)

    log(client, lead, kind="note", body="Un mot.")
    lead.refresh_from_db()
    assert lead.next_action == "Rappeler"

    log(client, lead, call_outcome="joint")
    lead.refresh_from_db()
    assert (lead.next_action, lead.next_action_on) == ("", None)


def test_another_s_lead_is_not_written_to(client, lead):
    data = filled(client, lead) | {"call_outcome": "joint"}
    lead.owner = StaffFactory()
    lead.save(update_fields=["owner"])

    client.post(page("leads_lead_log", lead.pk), data)

    assert not Activity.objects.exists()
