"""Rules are kept by Marketing, read by others, and moved with two buttons."""

from __future__ import annotations

import threading

import pytest
from django.contrib.admin import site
from django.contrib.admin.models import LogEntry
from django.db import connection, transaction
from django.test import RequestFactory
from django.utils import timezone

from leads.models import Assignment, Lead, RoutingRule
from outbox.models import Message
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.leads.factories import LeadFactory
from tests.leads.pages import notices, page, shown
from tests.leads.routing import newcomer, rule, sales
from tests.leads.test_admin import INLINE

pytestmark = pytest.mark.django_db
LIST = "leads_routingrule_changelist"


def numbered():
    return list(
        RoutingRule.objects.order_by("position").values_list("position", "campaign")
    )


def fields(person, **values):
    return {"person": person.pk, "is_active": "on", **values}


def test_a_rule_is_read_in_words(client, sign_in):
    sign_in("Marketing")
    rule(
        sales(),
        types=[OrganisationType.CHU, OrganisationType.CH],
        regions=[Region.BRE],
        functions=[JobFunction.CIO],
        campaign="salon",
    )
    rule(sales("Camille", is_active=False))

    text = client.get(page(LIST)).text

    assert (
        "CHU ou CHR ou Centre hospitalier\u00a0; Bretagne\u00a0; "
        "Direction des systèmes d’information\u00a0; campagne salon"
    ) in text
    assert "Dominique Exemple" in text
    assert "Tous les contacts" in text
    assert "Camille Exemple (ne peut rien recevoir)" in text


def test_a_new_rule_comes_last(client, sign_in):
    sign_in("Marketing")
    user = sales()
    rule(user, 7)
    values = {"types": ["chu", "ch"], "regions": ["53"], "campaign": "  Salon  2026 "}

    client.post(page("leads_routingrule_add"), fields(user, **values))

    added = RoutingRule.objects.get(position=8)
    assert (added.types, added.regions, added.functions, added.campaign) == (
        ["chu", "ch"],
        ["53"],
        [],
        "salon 2026",
    )


def test_a_rule_is_changed_and_deleted(client, sign_in):
    sign_in("Marketing")
    mine = rule(sales(), types=["chu"])
    lead = newcomer(organisation_type="chu")
    from leads.routing import route_new

    route_new()
    client.post(
        page("leads_routingrule_change", mine.pk),
        fields(mine.person, functions=["dsi"]),
    )
    mine.refresh_from_db()
    assert (mine.types, mine.functions, mine.position) == ([], ["dsi"], 1)

    client.post(page("leads_routingrule_delete", mine.pk), {"post": "yes"})
    assert not RoutingRule.objects.exists()
    assert Assignment.objects.get(lead=lead).rule is None


