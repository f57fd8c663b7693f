"""Profiles are Marketing's to keep; an absence is declared by whoever is away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leads.models import Absence, StaffProfile
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.pages import page, shown
from tests.leads.routing import away, sales
from tests.leads.test_admin import INLINE

pytestmark = pytest.mark.django_db
GROUPS = ["Marketing", "Commercial", "DPO", None]
PROFILES, ABSENCES = "leads_staffprofile", "leads_absence"
# Page, who may open it, who may post to it.
PAGES = {
    f"{PROFILES}_changelist": ({"Marketing", "Commercial"}, None),
    f"{PROFILES}_add": ({"Marketing"}, {"Marketing"}),
    f"{PROFILES}_delete": (set(), set()),
    f"{ABSENCES}_changelist": ({"Marketing", "Commercial", "DPO"}, None),
    f"{ABSENCES}_add": ({"Marketing", "Commercial"}, {"Marketing", "Commercial"}),
}


def days(first, last):
    today = timezone.localdate()
    return {
        "first_day": (today + timedelta(days=first)).strftime("%d/%m/%Y"),
        "last_day": (today + timedelta(days=last)).strftime("%d/%m/%Y"),
    }


def declare(client, first=0, last=3, **values):
    return client.post(page(f"{ABSENCES}_add"), {**days(first, last), **values})


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("name", PAGES)
def test_each_group_has_its_pages_and_no_other(client, sign_in, name, group):
    user = sign_in(group)
    profile = StaffProfile.objects.create(user=user)
    url = page(name, *([profile.pk] if name.endswith("_delete") else []))
    readers, writers = PAGES[name]

    assert client.get(url).status_code == (200 if group in readers else 403)
    if writers is not None:
        status = client.post(url, {}).status_code
        assert (status != 403) == (group in writers)


# --- Profiles -----------------------------------------------------------------------


def test_marketing_keeps_profiles(client, sign_in):
    sign_in("Marketing")
    user, manager = sales(), sales("Camille")
    data = {"user": user.pk, "load_cap": "20", "manager": manager.pk}

    client.post(page(f"{PROFILES}_add"), data)

    profile = StaffProfile.objects.get()
    assert (profile.user, profile.load_cap, profile.manager) == (user, 20, manager)
    assert not profile.morning_letter
    client.post(page(f"{PROFILES}_change", profile.pk), {"morning_letter": "on"})
    profile.refresh_from_db()
    assert (profile.load_cap, profile.manager, profile.morning_letter) == (
        None,
        None,
        True,
    )


def test_a_second_profile_and_a_manager_of_oneself_are_refused(client, sign_in):
    sign_in("Marketing")
    user = sales(cap=3)

    response = client.post(page(f"{PROFILES}_add"), {"user": user.pk})
    assert "errornote" in response.text
    profile = StaffProfile.objects.get()
    url = page(f"{PROFILES}_change", profile.pk)
    response = client.post(url, {"manager": user.pk})
    assert "Une personne n’est pas sa propre responsable." in response.text


def test_a_commercial_reads_their_own_profile_and_no_other(client, sign_in):
    user = sign_in("Commercial", first_name="Camille", last_name="Exemple")
    mine = StaffProfile.objects.create(user=user, load_cap=12)
    other = StaffProfile.objects.create(user=sales())
    LeadFactory(owner=user)

    assert shown(client.get(page(f"{PROFILES}_changelist"))) == [mine]
    text = client.get(page(f"{PROFILES}_change", mine.pk)).text
    assert "Camille Exemple" in text
    assert "12" in text
    assert "_save" not in text
    assert client.get(page(f"{PROFILES}_change", other.pk)).status_code == 302
    for profile in (mine, other):
        url = page(f"{PROFILES}_change", profile.pk)
        client.post(url, {"load_cap": "99"})
    assert not StaffProfile.objects.filter(load_cap=99).exists()


# --- Absences -----------------------------------------------------------------------


def test_a_commercial_declares_their_own_absence_and_nobody_elses(client, sign_in):
    user = sign_in("Commercial")
    other = sales()

    assert 'name="user"' not in client.get(page(f"{ABSENCES}_add")).text
    declare(client, user=other.pk)

    assert Absence.objects.get().user == user


def test_marketing_declares_for_anybody(client, sign_in):
    user = sign_in("Marketing")
    other = sales()
    StaffFactory(username="ferme", is_active=False)

    text = client.get(page(f"{ABSENCES}_add")).text
    assert f'<option value="{user.pk}" selected>' in text
    assert "Dominique Exemple" in text
    assert "ferme" not in text
    declare(client, user=other.pk)

    assert Absence.objects.get().user == other


def test_a_commercial_neither_sees_nor_changes_the_absence_of_another(client, sign_in):
    user = sign_in("Commercial")
    mine, other = away(user), away(sales())

    assert shown(client.get(page(f"{ABSENCES}_changelist"))) == [mine]
    for action in ("change", "delete"):
        url = page(f"{ABSENCES}_{action}", other.pk)
        assert client.get(url).status_code == 302
        client.post(url, {**days(5, 6), "post": "yes"})
    other.refresh_from_db()
    assert other.first_day == timezone.localdate()


@pytest.mark.parametrize("group", ["Commercial", "Marketing"])
def test_ones_own_absence_is_changed_and_deleted(client, sign_in, group):
    user = sign_in(group)
    mine = away(user)

    client.post(page(f"{ABSENCES}_change", mine.pk), days(1, 9))
    mine.refresh_from_db()
    assert mine.last_day == timezone.localdate() + timedelta(days=9)
    assert mine.user == user
    client.post(page(f"{ABSENCES}_delete", mine.pk), {"post": "yes"})
    assert not Absence.objects.exists()


def test_the_dpo_reads_absences_and_changes_none(client, sign_in):
    sign_in("DPO")
    absence = away(sales())

    assert shown(client.get(page(f"{ABSENCES}_changelist"))) == [absence]
    url = page(f"{ABSENCES}_change", absence.pk)
    assert client.get(url).status_code == 200
    assert client.post(url, days(4, 5)).status_code == 403


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (-5, -1, "Ces jours sont passés"),
        (4, 2, "Le dernier jour vient avant le premier."),
        (-1, 10, "Une autre absence couvre une partie de ces jours"),
        (3, 3, "Une autre absence couvre une partie de ces jours"),
    ],
)
@pytest.mark.parametrize("group", ["Commercial", "Marketing"])
def test_days_that_make_no_sense_are_refused_in_words(
    client, sign_in, group, first, last, said
):
    user = sign_in(group)
    away(user, after=3)

    response = declare(client, first, last, user=user.pk)

    assert said in response.text
    assert days(first, last)["last_day"] in response.text, "what was typed is kept"
    assert Absence.objects.count() == 1


def test_an_absence_that_has_begun_may_be_declared_and_follow_another(client, sign_in):
    user = sign_in("Commercial")
    away(user, before=5, after=-1)

    declare(client, 0, 3)
    declare(client, 4, 4)

    assert Absence.objects.count() == 3


@pytest.mark.parametrize("value", ["32/01/2026", "x\x00", "", "1" * 300])
def test_bad_days_are_told(client, sign_in, value):
    sign_in("Commercial")
    response = declare(client, first_day=value)

    assert response.status_code == 200
    assert "errornote" in response.text


@pytest.mark.parametrize(
    ("period", "found"), [("en-cours", 0), ("a-venir", 1), ("fin", 2)]
)
def test_absences_are_cut_by_period(client, sign_in, period, found):
    sign_in("Marketing")
    rows = [
        away(sales("A")),
        away(sales("B"), before=-2, after=4),
        away(sales("C"), before=5, after=-2),
    ]

    url = page(f"{ABSENCES}_changelist", periode=period)
    assert shown(client.get(url)) == [rows[found]]


@pytest.mark.parametrize("count", [1, 30])
def test_pages_cost_the_same_however_many_people(
    client, sign_in, django_assert_max_num_queries, count
):
    sign_in("Marketing")
    for _ in range(count):
        user = sales(cap=3, manager=StaffFactory())
        absence = away(user)
        LeadFactory(owner=user)
    for url in (
        page(f"{PROFILES}_changelist"),
        page(f"{PROFILES}_add"),
        page(f"{PROFILES}_change", user.staff_profile.pk),
        page(f"{ABSENCES}_changelist"),
        page(f"{ABSENCES}_add"),
        page(f"{ABSENCES}_change", absence.pk),
    ):
        with django_assert_max_num_queries(12):
            response = client.get(url)
        assert response.status_code == 200
        assert not INLINE.findall(response.text), url
