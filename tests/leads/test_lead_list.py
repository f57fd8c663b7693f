"""The list of leads: what it is cut by, what a search finds, and what it costs."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from leads.models import ConsentEvent, Lead
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import page, shown

pytestmark = pytest.mark.django_db
LIST = "leads_lead_changelist"


@pytest.fixture
def listed(client, sign_in):
    """What the list holds for Marketing, with these filters."""
    sign_in("Marketing")
    return lambda **query: set(shown(client.get(page(LIST, **query))))


def agreed(lead, purpose, granted):
    ConsentEvent.objects.create(lead=lead, purpose=purpose, granted=granted)


def test_leads_are_cut_by_who_has_them(client, sign_in):
    user = sign_in("Marketing")
    colleague = StaffFactory(first_name="Dominique", last_name="Exemple")
    mine, free = LeadFactory(owner=user), LeadFactory()
    theirs = LeadFactory(owner=colleague)

    def listed(value):
        return shown(client.get(page(LIST, responsable=value)))

    assert listed("moi") == [mine]
    assert listed("personne") == [free]
    assert listed(colleague.pk) == [theirs]
    assert "Dominique Exemple" in client.get(page(LIST)).text


def test_the_names_of_other_owners_are_not_for_sales(client, sign_in):
    sign_in("Commercial")
    LeadFactory(owner=StaffFactory(first_name="Dominique", last_name="Exemple"))

    assert "Dominique" not in client.get(page(LIST)).text


@pytest.mark.parametrize("name", ["source", "campagne"])
def test_leads_are_cut_by_what_brought_them(client, listed, name):
    sources = {"utm_source": ["Lettre"], "utm_campaign": ["Automne"]}
    first = SubmissionFactory(source=sources).lead
    SubmissionFactory(lead=first, source=sources)
    SubmissionFactory(source={"utm_source": ["salon"], "utm_campaign": ["hiver"]})
    SubmissionFactory()

    value = {"source": "lettre", "campagne": "automne"}[name]
    assert listed(**{name: value}) == {first}
    assert f"?{name}={value}" in client.get(page(LIST)).text


def test_sources_of_others_are_not_for_sales(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory(owner=StaffFactory())
    SubmissionFactory(lead=lead, source={"utm_source": ["confidentiel"]})

    assert "confidentiel" not in client.get(page(LIST)).text


def test_an_establishment_is_cut_by_its_name_from_a_row(client, listed):
    here = LeadFactory(organisation="Hôpital d’Exemple")
    too = LeadFactory(organisation="HOPITAL D'EXEMPLE")
    LeadFactory(organisation="Hôpital d’Exemple Nord")

    assert listed(etablissement=here.organisation) == {here, too}
    link = "?etablissement=H%C3%B4pital+d%E2%80%99Exemple"
    assert link in client.get(page(LIST)).text


def test_leads_are_cut_by_what_they_last_said(listed):
    silent, news, left = LeadFactory(), LeadFactory(), LeadFactory()
    call = SubmissionFactory(phone="+33199000000").lead
    no_call, no_number = LeadFactory(), LeadFactory()
    agreed(news, "actualites", False)
    agreed(news, "actualites", True)
    agreed(left, "actualites", True)
    agreed(left, "actualites", False)
    agreed(call, "rappel", True)
    agreed(no_number, "rappel", True)
    agreed(no_call, "rappel", False)

    assert listed(consentement="actualites") == {news}
    assert listed(consentement="actualites-retirees") == {left}
    assert listed(consentement="sans-actualites") == {silent, call, no_call, no_number}
    assert listed(consentement="rappel") == {call}
    assert listed(consentement="rappel-refuse") == {no_call}


def test_leads_are_cut_by_status_kind_function_and_region(listed):
    lead = LeadFactory(
        status="qualifie", organisation_type="chu", job_function="dg", region="11"
    )
    LeadFactory()

    assert listed(status__exact="qualifie") == {lead}
    assert listed(organisation_type__exact="chu") == {lead}
    assert listed(job_function__exact="dg") == {lead}
    assert listed(region__exact="11") == {lead}


@pytest.mark.parametrize(
    "words",
    [
        "zoe",
        "PENA zoé",
        "l'hopital saint marc",
        "l’hôpital Saint-Marc Zoé",
        "œuvre",
        "OEUVRE",
        "zoe@exemple",
        "marc pen",
        "Zoe\u0301",  # As some systems type it: a letter, then its accent.
        "ma",
    ],
)
def test_a_search_finds_any_part_in_any_order(listed, words):
    lead = LeadFactory(
        first_name="Zoé",
        last_name="Peña",
        email="zoe@exemple.fr",
        organisation="Œuvre de l’Hôpital Saint‐Marc",
    )
    LeadFactory(first_name="Zacharie", organisation="Clinique")

    assert lead in listed(q=words)
    assert len(listed(q=words)) <= (2 if words == "ma" else 1)


@pytest.mark.parametrize("words", ["%", "_", "zoe inconnue", "\\", "'" * 300])
def test_a_search_takes_signs_as_they_are(listed, words):
    LeadFactory(first_name="Zoé")

    assert listed(q=words) == set()


def test_a_search_finds_whose_copy_a_reference_is(listed):
    copy = delivered().copy
    delivered()

    assert listed(q=copy.reference) == {copy.lead}
    assert listed(q=copy.reference.lower().replace("-", " ")) == {copy.lead}
    assert listed(q=f"camille {copy.reference}") == {copy.lead}
    assert listed(q=f"inconnue {copy.reference}") == set()


def test_the_index_serves_a_search_and_its_count(client, sign_in):
    sign_in("Marketing")
    Lead.objects.bulk_create(LeadFactory.build() for _ in range(3000))
    LeadFactory(first_name="Zoé", last_name="Peña")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gin_clean_pending_list('lead_search'); ANALYZE leads_lead"
        )
    with CaptureQueriesContext(connection) as captured:
        client.get(page(LIST, q="zoé peña"))

    for beginning in ("SELECT COUNT", 'SELECT "leads_lead"."id"'):
        statement = next(
            query["sql"]
            for query in captured
            if query["sql"].startswith(beginning) and "LIKE" in query["sql"]
        )
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {statement}")
            plan = "\n".join(row[0] for row in cursor.fetchall())
        assert "lead_search" in plan, plan


@pytest.mark.parametrize(
    "query",
    [
        "q=%00",
        "etablissement=%00",
        "source=%00",
        "responsable=abc",
        "responsable=99999999999999999999",
        "responsable=%C2%B2",
        "p=99999999999999999999",
        "o=99.x.-",
        "inconnu=1",
        pytest.param(
            "owner__password__startswith=a",
            marks=pytest.mark.logs("django.security", "django.request"),
        ),
        "perimetre=autre",
        "remis=peut-etre",
        "q=" + "a+" * 2000,
    ],
)
def test_no_address_breaks_the_list(client, sign_in, query):
    sign_in("Marketing")
    LeadFactory()

    status = client.get(f"{page(LIST)}?{query}").status_code

    assert status in {200, 302, 400}


def test_a_row_says_the_promise_the_plan_and_the_day_of_a_download(client, sign_in):
    user = sign_in("Marketing")
    lead = delivered(lead__status="perdu", lead__closed_because="budget").lead
    late = LeadFactory(
        owner=user,
        promised_on=timezone.localdate() - timedelta(days=1),
        next_action="Rappeler",
        next_action_on=date(2027, 1, 4),
    )
    HitFactory(copy=lead.copies.get(), at="2026-11-20T09:37Z")

    text = client.get(page(LIST)).text

    assert "20/11/26" in text
    assert ":37" not in text
    for words in ("dépassée", "Rappeler", "04/01/27", "budget non accordé"):
        assert words in text
    assert user.username in text
    assert late.organisation in text


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"q": "camille", "remis": "oui", "retire": "oui", "consentement": "rappel"},
        {"responsable": "moi", "source": "lettre", "etablissement": "CHU", "o": "-5"},
        {"perimetre": "tous"},
    ],
)
def test_the_list_costs_twelve_statements_with_three_rows_or_three_hundred(
    client, sign_in, query, django_assert_max_num_queries
):
    user = sign_in("Commercial")

    def add(count):
        for number in range(count):
            lead = LeadFactory(owner=user)
            SubmissionFactory(
                lead=lead, copy=None, source={"utm_source": [f"lettre {number}"]}
            )

    add(3)
    with django_assert_max_num_queries(12) as few:
        client.get(page(LIST, **query))
    add(297)
    Lead.objects.filter(pk__in=Lead.objects.values("pk")[:50]).update(owner=None)
    with django_assert_max_num_queries(12) as many:
        client.get(page(LIST, **query))
    assert len(many) <= len(few)


def test_what_robots_typed_is_no_choice(client, sign_in):
    sign_in("Marketing")
    source = {"utm_campaign": ["achetez"], "utm_source": ["achetez"]}
    SubmissionFactory(suspect=True, source=source)

    assert "achetez" not in client.get(page(LIST)).text


def test_retrievals_of_one_day_have_no_order(client, sign_in):
    """The list sorts and filters by the day alone: it is all that people are told."""
    sign_in("Marketing")
    noon = timezone.now().replace(hour=12, minute=0)
    late, early = (delivered().lead for _ in range(2))
    for lead, minutes in ((late, 30), (early, 0)):
        HitFactory(copy=lead.copies.get(), at=noon + timedelta(minutes=minutes))

    rows = shown(client.get(page(LIST, o=9)))

    assert len({row.retrieval_day for row in rows}) == 1


def test_each_line_opens_the_call_sheet(client, sign_in):
    sign_in("Commercial")
    leads = [LeadFactory(), LeadFactory()]

    text = client.get(page("leads_lead_changelist")).text

    for lead in leads:
        assert f'href="{page("leads_lead_call_sheet", lead.pk)}"' in text
