"""One press on a line of the queue: once, by whoever may, and told in words."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.core import signing
from django.test import Client
from django.utils.timezone import localdate

from leads import business_days
from leads.models import Activity, Assignment, Lead
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import notices, page
from tests.leads.test_work_queue import days

pytestmark = pytest.mark.django_db
GESTURES = ["done", "postpone", "take", "undo"]


@pytest.fixture
def press(client):
    def press(gesture, lead, **data):
        pk = getattr(lead, "pk", lead)
        return client.post(page(f"leads_lead_{gesture}", pk), data, follow=True)

    return press


def undo_of(response):
    """Return the form that undoes a gesture: its token, as the page shows it."""
    undo = response.context["undo"]
    return {"jeton": undo["token"]} if undo else None


def again(lead):
    return Lead.objects.get(pk=lead.pk)


def test_done_notes_the_planned_action_and_says_where_to_tell_more(press, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user, next_action="Écrire", next_action_on=days(-1))

    response = press("done", lead, apres="", ancre="ligne-5", vers="section=retard")

    activity = Activity.objects.get()
    assert (activity.lead, activity.author, activity.kind) == (lead, user, "courriel")
    assert again(lead).next_action_on is None
    assert again(lead).first_contact_at
    assert notices(response)[0].startswith(f"Courriel noté pour {lead}")
    assert page("leads_lead_change", lead.pk) in notices(response)[0]
    assert response.redirect_chain == [("/admin/?section=retard#ligne-5", 302)]


def test_done_twice_is_done_once(press, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user, next_action_on=days(0))
    old = Activity.objects.create(lead=lead, author=user, kind="appel")

    first = press("done", lead, apres=old.pk)
    second = press("done", lead, apres=old.pk)

    assert Activity.objects.count() == 2
    assert "Appel noté" in notices(first)[0]
    assert notices(second) == [f"{lead}\u00a0: vous l’avez déjà noté."]


@pytest.mark.parametrize("shown", ["x", "²", "9" * 40, "\x00", "-1"])
def test_done_with_an_odd_field_notes_once(press, sign_in, shown):
    lead = LeadFactory(owner=sign_in("Commercial"))
    for _ in range(2):
        press("done", lead, apres=shown)
    assert Activity.objects.count() == 1


def test_postponing_goes_to_the_next_business_day_and_can_be_undone(press, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user, next_action="Rappeler", next_action_on=days(-3))
    tomorrow = business_days.after(localdate())

    first = press("postpone", lead, dans="jour")
    assert again(lead).next_action_on == tomorrow
    assert "reporté" in notices(first)[0]

    second = press("postpone", lead, dans="jour")
    assert again(lead).next_action_on == tomorrow
    assert "c’est déjà prévu" in notices(second)[0]

    third = press("undo", lead, **undo_of(first))
    assert (again(lead).next_action, again(lead).next_action_on) == (
        "Rappeler",
        days(-3),
    )
    assert "de nouveau prévu" in notices(third)[0]
    assert "rien n’est annulé" in notices(press("undo", lead, **undo_of(first)))[0]


@pytest.mark.parametrize("dans", ["trois", "semaine"])
def test_postponing_further_lands_on_a_business_day(press, sign_in, dans):
    lead = LeadFactory(owner=sign_in("Commercial"))
    press("postpone", lead, dans=dans, le="")
    on = again(lead).next_action_on
    assert business_days.is_business_day(on)
    assert timedelta(0) < on - localdate() <= timedelta(days=10)
    if dans == "semaine":
        assert on.isocalendar().week != localdate().isocalendar().week


def test_postponing_to_a_date(press, sign_in):
    lead = LeadFactory(owner=sign_in("Commercial"))
    press("postpone", lead, le=days(40).isoformat())
    assert again(lead).next_action_on == days(40)


@pytest.mark.parametrize(
    "le", ["", "x", "2026-02-30", "0001-01-01", "9999-12-31", "\x00", "99999-01-01"]
)
def test_a_date_that_is_none_changes_nothing_and_says_so(press, sign_in, le):
    lead = LeadFactory(owner=sign_in("Commercial"), next_action_on=days(0))
    response = press("postpone", lead, le=le)
    assert "rien n’est reporté" in notices(response)[0]
    assert again(lead).next_action_on == days(0)


def test_postponing_beyond_the_promise_says_that_it_stands(press, sign_in):
    lead = LeadFactory(owner=sign_in("Commercial"), promised_on=days(1))
    said = notices(press("postpone", lead, le=days(9).isoformat()))
    assert "La promesse" in said[1]
    assert "à appeler avant demain soir" in said[1]


def test_taking_gives_the_lead_and_owes_its_mail_and_can_be_undone(press, sign_in):
    user = sign_in("Commercial", first_name="Alix", last_name="Fictif")
    lead = LeadFactory()

    first = press("take", lead)
    assert again(lead).owner == user
    given = Assignment.objects.get()
    assert (given.to, given.sentence) == (user, "Pris par Alix Fictif")
    assert given.message

    assert "vous suivez déjà" in notices(press("take", lead))[0]
    press("undo", lead, **undo_of(first))
    assert again(lead).owner is None
    assert Assignment.objects.count() == 2


def test_what_a_colleague_took_meanwhile_is_left_to_them(press, sign_in):
    lead = LeadFactory(owner=StaffFactory(first_name="Sacha", last_name="Essai"))
    sign_in("Commercial")
    for gesture in GESTURES:
        assert "quelqu’un d’autre" in notices(press(gesture, lead))[0]
    sign_in("Marketing")
    assert "pris par Sacha Essai" in notices(press("take", lead))[0]
    assert not Assignment.objects.exists()
    assert not Activity.objects.exists()


def test_whoever_cannot_be_told_takes_nothing(press, sign_in):
    sign_in("Commercial", email="")
    lead = LeadFactory()
    assert "ne peut pas recevoir" in notices(press("take", lead))[0]
    assert again(lead).owner is None


@pytest.mark.parametrize("gesture", GESTURES)
def test_an_erased_person_is_gone(press, sign_in, gesture):
    sign_in("Commercial")
    response = press(gesture, LeadFactory(erased=True))
    assert "effacée entre-temps" in notices(response)[0]
    assert not Activity.objects.exists()


@pytest.mark.parametrize("gesture", GESTURES)
def test_who_is_not_there_is_not_found(press, sign_in, gesture):
    sign_in("Commercial")
    for pk in (0, 10**30):
        assert press(gesture, pk).status_code == 404


@pytest.mark.parametrize("gesture", GESTURES)
@pytest.mark.parametrize("group", ["DPO", None])
def test_whoever_only_reads_presses_nothing(press, sign_in, gesture, group):
    sign_in(group)
    lead = LeadFactory(next_action_on=days(0))
    assert press(gesture, lead, dans="jour").status_code == 403
    assert again(lead).next_action_on == days(0)
    assert not Activity.objects.exists()


@pytest.mark.parametrize("gesture", GESTURES)
def test_an_address_does_nothing_by_itself(client, sign_in, gesture):
    sign_in("Commercial")
    lead = LeadFactory()
    assert client.get(page(f"leads_lead_{gesture}", lead.pk)).status_code == 405
    client.logout()
    response = client.post(page(f"leads_lead_{gesture}", lead.pk))
    assert "login" in response.url


@pytest.mark.logs("django.security.csrf")
def test_a_post_from_elsewhere_is_refused(sign_in, client):
    sign_in("Commercial")
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = client.cookies
    response = strict.post(page("leads_lead_done", LeadFactory().pk))
    assert response.status_code == 403
    assert not Activity.objects.exists()


def test_one_goes_back_to_the_queue_and_nowhere_else(press, sign_in):
    user = sign_in("Commercial")
    data = {"vers": "https://exemple.fr/?personne=3&x=1", "ancre": "x://y"}
    response = press("postpone", LeadFactory(owner=user), dans="jour", **data)
    (url, _), *_ = response.redirect_chain
    assert urlsplit(url)[:3] == ("", "", "/admin/")
    assert set(parse_qs(urlsplit(url).query)) == {"annuler"}
    assert not urlsplit(url).fragment


def test_a_token_that_is_not_ours_undoes_nothing(press, client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(owner=user, next_action_on=days(0))
    other = LeadFactory(owner=user)
    for token in ("", "x:y:z", "\x00", signing.dumps([lead.pk, "take"], salt="other")):
        assert press("undo", lead, jeton=token).status_code == 200
    ours = undo_of(press("postpone", other, dans="jour"))
    assert press("undo", lead, **ours).status_code == 404
    assert again(lead).next_action_on == days(0)
    assert again(lead).owner == user