@pytest.mark.parametrize(
    "values",
    [
        {"types": ["nulle-part"]},
        {"person": "99999999999999999999"},
        {"person": "x\x00"},
        {"campaign": "x" * 200},
        {"campaign": "x\x00"},
    ],
)
@pytest.mark.parametrize("button", ["_save", "_simulate"])
def test_bad_input_is_told_and_loses_nothing(client, sign_in, values, button):
    sign_in("Marketing")
    user = sales()
    data = {**fields(user, regions=["53"]), **values, button: "1"}

    response = client.post(page("leads_routingrule_add"), data)

    assert response.status_code == 200
    assert "errornote" in response.text
    assert 'value="53" id="id_regions_2" checked' in response.text or (
        'value="53"' in response.text and "checked" in response.text
    )
    assert not RoutingRule.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_two_rules_added_at_once_take_two_places():
    user = sales(group=None)
    start = threading.Barrier(2)

    def add():
        request = RequestFactory().post("/")
        model_admin = site.get_model_admin(RoutingRule)
        start.wait()
        with transaction.atomic():
            model_admin.save_model(request, RoutingRule(person=user), None, False)
        connection.close()

    threads = [threading.Thread(target=add) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [position for position, _ in numbered()] == [1, 2]


# --- Their order --------------------------------------------------------------------


@pytest.fixture
def three(sign_in):
    sign_in("Marketing")
    user = sales()
    return [
        rule(user, at, campaign=name) for at, name in ((1, "a"), (2, "b"), (5, "c"))
    ]


def move(client, row, way, stood):
    return client.post(page("rule_move", row.pk), {way: stood}, follow=True)


def test_a_rule_moves_up_and_down(client, three):
    first, _, third = three

    response = move(client, third, "monter", 5)
    assert numbered() == [(1, "a"), (2, "c"), (5, "b")]
    assert notices(response) == ["La règle n°\u00a05 devient la règle n°\u00a02."]
    move(client, first, "descendre", 1)
    assert numbered() == [(1, "c"), (2, "a"), (5, "b")]
    assert LogEntry.objects.count() == 2


def test_pressing_twice_moves_once(client, three):
    for _ in range(2):
        move(client, three[2], "monter", 5)

    assert numbered() == [(1, "a"), (2, "c"), (5, "b")]


@pytest.mark.parametrize(
    "data",
    [
        {"monter": "1"},  # It is the first.
        {"monter": "9"},
        {"monter": "x\x00"},
        {"descendre": ""},
        {},
    ],
)
def test_an_impossible_move_does_nothing(client, three, data):
    response = client.post(page("rule_move", three[0].pk), data)

    assert response.status_code == 302
    assert numbered() == [(1, "a"), (2, "b"), (5, "c")]


def test_moving_asks_for_a_post_and_says_what_is_gone(client, three):
    assert client.get(page("rule_move", three[0].pk)).status_code == 405
    url = page("rule_move", three[2].pk)
    three[2].delete()
    response = client.post(url, {"monter": 5}, follow=True)
    assert notices(response) == ["Cette règle vient d’être supprimée."]


# --- Who may ------------------------------------------------------------------------

GROUPS = ["Marketing", "Commercial", "DPO", None]
READERS = {"Marketing", "Commercial", "DPO"}
# Page, who may open it, who may post to it (None: nobody posts).
PAGES = {
    LIST: (READERS, None),
    "leads_routingrule_change": (READERS, {"Marketing"}),
    "leads_routingrule_add": ({"Marketing"}, {"Marketing"}),
    "leads_routingrule_delete": ({"Marketing"}, {"Marketing"}),
    "rule_move": (None, {"Marketing"}),
    "rules_simulate": ({"Marketing", "DPO"}, None),
    "rule_without": ({"Marketing"}, None),
    "rules_route": ({"Marketing"}, {"Marketing"}),
}


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", PAGES)
def test_each_group_has_its_pages_and_no_other(client, sign_in, name, group):
    sign_in(group)
    mine = rule(sales())
    at = mine.pk in range(10**9) and name in (
        "leads_routingrule_change",
        "leads_routingrule_delete",
        "rule_move",
        "rule_without",
    )
    url = page(name, *([mine.pk] if at else []))
    readers, writers = PAGES[name]

    if readers is not None:
        status = client.get(url).status_code
        assert status == (200 if group in readers else 403)
    if writers is not None:
        status = client.post(url, {"_save": "1"}).status_code
        assert (status != 403) == (group in writers)


@pytest.mark.parametrize("group", ["Commercial", "DPO"])
def test_readers_see_the_rule_in_words_and_no_button(client, sign_in, group):
    sign_in(group)
    mine = rule(sales(), types=["chu"])

    listed = client.get(page(LIST)).text
    text = client.get(page("leads_routingrule_change", mine.pk)).text

    assert "Monter" not in listed
    assert page("rules_route") not in listed
    assert (page("rules_simulate") in listed) == (group == "DPO")
    assert "CHU ou CHR" in text
    assert "['chu']" not in text
    assert "_simulate" not in text
    assert "_save" not in text


def test_a_rule_that_is_gone_is_said_to_be(client, sign_in):
    sign_in("Marketing")
    for pk in (404, 10**30):
        assert client.get(page("rule_without", pk)).status_code == 404
        assert client.post(page("rule_move", pk), {"monter": "1"}).status_code == 302
    assert client.get(page("leads_routingrule_change", 404)).status_code == 302


# --- Asking the rules again ---------------------------------------------------------


def test_whom_nobody_has_is_routed_again_once_confirmed(client, sign_in):
    sign_in("Marketing")
    at = timezone.now()
    lead = LeadFactory(routed_at=at)
    LeadFactory(routed_at=at, organisation_type="ehpad")
    user = sales()
    rule(user, types=["ch"])
    url = page("rules_route")

    text = client.get(url).text
    assert "1 contact serait confié" in text
    assert "2 contacts ouverts n’ont personne" in text
    assert not Message.objects.exists(), "looking changes nothing"

    response = client.post(url, follow=True)
    assert notices(response) == [
        "1 contact a été confié\u00a0: un courriel part à chaque responsable."
    ]
    assert Lead.objects.get(pk=lead.pk).owner == user
    response = client.post(url, follow=True)
    assert notices(response) == ["Aucune règle n’a pu confier de contact."]
    assert Message.objects.count() == 1
    assert "Aucun contact ne serait confié" in client.get(url).text


def test_where_everybody_has_somebody_it_says_so(client, sign_in):
    sign_in("Marketing")
    assert "Chaque contact ouvert a quelqu’un." in client.get(page("rules_route")).text


# --- What they cost -----------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 40])
def test_pages_cost_the_same_however_many_rules(
    client, sign_in, django_assert_max_num_queries, count
):
    sign_in("Marketing")
    for number in range(count):
        mine = rule(sales(), campaign=str(number))
        LeadFactory(routed_at=timezone.now())
    for url in (
        page(LIST),
        page("leads_routingrule_change", mine.pk),
        page("leads_routingrule_add"),
        page("rules_route"),
        page("rules_simulate"),
        page("rule_without", mine.pk),
    ):
        with django_assert_max_num_queries(12):
            response = client.get(url)
        assert response.status_code == 200
        assert not INLINE.findall(response.text), url
    assert len(shown(client.get(page(LIST)))) == count
