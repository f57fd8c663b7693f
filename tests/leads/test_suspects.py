"""« Ce n’est pas un robot »: what was held is let go once, and what is owed leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from leads import batches, releasing
from leads.models import ConsentEvent, Lead, Submission
from outbox.models import Message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.factories import (
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
    delivered,
)
from tests.leads.pages import gesture, notices, page, shown

pytestmark = pytest.mark.django_db
LIST = "leads_suspect_changelist"
HONEST = {
    "first_name": "Zoé",
    "last_name": "Exemple",
    "email": "zoe@exemple.fr",
    "organisation": "CHU de démonstration",
    "organisation_type": "chu",
    "job_function": "dsi",
    "region": "53",
}


@pytest.fixture
def somebody():
    return StaffFactory(group="Marketing")


@pytest.fixture
def post(visitor):
    """Post the form as a browser would; `website` is what a robot fills in."""

    def post(**values):
        visitor.post("/", HONEST | values)
        return Submission.objects.latest("pk")

    return post


def render():
    for copy in Copy.objects.due():
        render_copy(copy.pk, copy.lease_no)


# --- Its screen -----------------------------------------------------------------


def test_suspects_are_on_a_screen_of_their_own_with_what_they_typed(client, sign_in):
    sign_in("Marketing")
    submission = SubmissionFactory(suspect=True, news_consent=True)
    delivered()

    response = client.get(page(LIST))

    assert [row.pk for row in shown(response)] == [submission.lead_id]
    for words in (submission.email, "champ piège rempli", "synthèse, actualités"):
        assert words in response.text
    response = client.get(page("leads_suspect_change", submission.lead_id))
    assert response.status_code == 200
    assert "demandes retenues" in response.text.lower()


def test_a_post_held_for_somebody_known_waits_there_too(client, sign_in):
    sign_in("Marketing")
    known = delivered().lead
    SubmissionFactory(lead=known, copy=None, suspicion="forged")

    assert [row.pk for row in shown(client.get(page(LIST)))] == [known.pk]
    assert "connu par ailleurs" in client.get(page(LIST)).text
    assert [r.pk for r in shown(client.get(page(LIST, contact="connu")))] == [known.pk]
    assert not shown(client.get(page(LIST, contact="suspect")))
    assert not shown(client.get(page(LIST, motif="honeypot")))


def test_the_screen_says_when_there_is_nothing_to_do(client, sign_in):
    sign_in("Marketing")
    assert "Rien à faire" in client.get(page(LIST)).text
    assert "Retirer les filtres" in client.get(page(LIST, q="zoe")).text


@pytest.mark.parametrize("group", ["Commercial", "DPO"])
def test_suspects_are_for_who_may_let_them_go(client, sign_in, group):
    user = sign_in(group)
    lead = SubmissionFactory(suspect=True).lead
    Lead.objects.update(owner=user)

    assert client.get(page(LIST)).status_code == 403
    assert client.get(page("leads_suspect_change", lead.pk)).status_code == 403
    data = {"action": "release", "_selected_action": lead.pk}
    assert client.post(page(LIST), data).status_code == 403
    assert "leads/suspect" not in client.get(page("index")).text
    lead.refresh_from_db()
    assert lead.suspected_at


@pytest.mark.parametrize("name", ["add", "delete"])
def test_nobody_adds_or_deletes_a_suspect(client, sign_in, name):
    sign_in(superuser=True)
    lead = SubmissionFactory(suspect=True).lead
    args = [] if name == "add" else [lead.pk]

    assert client.post(page(f"leads_suspect_{name}", *args)).status_code == 403


def test_the_screen_costs_the_same_for_many(
    client, sign_in, django_assert_max_num_queries
):
    sign_in("Marketing")
    SubmissionFactory(suspect=True)
    with django_assert_max_num_queries(12) as few:
        client.get(page(LIST))
    for _ in range(30):
        SubmissionFactory(suspect=True)
    with django_assert_max_num_queries(len(few)):
        client.get(page(LIST))
    lead = Lead.objects.first()
    with django_assert_max_num_queries(12):
        client.get(page("leads_suspect_change", lead.pk))


# --- Let go ---------------------------------------------------------------------


def test_a_person_let_go_receives_what_they_asked_for(client, post, sink, send):
    held = post(website="x", news_consent="on")
    assert held.copy is None
    client.force_login(StaffFactory(group="Marketing"))

    response = gesture(client, "release", [held.lead], "leads_suspect")

    assert notices(response)[0].startswith("1 soupçon levé")
    held.refresh_from_db()
    lead = Lead.objects.get()
    assert (held.suspicion, lead.suspected_at, lead.routed_at) == ("", None, None)
    render()
    message = Message.objects.due().get()
    assert list(message.submissions.all()) == [held]
    send(message)
    assert len(sink.messages) == 1
    agreed = ConsentEvent.objects.get()
    assert (agreed.purpose, agreed.granted, agreed.submission) == (
        "actualites",
        True,
        held,
    )
    assert agreed.at == held.created_at
    assert agreed.page == "/"


def test_from_its_own_page_one_press_is_enough(client, sign_in):
    sign_in("Marketing")
    lead = SubmissionFactory(suspect=True).lead
    url = page("leads_suspect_change", lead.pk)
    data = {"CHANGE_FORM-action": "release", "_selected_action": lead.pk}

    response = client.post(url, data, follow=True)

    assert response.redirect_chain[-1][0] == page(LIST)
    assert notices(response)[0].startswith("1 soupçon levé")
    assert Copy.objects.due().count() == 1


def test_a_box_left_empty_is_no_consent_and_a_number_left_is_one(somebody):
    held = SubmissionFactory(suspect=True, phone="+33199000000")

    releasing.release(held.lead_id, somebody)

    assert [event.purpose for event in ConsentEvent.objects.all()] == ["rappel"]


def test_let_go_twice_it_is_once(somebody):
    lead = SubmissionFactory(suspect=True, news_consent=True).lead

    assert releasing.release(lead.pk, somebody) == "released"
    assert releasing.release(lead.pk, somebody) == "unchanged"

    assert Copy.objects.count() == ConsentEvent.objects.count() == 1


def test_posts_that_say_the_same_are_one_copy_and_one_message(somebody, post):
    held = [post(website="x"), post(website="x")]
    other = post(website="x", job_function="dg")

    releasing.release(held[0].lead_id, somebody)
    render()

    copies = [row.copy_id for row in Submission.objects.order_by("pk")]
    assert copies[0] == copies[1] != copies[2]
    assert Message.objects.count() == 2
    assert other.lead == held[0].lead


def test_who_came_since_is_sent_nothing_twice(somebody, post):
    held = post(website="x", news_consent="on")
    genuine = post()
    render()
    assert Message.objects.count() == 1

    assert releasing.release(held.lead_id, somebody) == "cleared"
    render()

    assert Message.objects.count() == Copy.objects.count() == 1
    held.refresh_from_db()
    assert (held.suspicion, held.copy) == ("", genuine.copy)
    assert list(held.messages.all()) == list(genuine.messages.all())
    assert ConsentEvent.objects.get().purpose == "actualites"


def test_a_consent_withdrawn_since_stays_withdrawn(somebody, post):
    held = post(website="x", news_consent="on")
    lead = post(news_consent="on").lead
    ConsentEvent.objects.create(lead=lead, purpose="actualites", granted=False)

    releasing.release(held.lead_id, somebody)

    latest = ConsentEvent.objects.order_by("-at", "-pk").first()
    assert not latest.granted


def test_an_owner_takes_their_name_back_from_the_robot_that_used_it(somebody, post):
    held = post(website="x", first_name="Robot", last_name="Un")
    post()
    lead = Lead.objects.get()
    assert lead.last_name == "Un"

    releasing.release(held.lead_id, somebody)

    lead.refresh_from_db()
    assert str(lead) == "Zoé Exemple"


def test_a_name_that_staff_wrote_stays(somebody, post):
    held = post(website="x")
    Lead.objects.update(last_name="Corrigé")

    releasing.release(held.lead_id, somebody)

    assert Lead.objects.get().last_name == "Corrigé"


def test_whoever_is_erased_meanwhile_is_left(somebody):
    lead = SubmissionFactory(suspect=True).lead
    Lead.objects.update(email_key=None, erased_at=timezone.now())

    assert releasing.release(lead.pk, somebody) == "gone"
    assert not Copy.objects.exists()


def test_many_are_let_go_by_a_worker_that_may_die(somebody):
    leads = [SubmissionFactory(suspect=True).lead for _ in range(60)]
    batch = batches.draft(somebody, "release", [lead.pk for lead in leads])
    batches.confirm(batch, count="60")
    from leads.tasks import work_batch

    work_batch(batch.pk, batch.lease_no)
    work_batch(batch.pk, batch.lease_no)

    batch.refresh_from_db()
    assert batch.outcomes == {"released": 60}
    assert Copy.objects.count() == 60


# --- Held by staff --------------------------------------------------------------


def test_held_by_staff_what_has_not_left_stays_and_leaves_once_let_go(
    client, sign_in, somebody
):
    sign_in("Marketing")
    submission = SubmissionFactory()
    owed = MessageFactory(copies=[submission.copy])
    waiting = SubmissionFactory(
        lead=submission.lead, copy__rendered=False, job_function="dg"
    )

    gesture(client, "suspect", [submission.lead])

    assert not Message.objects.due().exists()
    assert not Copy.objects.due().exists()
    owed.refresh_from_db()
    assert owed.events.last().reason == "suspect"
    assert not shown(client.get(page("leads_lead_changelist")))
    text = client.get(page("outbox_undelivered_changelist", perimetre="tous")).text
    assert "soupçon de robot" in text

    assert releasing.release(submission.lead_id, somebody) == "released"
    assert list(Message.objects.due()) == [owed]
    assert list(Copy.objects.due()) == [waiting.copy]


def test_held_by_staff_who_posts_again_is_a_person_and_gets_their_copy(somebody, post):
    first = post()
    releasing.suspect([first.lead_id], somebody)
    Submission.objects.update(created_at=timezone.now() - timedelta(hours=1))

    post()

    assert Lead.objects.get().suspected_at is None
    assert list(Copy.objects.due()) == [first.copy]


def test_what_was_sent_is_not_sent_again(somebody):
    lead = delivered().lead
    releasing.suspect([lead.pk], somebody)

    assert releasing.release(lead.pk, somebody) == "cleared"
    assert not Message.objects.due().exists()


def test_mail_to_the_house_is_not_held_with_a_lead(somebody):
    from leads import assigning

    lead = LeadFactory()
    assigning.assign([lead.pk], somebody, why="Essai", by=somebody)

    releasing.suspect([lead.pk], somebody)

    assert Message.objects.due().count() == 1
