"""The page of a person: who, how they may be reached, what was promised them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import assigning, business_days, privacy
from leads.admin.page_words import promise_words
from leads.models import Activity, ConsentEvent, Lead, PrivacyEvent
from reports.models import CopyEvent
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    StaffFactory,
    SubmissionFactory,
    agrees_to_news,
    delivered,
)
from tests.leads.pages import page

pytestmark = pytest.mark.django_db
NUMBER, SHOWN = "+33199000000", "+33\u00a01\u00a099\u00a000\u00a000\u00a000"


def consent(lead, purpose, granted=True):
    return ConsentEvent.objects.create(lead=lead, purpose=purpose, granted=granted)


def opened(client, lead, **query):
    return client.get(page("leads_lead_change", lead.pk, **query))


def test_the_head_says_who_where_whose_and_why(client, sign_in):
    user = sign_in("Commercial")
    lead = LeadFactory(status="perdu", closed_because="budget")
    assigning.assign([lead.pk], user, why="Affecté à elle\u00a0: CH, Bretagne")

    text = opened(client, lead).text

    for words in (
        f"Camille {lead.last_name}",
        "Direction des systèmes d’information",
        "Établissement de démonstration",
        "Centre hospitalier, Bretagne",
        "perdu (budget non accordé)",
        user.username,
        "Affecté à elle\u00a0: CH, Bretagne",
    ):
        assert words in text, words


def test_the_reason_of_an_assignment_that_is_over_is_not_told_of_the_owner(
    client, sign_in
):
    user = sign_in("Marketing")
    lead = LeadFactory()
    assigning.assign([lead.pk], user, why="Parce que.")
    Lead.objects.update(owner=StaffFactory())

    assert opened(client, lead).context["why"] == ""


def test_a_refused_channel_shows_no_address(client, sign_in):
    sign_in("Commercial")
    lead = delivered(phone=NUMBER).lead
    consent(lead, "rappel")
    agrees_to_news(lead)
    text = opened(client, lead).text
    assert f'href="tel:{NUMBER}"' in text
    assert f'href="mailto:{lead.email}"' in text
    assert f"rappel demandé au {SHOWN}" in text, "and which submission it came with"

    consent(lead, "rappel", granted=False)
    consent(lead, "actualites", granted=False)
    text = opened(client, lead).text

    for address in (NUMBER, SHOWN, lead.email):
        assert address not in text
    assert "ne pas appeler" in text
    assert "ne pas écrire" in text


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (2, "encore 2\u00a0jours ouvrés"),
        (1, "encore 1\u00a0jour ouvré"),
        (0, "pour aujourd’hui au plus tard"),
        (-1, "dépassé de 1\u00a0jour ouvré"),
        (-3, "dépassé de 3\u00a0jours ouvrés"),
    ],
)
def test_the_promise_is_counted_in_business_days(days, words):
    today = business_days.after(timezone.localdate())  # A business day.
    promised = business_days.after(today, days)
    while days < 0:
        promised -= timedelta(days=1)
        days += business_days.is_business_day(promised + timedelta(days=1))

    assert words in promise_words(Lead(promised_on=promised), today)


def test_a_promise_is_kept_or_not():
    now = timezone.now()
    today = timezone.localdate(now)
    kept = Lead(promised_on=today, first_contact_at=now)
    late = Lead(promised_on=today - timedelta(days=1), first_contact_at=now)

    assert "dans le délai" in promise_words(kept)
    assert "après le délai" in promise_words(late)
    assert "clos" in promise_words(Lead(promised_on=today, status="gagne"))


def test_a_mailbox_is_confirmed_and_nobody_s_identity(client, sign_in):
    sign_in("Commercial")
    lead = delivered().lead
    assert "boîte confirmée" not in opened(client, lead).text
    HitFactory(copy=lead.copies.get())

    text = opened(client, lead).text
    assert "boîte confirmée" in text
    assert "identité" not in text.lower()

    consent(lead, "mesure", granted=False)
    assert "boîte confirmée" not in opened(client, lead).text


def test_what_was_typed_otherwise_is_shown_beside_the_record(client, sign_in):
    sign_in("Commercial")
    lead = delivered().lead
    other = SubmissionFactory(lead=lead, job_function="dg", region="11")
    SubmissionFactory(lead=lead, suspicion="honeypot", copy=None, last_name="Robot")

    response = opened(client, lead)

    [(submission, different)] = response.context["typed"]
    assert submission == other
    assert different == [
        "fonction\u00a0: Direction générale",
        "région\u00a0: Île-de-France",
    ]
    assert page("leads_submission_change", other.pk) in response.text
    assert lead.last_name in response.text


def test_colleagues_are_named_and_only_some_can_be_opened(client, sign_in):
    user = sign_in("Commercial")
    mine, free = LeadFactory(owner=user), LeadFactory()
    theirs = LeadFactory(owner=StaffFactory(first_name="Alix", last_name="Fictif"))
    elsewhere = LeadFactory(region="11")

    response = opened(client, mine)

    found = dict(response.context["colleagues"])
    assert found == {free: True, theirs: False}
    assert page("leads_lead_change", free.pk) in response.text
    assert page("leads_lead_change", theirs.pk) not in response.text
    assert "suivi par Alix Fictif" in response.text
    assert str(elsewhere) not in response.text


def test_only_what_somebody_may_see_is_in_their_timeline(client, sign_in):
    user = sign_in("Commercial")
    lead = delivered().lead
    HitFactory(copy=lead.copies.get())
    Activity.objects.create(lead=lead, body="Un mot.")

    def kinds():
        days = opened(client, lead).context["days"]
        return {entry.kind for _, entries in days for entry in entries}

    assert kinds() == {"demande", "exemplaire", "envoi", "retrait", "echange"}
    group = user.groups.get()
    for name in ("view_hit", "view_message", "view_activity"):
        group.permissions.remove(group.permissions.get(codename=name))
    assert kinds() == {"demande", "exemplaire"}


@pytest.mark.parametrize(("days", "late"), [(-1, True), (0, False), (1, False)])
def test_what_is_late_says_so(client, sign_in, days, late):
    sign_in("Commercial")
    day = timezone.localdate() + timedelta(days=days)
    lead = LeadFactory(next_action="Rappeler", next_action_on=day)
    assert ("en retard" in opened(client, lead).text) is late


def test_the_call_sheet_is_one_press_away(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    href = f'href="{page("leads_lead_call_sheet", lead.pk)}"'
    assert href in opened(client, lead).text


@pytest.mark.parametrize("pk", ["99999999", "9" * 30, "abc", "1%00", "-1"])
def test_nobody_s_page_is_no_fault(client, sign_in, pk):
    sign_in("Commercial")

    for path in ("change/", "modifier/", "noter/", "prevoir/", "statut/"):
        url = f"/admin/leads/lead/{pk}/{path}"
        assert client.get(url).status_code in (302, 404), url
        assert client.post(url).status_code in (302, 303, 404, 405), url


def test_the_page_of_somebody_else_s_lead_does_not_open(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory(owner=StaffFactory())

    for name in ("change", "edit", "log", "plan", "status", "owner"):
        url = page(f"leads_lead_{name}", lead.pk)
        response = client.get(url)
        if response.status_code == 302 and response.url.endswith("/change/"):
            response = client.get(response.url)
        assert response.status_code == 302
        assert response.url == page("index")
        assert client.post(url, {"kind": "note", "body": "x"}).status_code in (302, 405)
    assert not Activity.objects.exists()


def test_nothing_is_posted_to_the_page_itself(client, sign_in):
    sign_in("Commercial")
    lead = LeadFactory()
    assert client.post(page("leads_lead_change", lead.pk)).status_code == 405


def test_the_dpo_sees_the_page_without_a_form(client, sign_in):
    sign_in("DPO")
    lead = delivered().lead

    response = opened(client, lead)

    assert response.status_code == 200
    assert "Chronologie" in response.text
    forms = response.text.count("<form")
    assert forms == response.text.count('id="logout-form"')
    for name in ("log", "plan", "status", "owner"):
        url = page(f"leads_lead_{name}", lead.pk)
        assert url not in response.text
        assert client.post(url, {}).status_code == 403
    assert client.post(page("leads_lead_edit", lead.pk), {}).status_code == 403


def test_the_erased_have_no_page(client, sign_in):
    sign_in("Marketing")
    lead = delivered().lead
    privacy.erase(lead, PrivacyEvent.Kind.NOT_ME)

    assert opened(client, lead).status_code == 302
    response = client.post(page("leads_lead_log", lead.pk), {}, follow=True)
    assert "vient d’être effacée" in response.text


def history(lead, user, count):
    Activity.objects.bulk_create(
        Activity(lead=lead, author=StaffFactory() if n < 9 else user, body=f"Note {n}")
        for n in range(count)
    )
    copy = lead.copies.first()
    for message in copy.messages.all():
        for _ in range(count // 5):
            message.record("deferred", smtp_code=451, reason="greylist")
    CopyEvent.objects.create(copy=copy, kind="rendered")
    SubmissionFactory(lead=lead, copy=None, job_function="dg")


@pytest.mark.parametrize("group", ["Commercial", "Marketing", "DPO"])
def test_a_page_costs_the_same_however_long_the_past(
    client, sign_in, group, django_assert_max_num_queries
):
    user = sign_in(group)
    lead = delivered(phone=NUMBER).lead
    for _ in range(3):
        LeadFactory()
    with django_assert_max_num_queries(12) as few:
        assert opened(client, lead).status_code == 200
    history(lead, user, 500)
    with django_assert_max_num_queries(12) as many:
        response = opened(client, lead)

    assert len(many) <= len(few) + 1
    assert response.context["more"] == 400
    assert "?lignes=400#chronologie" in response.text


@pytest.mark.parametrize("asked", ["", "abc", "-3", "9" * 50, "²", "400"])
def test_more_of_the_past_is_shown_within_bounds(client, sign_in, asked):
    user = sign_in("Marketing")
    lead = LeadFactory()
    Activity.objects.bulk_create(
        Activity(lead=lead, author=user, body=f"Note {n}") for n in range(300)
    )

    response = opened(client, lead, lignes=asked)

    shown = sum(len(entries) for _, entries in response.context["days"])
    assert shown == (300 if asked == "400" else 200)
