"""Campaigns: names that links carry, and values that nobody knows."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError

from leads import sources
from leads.analytics import facts
from leads.models import Campaign, LeadFacts, Submission
from tests.leads.factories import LeadFactory, StaffFactory, SubmissionFactory
from tests.leads.pages import form_data, notices, page

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _campaigns_are_read_again():
    sources.forget()
    yield
    sources.forget()


@pytest.fixture
def rennes():
    return Campaign.objects.create(code="rennes", name="Rennes", origin="salon")


def asked(campaign="", source="", **values):
    came = {"utm_campaign": campaign, "utm_source": source}
    raw = {name: [value] for name, value in came.items() if value}
    return SubmissionFactory(source=raw, **values)


def named():
    facts.refresh_all()
    return list(LeadFacts.objects.order_by("pk").values_list("origin", "campaign"))


# --- Names -----------------------------------------------------------------------


def test_facts_go_by_known_names_and_submissions_keep_what_came(rennes):
    asked("RENNES", " LinkedIn ")
    asked("rennes 2026", "e-mail")
    asked("", "")

    assert named() == [("reseau-social", "rennes"), ("courriel", "autre"), ("", "")]
    raw = Submission.objects.order_by("pk").values_list("source", flat=True)
    assert raw[0] == {"utm_campaign": ["RENNES"], "utm_source": [" LinkedIn "]}


def test_first_and_last_touch_are_kept(rennes):
    lead = LeadFactory()
    asked("rennes", "salon", lead=lead)
    asked("autre chose", "google", lead=lead)
    facts.refresh_all()

    told = LeadFacts.objects.get()
    assert (told.origin, told.campaign) == ("salon", "rennes")
    assert (told.last_origin, told.last_campaign) == ("recherche", "autre")


def test_a_campaign_that_is_named_later_or_renamed_corrects_the_past():
    asked("Salon  de Rennes")
    assert named() == [("", "autre")]

    rennes = Campaign.objects.create(
        code="rennes", name="Rennes", origin="salon", aliases="SALON de  rennes\r\n\r\n"
    )
    assert rennes.aliases == "salon de rennes"
    assert named() == [("", "rennes")]

    Campaign.objects.filter(pk=rennes.pk).update(code="rennes-2026")
    assert named() == [("", "rennes-2026")]

    rennes.refresh_from_db()
    rennes.delete()
    assert named() == [("", "autre")]


def test_a_campaign_marks_nobody_but_its_own(rennes):
    asked("nantes")
    asked("")
    facts.refresh_all()

    rennes.aliases = "rn"
    rennes.save()

    assert facts.refresh() == 0


@pytest.mark.parametrize("taken", ["rennes", "RN ", "autre", "aucun"])
def test_a_writing_belongs_to_one_campaign(rennes, taken):
    rennes.aliases = "rn"
    rennes.save()
    other = Campaign(code="nantes", name="Nantes", origin="salon", aliases=taken)

    with pytest.raises(ValidationError, match=taken.strip().lower()):
        other.full_clean()


def test_a_post_reads_no_campaign(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        sources.known_origin("linkedin")
        Submission(source={"utm_campaign": ["x"]}).name_source()


# --- Pages -----------------------------------------------------------------------


@pytest.mark.parametrize("group", ["Marketing", "Commercial", "DPO"])
def test_marketing_keeps_them_and_others_read(client, sign_in, rennes, group):
    sign_in(group)
    writes = group == "Marketing"

    assert client.get(page("leads_campaign_changelist")).status_code == 200
    assert client.get(page("leads_campaign_change", rennes.pk)).status_code == 200
    assert client.get(page("leads_campaign_unknown")).status_code == 200
    add = client.get(page("leads_campaign_add")).status_code
    assert add == (200 if writes else 403)
    response = client.post(page("leads_campaign_attach"), {})
    assert response.status_code == (303 if writes else 403)
    response = client.post(page("leads_campaign_change", rennes.pk), {"name": "x"})
    assert (response.status_code == 403) is not writes
    assert client.post(page("leads_campaign_delete", rennes.pk)).status_code == 403


def test_staff_without_a_group_see_none(client, sign_in, rennes):
    sign_in()
    for url in (
        page("leads_campaign_unknown"),
        page("leads_campaign_qr", rennes.pk, "svg"),
        page("leads_campaign_change", rennes.pk),
    ):
        assert client.get(url).status_code == 403


def test_a_code_does_not_change_once_links_carry_it(client, sign_in, rennes):
    sign_in("Marketing")
    response = client.get(page("leads_campaign_change", rennes.pk))
    data = {**form_data(response), "code": "autre-code", "name": "Rennes 2026"}

    client.post(page("leads_campaign_change", rennes.pk), data)

    rennes.refresh_from_db()
    assert (rennes.code, rennes.name) == ("rennes", "Rennes 2026")


def test_a_new_campaign_opens_on_its_links(client, sign_in):
    sign_in("Marketing")
    add = page("leads_campaign_add")
    assert "prepopulate" in client.get(add).text
    data = {"name": "Salon de Lyon", "code": "salon-de-lyon", "origin": "salon"}

    response = client.post(add, data)

    new = Campaign.objects.get()
    assert response.url == f"{page('leads_campaign_change', new.pk)}#liens"
    shown = client.get(response.url).text
    assert 'id="liens"' in shown
    assert "salon-de-lyon" in shown


def test_links_lead_to_the_study_and_name_nobody(client, sign_in, rennes, settings):
    settings.SITE_URL = "https://santescopie.exemple.fr"
    user = sign_in("Commercial")
    text = client.get(page("leads_campaign_change", rennes.pk)).text
    whole, mine = re.findall(r"<code>(.+?)</code>", text.replace("&amp;", "&"))

    assert whole.startswith("https://santescopie.exemple.fr/?")
    assert parse_qs(urlsplit(whole).query) == {
        "utm_source": ["salon"],
        "utm_campaign": ["rennes"],
    }
    assert parse_qs(urlsplit(mine).query) == {
        "utm_source": ["commercial"],
        "utm_campaign": ["rennes"],
        "utm_content": [f"equipe-{user.pk}"],
    }
    assert user.username not in mine
    for address in (whole, mine):
        query = parse_qs(urlsplit(address).query)
        assert sources.known_origin(query["utm_source"][0]) in {"salon", "commercial"}
        assert sources.known_campaign(query["utm_campaign"][0]) == "rennes"


def test_the_code_is_drawn_in_the_page_without_inline_style(client, sign_in, rennes):
    sign_in("Marketing")
    text = client.get(page("leads_campaign_change", rennes.pk)).text

    assert len(re.findall(r'class="code" aria-hidden="true"><svg', text)) == 2
    assert " style=" not in text


@pytest.mark.parametrize(
    ("kind", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG\r\n")]
)
def test_its_code_is_handed_over_as_a_file(client, sign_in, rennes, kind, begins):
    user = sign_in("Commercial")
    url = page("leads_campaign_qr", rennes.pk, kind)
    response = client.get(url)

    assert response.content.startswith(begins)
    assert response.headers["Content-Disposition"] == (
        f'attachment; filename="rennes.{kind}"'
    )
    mine = client.get(f"{url}?lien=moi")
    assert f"rennes-{user.pk}." in mine.headers["Content-Disposition"]
    assert mine.content != response.content
    assert client.post(url).status_code == 405


@pytest.mark.parametrize("path", ["qr.pdf", "qr."])
def test_other_kinds_and_campaigns_are_not_found(client, sign_in, rennes, path):
    sign_in("Marketing")
    url = page("leads_campaign_change", rennes.pk).replace("change/", path)

    assert client.get(url, follow=True).status_code in (200, 404)
    gone = page("leads_campaign_qr", 10**30, "svg")
    assert client.get(gone).status_code == 404


# --- What nobody knows -----------------------------------------------------------


def unknown(response):
    context = response.context
    return [
        {row["value"]: row["count"] for row in context[name]}
        for name in ("campaigns", "origins")
    ]


def test_values_that_are_not_known_are_listed_with_how_often(client, sign_in, rennes):
    sign_in("Marketing")
    for campaign in ("rennes", "Rennes 26", "rennes 26", "<b>x</b>", ""):
        asked(campaign, "linkedin")
    asked("", "mastodon")
    asked("piège", suspect=True)
    asked("essai", lead=LeadFactory(test=True))
    response = client.get(page("leads_campaign_unknown"))

    assert unknown(response) == [{"rennes 26": 2, "<b>x</b>": 1}, {"mastodon": 1}]
    assert "<b>x</b>" not in response.text
    assert "code=rennes-26" in response.text


def test_a_commercial_sees_those_of_whom_they_may_open(client, sign_in):
    user = sign_in("Commercial")
    asked("à moi", lead=LeadFactory(owner=user))
    asked("à personne")
    asked("à une autre", lead=LeadFactory(owner=StaffFactory(group="Commercial")))

    told, _ = unknown(client.get(page("leads_campaign_unknown")))
    assert set(told) == {"à moi", "à personne"}


def test_values_are_attached_to_a_campaign_and_twice_is_once(client, sign_in, rennes):
    user = sign_in("Marketing")
    asked("Rennes 26")
    data = {"campagne": rennes.pk, "valeur": ["rennes 26", "RN"]}
    for _ in range(2):
        response = client.post(page("leads_campaign_attach"), data, follow=True)
        assert response.redirect_chain[0][1] == 303
        assert "2 écritures de plus" in notices(response)[0]

    rennes.refresh_from_db()
    assert rennes.aliases == "rennes 26\nrn"
    assert named() == [("", "rennes")]
    assert unknown(response)[0] == {}
    assert LogEntry.objects.filter(user=user).exists()


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"campagne": "x", "valeur": "a"},
        {"campagne": "9" * 400, "valeur": "a"},
        {"campagne": "{pk}"},
        {"campagne": "{pk}", "valeur": "a\x00"},
        {"campagne": "{pk}", "valeur": "autre"},
        {"campagne": "999999", "valeur": "a"},
    ],
    ids=range(7),
)
def test_what_cannot_be_attached_is_said_and_changes_nothing(
    client, sign_in, rennes, data
):
    sign_in("Marketing")
    data = {k: v.replace("{pk}", str(rennes.pk)) for k, v in data.items()}

    response = client.post(page("leads_campaign_attach"), data, follow=True)

    assert response.status_code == 200
    assert len(notices(response)) == 1
    rennes.refresh_from_db()
    assert rennes.aliases == ""


def test_its_pages_cost_few_queries(
    client, sign_in, rennes, django_assert_max_num_queries
):
    sign_in("Marketing")
    for number in range(30):
        asked(f"valeur {number}")
        Campaign.objects.create(code=f"c{number}", name=f"C{number}", origin="salon")
    for url in (
        page("leads_campaign_unknown"),
        page("leads_campaign_changelist"),
        page("leads_campaign_change", rennes.pk),
    ):
        with django_assert_max_num_queries(12):
            assert client.get(url).status_code == 200
