"""One gesture on the copy's page, and no download is told by name any more."""

from __future__ import annotations

import hashlib

import pytest
from django.urls import reverse

from leads.admin.filters import with_delivery
from leads.measure import WORDING
from leads.models import ConsentEvent, Lead
from reports import downloads
from reports.models import Hit
from tests.leads.factories import HitFactory, delivered
from tests.pages.states import STATES

pytestmark = pytest.mark.django_db


@pytest.fixture
def copy():
    copy = delivered().copy
    HitFactory(copy=copy)
    return copy


def press(client, copy, granted="non"):
    return client.post(f"/exemplaire/{copy.token}/mesure/", {"granted": granted})


def shown(client, copy):
    return client.get(f"/exemplaire/{copy.token}/").content.decode()


def by_name(copy):
    return with_delivery(Lead.objects.filter(pk=copy.lead_id)).get().retrieval_day


def anonymous():
    return downloads.probable(downloads.Period.last_days(7)).count()


def test_objecting_is_one_gesture_and_holds_at_once(visitor, copy):
    """R33, R24: the measure of a download is objected to in one gesture."""
    assert by_name(copy)

    response = press(visitor, copy)

    assert response.status_code == 303
    assert response.url == f"/exemplaire/{copy.token}/#mesure"
    html = shown(visitor, copy)
    assert "Votre opposition est enregistrée." in html
    assert "M’opposer à cette mesure" not in html
    assert by_name(copy) is None
    assert anonymous() == 0  # Alone, whatever names nobody would be theirs.


def test_it_holds_for_every_copy_of_the_person_and_for_nobody_else(visitor, copy):
    other = delivered(lead=copy.lead).copy
    stranger = delivered().copy
    HitFactory(copy=stranger)

    press(visitor, copy)

    assert "Votre opposition est enregistrée." in shown(visitor, other)
    assert "Votre opposition est enregistrée." not in shown(visitor, stranger)
    assert by_name(stranger)


def test_the_ledger_holds_the_words_that_were_shown_and_no_secret(visitor, copy):
    assert WORDING.text in shown(visitor, copy)
    assert WORDING.text in STATES["donnees"].html

    press(visitor, copy)

    act = ConsentEvent.objects.get()
    assert (act.purpose, act.granted, act.channel) == ("mesure", False, "web")
    assert act.wording == WORDING.text
    assert act.wording_sha256 == hashlib.sha256(WORDING.text.encode()).hexdigest()
    assert (act.lead, act.submission.copy) == (copy.lead, copy)
    assert copy.token not in act.page


def test_it_can_be_taken_back_and_pressed_twice_it_is_one_act(visitor, copy):
    press(visitor, copy, "oui")  # Nothing to take back: silence is no act.
    for answer in ("non", "non", "oui", "oui"):
        press(visitor, copy, answer)

    acts = ConsentEvent.objects.order_by("pk")
    assert [act.granted for act in acts] == [False, True]
    assert by_name(copy)
    assert "M’opposer à cette mesure" in shown(visitor, copy)


def test_opening_the_page_or_its_address_changes_nothing(client, copy):
    shown(client, copy)

    response = client.get(f"/exemplaire/{copy.token}/mesure/")

    assert response.status_code == 405
    assert f'href="/exemplaire/{copy.token}/"' in response.content.decode()
    assert not ConsentEvent.objects.exists()


def test_another_site_cannot_press_and_a_closed_link_writes_nothing(client, copy):
    foreign = client.post(
        f"/exemplaire/{copy.token}/mesure/", headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert foreign.status_code == 403
    assert client.post("/exemplaire/inconnu/mesure/").status_code == 404
    copy.replace_link()
    copy.token_generation = 1

    assert press(client, copy).url == f"/exemplaire/{copy.token}/"
    assert not ConsentEvent.objects.exists()


@pytest.mark.parametrize(
    "asked",
    [
        "copy={copy.pk}",
        "copy__id__exact={copy.pk}",
        "copy_id={copy.pk}",
        "copy__lead__id__exact={copy.lead_id}",
        "copy__reference={copy.reference}",
        "at__gte=2026-11-25 10:00",
        "since_acceptance__lt=60",
        "id__exact={hit.pk}",
    ],
)
@pytest.mark.logs("django.security", "django.request")
def test_no_address_of_the_list_of_requests_asks_for_a_person_or_an_hour(
    client, sign_in, copy, asked
):
    sign_in(superuser=True)
    query = asked.format(copy=copy, hit=Hit.objects.get())

    response = client.get(f"{reverse('admin:reports_hit_changelist')}?{query}")

    whole_list = f"{reverse('admin:reports_hit_changelist')}?e=1"
    assert response.status_code == 400 or response.url == whole_list


def test_the_list_of_requests_keeps_its_own_filters(client, sign_in, copy):
    sign_in(superuser=True)
    query = f"copy__organisation_type__exact={copy.organisation_type}&retrait=probable"

    response = client.get(f"{reverse('admin:reports_hit_changelist')}?{query}")

    assert response.status_code == 200
    html = response.content.decode()
    assert copy.last_name not in html
    assert copy.reference not in html
