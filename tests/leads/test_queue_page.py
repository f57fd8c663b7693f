"""« Ma file », the home of staff: who sees whose, what a line says, what it costs."""

from __future__ import annotations

import re

import pytest

from leads import work_queue
from leads.models import Lead
from tests.leads.factories import LeadFactory, StaffFactory, delivered
from tests.leads.pages import page
from tests.leads.test_work_queue import cast, days, wish

pytestmark = pytest.mark.django_db
LINE = re.compile(r'id="ligne-(\d+)"')


def listed(response):
    return {int(pk) for pk in LINE.findall(response.text)}


def test_sales_see_their_own_queue_and_those_nobody_has(client, sign_in):
    user = sign_in("Commercial")
    mine = LeadFactory(owner=user, next_action_on=days(-1))
    LeadFactory(owner=StaffFactory(), next_action_on=days(-1))
    nobodys = LeadFactory()

    response = client.get(page("index"))

    assert listed(response) == {mine.pk, nobodys.pk}
    assert "<h1>Ma file</h1>" in response.text
    assert 'name="personne"' not in response.text


def test_sales_may_not_ask_for_the_queue_of_another(client, sign_in):
    user = sign_in("Commercial")
    assert client.get(page("index", personne=user.pk)).status_code == 200
    other = StaffFactory(group="Commercial")
    for asked in (other.pk, "0", "x", 10**30):
        assert client.get(page("index", personne=asked)).status_code == 403


@pytest.mark.parametrize("who", [{"group": "Marketing"}, {"superuser": True}])
def test_marketing_and_admin_choose_whose_queue(client, sign_in, who):
    sign_in(**who)
    seller = StaffFactory(group="Commercial", first_name="Alix", last_name="Fictif")
    theirs = LeadFactory(owner=seller, next_action_on=days(0))
    others = LeadFactory(owner=StaffFactory(), next_action_on=days(0))

    everybody = client.get(page("index"))
    assert listed(everybody) == {theirs.pk, others.pk}
    assert "<h1>La file de l’équipe</h1>" in everybody.text
    response = client.get(page("index", personne=seller.pk))
    assert listed(response) == {theirs.pk}
    assert "<h1>La file d’Alix Fictif</h1>" in response.text
    for asked in ("0", "x", 10**30):
        assert client.get(page("index", personne=asked)).status_code == 404


def test_the_dpo_and_staff_of_no_group_keep_the_index_of_apps(client, sign_in):
    LeadFactory()
    for group in ("DPO", None):
        sign_in(group)
        response = client.get(page("index"))
        assert response.status_code == 200
        assert not listed(response)
        assert "Ma file" not in response.text


def test_a_visitor_is_sent_to_the_sign_in_page(client):
    assert client.get(page("index")).status_code == 302


def test_a_line_says_who_where_why_how_and_what_next(client, sign_in):
    user = sign_in("Commercial")
    lead = wish(
        delivered(lead__owner=user, phone="+33199000000").lead,
    )
    Lead.objects.filter(pk=lead.pk).update(promised_on=days(1))

    text = client.get(page("index")).text

    for said in (
        f'<a href="{page("leads_lead_change", lead.pk)}">{lead}</a>',
        lead.organisation,
        "Direction des systèmes d’information",
        "Centre hospitalier, Bretagne",
        "Rappel demandé",
        "À appeler avant demain soir",
        'href="tel:+33199000000"',
        "seulement répondre à ses messages",
        '<span class="action">Rappeler</span>',
        page("leads_lead_done", lead.pk),
        page("leads_lead_postpone", lead.pk),
    ):
        assert said in text, said
    assert lead.email not in text  # Refused: no address to slip on.


def test_what_nobody_has_is_taken(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    text = client.get(page("index")).text
    assert page("leads_lead_take", lead.pk) in text
    assert page("leads_lead_done", lead.pk) not in text


def test_an_empty_queue_says_what_to_do(client, sign_in):
    sign_in("Commercial")
    text = client.get(page("index")).text
    assert "Votre file est vide" in text
    assert "En retard" not in text
    assert page("leads_lead_changelist") in text


def test_an_empty_section_leads_back_and_does_not_say_that_all_is_done(client, sign_in):
    user = sign_in("Commercial")
    LeadFactory(owner=user, next_action_on=days(0))

    text = client.get(page("index", section="retard")).text

    assert "Plus rien dans «\u00a0En retard\u00a0»." in text
    assert "Votre file est vide" not in text
    assert f'<a href="{page("index")}">Revenir à la file</a>' in text


def test_a_section_is_shown_whole_page_after_page(client, sign_in):
    user = sign_in("Commercial")
    LeadFactory.create_batch(60, owner=user, next_action_on=days(-1))
    LeadFactory(owner=user, next_action_on=days(0))

    assert len(listed(client.get(page("index")))) == 20 + 1
    first = client.get(page("index", section="retard"))
    second = client.get(page("index", section="retard", page=2))

    assert "Tout voir" not in first.text
    assert len(listed(first)) == 50
    assert len(listed(first) | listed(second)) == 60
    assert '<span class="total">60</span>' in first.text
    for odd in ("x", "0", "99999999999999999999"):
        assert client.get(page("index", section="retard", page=odd)).status_code == 200
    assert client.get(page("index", section="autre")).status_code == 404


@pytest.mark.parametrize("query", ["annuler=x", "annuler=", "inconnu=1", "q=%00x"])
def test_odd_addresses_break_nothing(client, sign_in, query):
    sign_in("Commercial")
    response = client.get(f"{page('index')}?{query}")
    assert response.status_code == (400 if "%00" in query else 200)
    assert "Annuler" not in response.text


@pytest.mark.parametrize("query", [{}, {"section": "attente"}])
@pytest.mark.parametrize("group", ["Commercial", "Marketing"])
def test_the_queue_costs_the_same_however_many_rows(
    client, sign_in, group, query, django_assert_max_num_queries
):
    user = sign_in(group)
    cast(user)
    with django_assert_max_num_queries(12) as few:
        client.get(page("index", **query))
    for n in range(2):
        owner = StaffFactory(group="Commercial") if n else user
        for values in (
            {"next_action_on": days(-2)},
            {"next_action_on": days(0)},
            {"promised_on": days(1)},
            {"waiting_since": "2026-01-05T12:00Z"},
        ):
            LeadFactory.create_batch(35, owner=owner, **values)
    LeadFactory.create_batch(30)
    assert sum(work_queue.counts(None).values()) > 300
    with django_assert_max_num_queries(12) as many:
        client.get(page("index", **query))
    assert len(many) == len(few)


def test_the_side_bar_follows_the_day_and_marks_one_page(client, sign_in):
    sign_in("Commercial")
    text = client.get(page("leads_lead_changelist")).text
    names = ["Ma file", "Contacts", "Demandes", "Téléchargements", "Envois"]
    places = [text.index(f">{name}</a></th>") for name in names]
    assert places == sorted(places)
    bar = text[text.index('id="nav-sidebar"') :].partition("</nav>")[0]
    assert re.findall(r'<a href="([^"]+)" aria-current="page"', bar) == [
        page("leads_lead_changelist")
    ]
