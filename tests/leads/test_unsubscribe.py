"""« Désinscription »: one press, no cookie, at once, for ever, the same for all."""

from __future__ import annotations

import pytest
from django.db.models.functions import Now
from django.test import Client

from leads import news, unsubscribe
from leads.models import ConsentEvent, Lead
from outbox.models import Suppression, suppression_hash
from tests.leads.factories import LeadFactory, agrees_to_news
from tests.pages.states import STATES

pytestmark = pytest.mark.django_db
ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def lead():
    lead = LeadFactory()
    agrees_to_news(lead)
    return lead


@pytest.fixture
def mail_client():
    """What posts for a reader: no cookie, no Origin, nothing but what RFC 8058 asks."""
    return Client(enforce_csrf_checks=True)


def path_of(lead):
    return f"/desinscription/{unsubscribe.token_of(lead.pk)}/"


def acts(lead):
    events = ConsentEvent.objects.filter(lead=lead, purpose="actualites")
    return list(events.order_by("pk").values_list("granted", flat=True))


def test_opening_it_changes_nothing_and_shows_one_button(client, lead):
    """R18, E4: gateways open every link."""
    for method in ("get", "head"):
        response = getattr(client, method)(path_of(lead))
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert not response.cookies

    text = client.get(path_of(lead)).text
    assert text.count("<button") == 1
    shown = text.replace(path_of(lead), "/desinscription/x/")
    assert shown == STATES["desinscription"].html
    assert unsubscribe.WORDING.text in text
    assert acts(lead) == [True]


def test_one_click_is_one_post_answered_200(mail_client, lead):
    """R18, S18, E4, RFC 8058: no cookie, no CSRF, no redirect; at once."""
    response = mail_client.post(path_of(lead), ONE_CLICK)

    assert response.status_code == 200
    assert not response.cookies
    assert acts(lead) == [True, False]
    act = ConsentEvent.objects.latest("pk")
    assert act.channel == "email"
    assert act.wording == unsubscribe.ONE_CLICK.text
    assert act.wording_sha256 == unsubscribe.ONE_CLICK.sha256
    assert act.page == "/desinscription/"
    assert not list(news.subscribers(Lead.objects.all()))


def test_one_click_may_come_as_a_form_of_parts_from_another_site(mail_client, lead):
    """E4: RFC 8058 allows multipart/form-data, and webmails post from theirs."""
    response = mail_client.post(
        path_of(lead), ONE_CLICK, headers={"Sec-Fetch-Site": "cross-site"}
    )

    assert response.status_code == 200
    assert acts(lead) == [True, False]


def test_the_button_of_the_page_does_the_same(mail_client, lead):
    """R18: one page, one press, in the words of that page."""
    response = mail_client.post(path_of(lead))

    assert response.status_code == 200
    assert response.text == STATES["desinscription-faite"].html
    assert acts(lead) == [True, False]
    assert ConsentEvent.objects.latest("pk").wording == unsubscribe.WORDING.text


def test_twice_is_once(mail_client, lead):
    for _ in range(3):
        assert mail_client.post(path_of(lead), ONE_CLICK).status_code == 200

    assert acts(lead) == [True, False]


def test_the_link_of_a_past_mail_works_after_each_new_agreement(mail_client, lead):
    """R18: the same link for ever, whatever happened since."""
    path = path_of(lead)
    mail_client.post(path)
    agrees_to_news(lead)

    mail_client.post(path)

    assert acts(lead) == [True, False, True, False]
    assert path_of(lead) == path


def test_who_never_agreed_is_heard_as_well():
    lead = LeadFactory()

    Client().post(path_of(lead), ONE_CLICK)

    assert acts(lead) == [False]


def test_the_record_that_took_its_place_hears_it_too(mail_client, lead):
    other = LeadFactory()
    agrees_to_news(other)
    Lead.objects.filter(pk=lead.pk).update(merged_into=other)

    mail_client.post(path_of(lead), ONE_CLICK)

    assert acts(lead) == acts(other) == [True, False]


@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_is_learnt_from_the_answer(client, lead, method):
    """S16: the same for a known, an erased, a forged and an impossible link."""
    erased = LeadFactory(erased=True)
    stranger = path_of(lead).replace("/desinscription/", "/desinscription/1")
    paths = [path_of(lead), path_of(erased), stranger]
    paths += [
        "/desinscription/x/",
        "/desinscription/²-x/",
        f"/desinscription/{'9' * 40}-a/",
    ]
    answers = set()
    for path in paths:
        response = getattr(client, method)(path)
        text = response.text.replace(path, "/desinscription/x/")
        answers.add((response.status_code, text))

    assert len(answers) == 1
    assert acts(erased) == []


def test_one_person_s_link_is_nobody_else_s(client, lead):
    """S17: the proof is of that number, for that purpose."""
    other = LeadFactory()
    agrees_to_news(other)
    proof = unsubscribe.token_of(lead.pk).partition("-")[2]

    client.post(f"/desinscription/{other.pk}-{proof}/")

    assert acts(other) == [True]


# --- What an export carries -----------------------------------------------------------


def test_an_export_holds_who_agreed_and_confirmed_each_with_their_link(lead):
    """R9, R24: nobody else, and nobody without the way out."""
    LeadFactory()
    unsure, aside = LeadFactory(), LeadFactory()
    ConsentEvent.objects.create(lead=unsure, purpose="actualites", granted=True)
    for one in (aside, LeadFactory(suspect=True), LeadFactory(test=True)):
        agrees_to_news(one)
    Suppression.objects.create(
        address_hash=suppression_hash(aside.email), reason="complaint"
    )
    gone = LeadFactory()
    agrees_to_news(gone)
    Lead.objects.filter(pk=gone.pk).update(erased_at=Now(), email_key=None)

    [found] = news.subscribers(Lead.objects.all())

    assert found.lead == lead
    assert found.email == lead.email
    assert found.unsubscribe.endswith(path_of(lead))


def test_the_headers_of_a_mail_of_news_are_those_of_rfc_8058(lead, settings):
    """E4: one HTTPS address, and one click."""
    settings.REPLY_TO = "etude@exemple.fr"

    headers = unsubscribe.headers_of(lead.pk)

    link = unsubscribe.link_of(lead.pk)
    assert link.startswith(settings.SITE_URL)
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"] == (
        f"<{link}>, <mailto:etude@exemple.fr?subject=Desinscription>"
    )
