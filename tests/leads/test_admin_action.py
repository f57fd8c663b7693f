"""« Preuve d’action »: what a cell says is what it opens, for whoever looks."""

from __future__ import annotations

import csv
import html
import io
import re
from datetime import timedelta

import pytest
from django.utils import timezone

from leads import privacy
from leads.admin import people
from leads.analytics import action, delays, facts
from leads.models import Assignment, ConsentEvent, JournalEntry, Lead, PrivacyEvent
from tests.leads.factories import (
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import notices, page

pytestmark = pytest.mark.django_db


def remis(**values):
    lead = delivered(**values).lead
    facts.refresh_all()
    return lead


def call(lead):
    Lead.objects.filter(pk=lead.pk).update(first_contact_at=timezone.now())
    facts.refresh_all()


def cells(response):
    """Return [(address, count)] of every cell that opens rows."""
    found = re.findall(
        r'<a href="(/admin/mesure/action/contacts/[^"]+)">(\d+)</a>', response.text
    )
    return [(html.unescape(url), int(count)) for url, count in found]


def names(response):
    return [line.nobody or str(line.lead) for line in response.context["lines"]]


# --- Who may look ------------------------------------------------------------------


@pytest.mark.parametrize("group", ["Marketing", "Commercial", "DPO"])
@pytest.mark.parametrize("name", ["measure-action", "measure-action-rows"])
def test_every_group_may_look(client, sign_in, group, name):
    sign_in(group)
    assert client.get(page(name)).status_code == 200
    assert client.post(page(name)).status_code == 405


def test_others_may_not(client, sign_in):
    assert client.get(page("measure-action")).status_code == 302
    sign_in()
    for name in ("measure-action", "measure-action-rows"):
        assert client.get(page(name)).status_code == 403
    assert client.post(page("measure-action-assign")).status_code == 403


@pytest.mark.parametrize("group", ["Commercial", "DPO"])
def test_who_gives_nobody_out_gives_nobody_out(client, sign_in, group):
    user, lead = sign_in(group), remis()
    data = {"contact": lead.pk, "a": user.pk}

    assert client.post(page("measure-action-assign"), data).status_code == 403
    assert client.get(page("measure-action-assign")).status_code == 405
    assert "Confier" not in client.get(page("measure-action")).text


# --- Figures and their rows --------------------------------------------------------


def history(user):
    other = StaffFactory(group="Commercial")
    for number, owner in enumerate([user, user, other, other, None, None]):
        lead = remis(lead=LeadFactory(owner=owner))
        if number % 2:
            call(lead)
    erased = remis(lead=LeadFactory(owner=user))
    privacy.erase(erased, PrivacyEvent.Kind.NOT_ME)
    object_to_measure(remis())
    facts.refresh_all()
    return other


def object_to_measure(lead):
    ConsentEvent.objects.create(lead=lead, purpose="mesure", granted=False)


@pytest.mark.parametrize(("group", "total"), [("Marketing", 8), ("Commercial", 6)])
def test_every_cell_opens_as_many_rows_as_it_says(client, sign_in, group, total):
    user = sign_in(group)
    history(user)
    response = client.get(page("measure-action"))

    found = cells(response)
    assert total in [count for _, count in found]
    assert len(found) > 10
    for url, count in found:
        rows = client.get(url)
        assert rows.context["page"].paginator.count == count
        assert len(rows.context["lines"]) == count
        assert f"{count} contact" in rows.text


def test_a_commercial_sees_no_name_of_others(client, sign_in):
    user = sign_in("Commercial")
    other = history(user)
    theirs = [lead.last_name for lead in Lead.objects.filter(owner=other)]

    response = client.get(page("measure-action"))
    pages = [response.text, *(client.get(url).text for url, _ in cells(response))]

    assert len(theirs) == 2
    assert not [name for name in theirs if any(f"{name}<" in text for text in pages)]
    # Nor by asking for them.
    url = page("measure-action-rows", responsable=other.pk, delai="tous")
    assert client.get(url).context["page"].paginator.count == 0


def test_who_objects_or_was_erased_is_a_line_without_a_name(client, sign_in):
    sign_in("Marketing")
    objecting, erased, plain = remis(), remis(), remis()
    object_to_measure(objecting)  # A moment ago: the figures do not know yet.
    privacy.erase(erased, PrivacyEvent.Kind.NOT_ME)

    told = names(client.get(page("measure-action-rows", delai="tous")))

    assert sorted(told) == sorted(
        [str(plain), "Une personne effacée", "Une personne qui refuse la mesure"]
    )
    response = client.get(page("measure-action"))
    assert objecting.last_name not in response.text.replace(plain.last_name, "")


def test_a_lead_given_to_another_since_the_count_is_not_named(client, sign_in):
    sign_in("Commercial")
    lead = remis()
    Lead.objects.filter(pk=lead.pk).update(owner=StaffFactory(group="Commercial"))

    told = names(client.get(page("measure-action-rows", delai="tous")))

    assert told == ["Un contact confié depuis à quelqu’un d’autre"]


@pytest.mark.parametrize(
    "query",
    [
        "du=hier&au=demain",
        "du=9999-12-31&au=0001-01-01",
        "etape=x&delai=y&page=z",
        "page=99999999999999999999",
        "delai=%00&responsable=%00&region=%00",
        "responsable=99999999999999999999",
        "type=%27%3B--&campagne=" + "x" * 5000,
        "du=2020-01-01&delai=3-5",
    ],
)
def test_an_address_that_makes_no_sense_is_no_error(client, sign_in, query):
    sign_in("Marketing")
    remis()
    for name in ("measure-action", "measure-action-rows"):
        assert client.get(f"{page(name)}?{query}").status_code in (200, 400)


def test_pages_cost_few_queries_however_many_rows(
    client, sign_in, django_assert_max_num_queries
):
    user = sign_in("Commercial")
    for _ in range(2):
        for name in ("measure-action", "measure-action-rows"):
            with django_assert_max_num_queries(12):
                client.get(page(name))
        for number in range(12):
            remis(lead=LeadFactory(owner=user if number % 2 else None))


def test_twelve_weeks_are_shown_unless_others_are_asked_for(client, sign_in):
    sign_in("Marketing")
    SubmissionFactory(created_at=timezone.now() - timedelta(days=200))
    facts.refresh_all()
    response = client.get(page("measure-action"))

    assert [len(grid["weeks"]) for grid in response.context["grids"]] == [12, 12]
    assert not cells(response)
    first = timezone.localdate() - timedelta(days=210)
    response = client.get(page("measure-action", du=first.isoformat()))
    assert {count for _, count in cells(response)} == {1}


def test_what_filters_the_figures_is_said(client, sign_in):
    sign_in("Marketing")
    remis(lead=LeadFactory(region="11"))
    for name in ("measure-action", "measure-action-rows"):
        text = client.get(page(name, region="11", du="2026-01-01")).text
        assert "région\u00a0: Île-de-France" in text
    sign_in("Commercial")
    assert "ceux que personne ne suit" in client.get(page("measure-action")).text


# --- As a file ---------------------------------------------------------------------


def file_of(response):
    assert response.status_code == 200
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heads, *lines = csv.reader(io.StringIO(text), delimiter=";")
    assert all(len(line) == len(heads) for line in lines)
    return lines


@pytest.mark.parametrize("group", ["Marketing", "Commercial"])
def test_the_file_of_a_cell_has_the_lines_of_its_page(client, sign_in, group):
    user = sign_in(group)
    history(user)
    for url, count in cells(client.get(page("measure-action"))):
        shown = names(client.get(url))
        lines = file_of(client.post(url.replace("contacts/?", "contacts.csv?")))
        assert [line[0] for line in lines] == shown
        assert len(lines) == count


def test_the_file_of_who_was_never_called_is_noted_in_the_log(client, sign_in):
    sign_in("Marketing")
    first, called = remis(), remis()
    call(called)

    lines = file_of(client.post(page("measure-action-csv", delai="a-appeler")))

    assert [line[0] for line in lines] == [str(first)]
    entry = JournalEntry.objects.get(act=JournalEntry.Act.EXPORTED)
    assert "Remis, jamais appelés" in entry.page
    assert entry.count == 1


def test_a_file_is_asked_for_by_a_post_of_who_may(client, sign_in):
    sign_in("Marketing")
    assert client.get(page("measure-action-csv")).status_code == 405
    sign_in()
    assert client.post(page("measure-action-csv")).status_code == 403


# --- Delivered, never called -------------------------------------------------------


def test_who_was_never_called_is_listed_the_oldest_first(client, sign_in):
    sign_in("Marketing")
    first, second, called = remis(), remis(), remis()
    call(called)
    SubmissionFactory()  # Not delivered.
    response = client.get(page("measure-action"))

    assert names(response) == [str(first), str(second)]
    assert "2 remis, jamais appelés" in response.text


def test_one_press_gives_a_lead_and_twice_is_once(client, sign_in):
    user, to, lead = sign_in("Marketing"), StaffFactory(group="Commercial"), remis()
    data = {"contact": lead.pk, "a": to.pk}
    url = page("measure-action-assign", du="2026-01-05", au="2026-12-01")
    said = []
    for _ in range(2):
        response = client.post(url, data)
        assert response.status_code == 303
        assert response.url.startswith(f"{page('measure-action')}?du=2026-01-05")
        said += notices(client.get(response.url))

    assert said == [
        f"{lead} est confié à {to.username}.",
        f"{lead} était déjà confié à {to.username}.",
    ]
    assignment = Assignment.objects.get()
    assert (assignment.to, assignment.by, assignment.lead) == (to, user, lead)
    assert "remis, jamais appelé" in assignment.sentence
    lead.refresh_from_db()
    assert lead.owner == to


def test_the_next_one_is_for_the_same_and_on_the_same_page(client, sign_in):
    to, lead = StaffFactory(group="Commercial"), remis()
    remis()
    sign_in("Marketing")
    data = {"contact": lead.pk, "a": to.pk}

    response = client.post(page("measure-action-assign", page=1), data)

    assert f"page=1&a={to.pk}#a-appeler" in response.url
    chosen = f'<option value="{to.pk}" selected>'
    assert chosen in client.get(response.url).text
    assert chosen not in client.get(page("measure-action")).text


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"contact": "{lead}"},
        {"contact": "{lead}", "a": "x"},
        {"contact": "{lead}", "a": "9" * 400},
        {"contact": "\x00", "a": "{to}"},
        {"contact": "999999", "a": "{to}"},
        {"contact": "{erased}", "a": "{to}"},
        {"contact": "{lead}", "a": "{closed}"},
    ],
    ids=range(8),
)
def test_what_cannot_be_given_is_said_and_nothing_is_written(client, sign_in, data):
    sign_in("Marketing")
    erased = remis()
    privacy.erase(erased, PrivacyEvent.Kind.NOT_ME)
    keys = {
        "lead": remis().pk,
        "erased": erased.pk,
        "to": StaffFactory().pk,
        "closed": StaffFactory(is_active=False).pk,
    }
    data = {name: value.format(**keys) for name, value in data.items()}

    response = client.post(page("measure-action-assign"), data, follow=True)

    assert response.status_code == 200
    assert len(notices(response)) == 1
    assert not Assignment.objects.exists()


def test_only_who_follows_leads_is_offered_them(client, sign_in):
    marketing, lead = sign_in("Marketing"), remis()
    sales = StaffFactory(group="Commercial", last_name="Vendeuse")
    dpo = StaffFactory(group="DPO", last_name="Déléguée")
    StaffFactory(group="Commercial", email="")
    StaffFactory()  # Of no group.

    offered = dict(client.get(page("measure-action")).context["may_be_given"])
    data = {"contact": lead.pk, "a": dpo.pk}
    client.post(page("measure-action-assign"), data)

    assert set(offered) == {marketing.pk, sales.pk} == set(keys(people.assignable()))
    assert not Assignment.objects.exists()


def keys(users):
    return [user.pk for user in users]


def test_the_delays_that_are_promised_end_where_the_promise_does():
    assert delays.DELAYS[action.LAST_KEPT].last == 2
