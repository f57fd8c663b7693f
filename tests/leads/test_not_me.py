"""« Ce n’est pas moi »: GET changes nothing, a press leaves nothing of the person."""

from __future__ import annotations

import random
import re
import threading
from datetime import timedelta

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from leads import assigning, delivery, not_me, privacy
from leads.admin.leads import LeadForm
from leads.analytics import facts
from leads.models import (
    Activity,
    Batch,
    ConsentEvent,
    Establishment,
    Lead,
    LeadFacts,
    PrivacyEvent,
    SavedView,
    Submission,
)
from outbox import bounces, sending, tokens
from outbox.claims import LeaseLost
from outbox.models import Message, MessageEvent, Suppression, Undelivered
from outbox.tasks import send_message
from reports import downloads, editions, errata, tasks
from reports.models import Copy, CopyEvent, Edition, Hit
from reports.tasks import render_copy
from tests.leads.factories import (
    CopyFactory,
    HitFactory,
    StaffFactory,
    SubmissionFactory,
)
from tests.leads.pages import form_data, page, shown
from tests.leads.test_request import ANSWERS, post
from tests.pages.states import STATES

pytestmark = pytest.mark.django_db
BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SCANNER = "Mozilla/5.0 (compatible; Barracuda Sentinel (EE))"
ADDRESS = "zoe.loeuf@chu-exemple.fr"
KIND = PrivacyEvent.Kind.NOT_ME
# What was typed, and whatever could be made of it.
TYPED = ["Zoë", "Lœuf", "zoe.loeuf", ANSWERS["organisation"], "printemps", "06 00"]


def deliver(visitor):
    """Post, render and send, an hour ago; return the copy and the link of its mail."""
    visitor.post("/?utm_source=printemps", {**ANSWERS, "news_consent": "on"})
    submission = Submission.objects.latest("pk")
    render_copy(submission.copy_id, submission.copy.lease_no)
    message = submission.messages.get()
    send_message(message.pk, message.lease_no)
    Message.objects.update(accepted_at=Now() - timedelta(hours=1))
    return Copy.objects.get(pk=submission.copy_id)


@pytest.fixture
def copy(visitor, sink):
    visitor.defaults["HTTP_USER_AGENT"] = BROWSER
    return deliver(visitor)


@pytest.fixture
def link(copy, sink):
    text = sink.messages[-1].mail.get_body(("plain",)).get_content()
    [found] = re.findall(r"https://[^/\s]+(/ce-n-est-pas-moi/\S+)", text)
    assert found in sink.messages[-1].mail.get_body(("html",)).get_content()
    return found


def everything():
    """Return all rows of all tables, as PostgreSQL writes them, but for sign-ins."""
    rows = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            rows += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return rows


def states():
    models = (Copy, Message, MessageEvent, CopyEvent, Submission, Lead, ConsentEvent)
    more = (Suppression, PrivacyEvent, Activity)
    return [list(model.objects.order_by("pk").values()) for model in (*models, *more)]


# --- The page -----------------------------------------------------------------------


def test_opening_it_changes_nothing_and_shows_one_button(visitor, copy, link):
    before = states()

    for method in ("get", "head"):
        response = getattr(visitor, method)(link)
        assert response.status_code == 200
        assert response.headers["Cache-Control"] == "no-store"
        assert "noindex" in response.headers["X-Robots-Tag"]
        assert response.headers["Referrer-Policy"] == "same-origin"

    assert states() == before
    text = visitor.get(link).text
    assert text.count("<button") == 1
    assert f'action="{link}"' in text
    assert text.replace(link, "/ce-n-est-pas-moi/x/") == STATES["pas-moi"].html
    assert [hit.link for hit in copy.hits.all()] == [Hit.Link.NOT_ME] * 3


def test_pressed_nothing_is_left_of_the_person_anywhere(visitor, copy, link):
    lead = copy.lead
    lead.phone, lead.next_action = "06 00 00 00 00", "Appeler Zoë"
    lead.save()
    Activity.objects.create(lead=lead, body="Zoë Lœuf rappellera.")
    person = StaffFactory()
    assigning.assign([lead.pk], person, why="Repris par X : Zoë le veut", by=person)
    batch = {"user": person, "action": "assign", "leads": [lead.pk]}
    Batch.objects.create(
        **batch,
        params={"reason": "Zoë le veut", "back": "/admin/leads/lead/?q=Lœuf"},
        next_attempt_at=None,
    )
    view = SavedView.objects.create(name="Zoë", owner=person, query="q=zoe+l%C5%93uf")
    kept = SavedView.objects.create(name="Autres", owner=person, query="q=autre")
    for row in (
        view,
        lead,
        Submission.objects.get(),
        Undelivered.objects.get(copies=copy),
    ):
        LogEntry.objects.log_actions(StaffFactory().pk, [row], CHANGE, "Zoë")
    MessageEvent.objects.create(
        message=Message.objects.get(copies=copy),
        kind="deferred",
        cause=f"<{ADDRESS}> is full",
    )
    assert any(typed in row for row in everything() for typed in TYPED)

    response = visitor.post(link)

    assert (response.status_code, response.url) == (303, link)
    left = [row for row in everything() for typed in TYPED if typed in row]
    assert not left
    assert list(SavedView.objects.all()) == [kept]
    page = visitor.get(link).text
    assert page == STATES["pas-moi-fait"].html


def test_pressed_links_end_and_counts_stay(visitor, copy, link):
    HitFactory(copy=copy)
    submission = Submission.objects.get()
    follow_up, file = f"/suivi/{submission.token}/", copy.file
    month = downloads.Period.last_days(30)
    before = (downloads.delivered(month).count(), downloads.probable(month).count())

    visitor.post(link)

    assert visitor.get(f"/exemplaire/{copy.token}/").status_code == 410
    assert visitor.get(follow_up).status_code == 404
    assert not storages["copies"].exists(file)
    after = (downloads.delivered(month).count(), downloads.probable(month).count())
    assert after == before == (1, 1)
    copy.refresh_from_db()
    assert copy.organisation_type == "ch"
    lead = Lead.objects.get()
    assert lead.erased_at
    assert lead.email_key is None
    assert PrivacyEvent.objects.get().lead == lead


def test_pressed_the_address_is_written_to_no_more(visitor, copy, link, sink, send):
    visitor.post(link)
    assert Suppression.objects.covers(ADDRESS)
    before = len(sink.messages)

    answer = post(visitor)

    assert answer.status_code == 303
    again = Submission.objects.latest("pk")
    assert again.lead != copy.lead
    render_copy(again.copy_id, again.copy.lease_no)
    assert send(again.messages.get()).state == "withheld"
    assert len(sink.messages) == before


def test_pressed_twice_it_is_done_once(visitor, copy, link):
    visitor.post(link)
    before = states()

    assert visitor.post(link).status_code == 303

    assert states() == before
    assert not privacy.not_me(Copy.objects.get())


def test_a_complaint_before_is_an_opposition_now(visitor, copy, link):
    bounces.Report(MessageEvent.Kind.COMPLAINED, "test:1").apply(Message.objects.get())

    visitor.post(link)

    assert Suppression.objects.get().reason == Suppression.Reason.OPPOSITION


def test_nobody_else_is_erased(visitor, copy, link):
    other = SubmissionFactory(organisation=ANSWERS["organisation"])
    values = Submission.objects.filter(pk=other.pk).values

    before = list(values())
    visitor.post(link)

    assert list(values()) == before
    assert Lead.objects.filter(erased_at=None).get() == other.lead


def test_another_site_cannot_press_it(client, copy, link):
    response = client.post(link, headers={"Sec-Fetch-Site": "cross-site"})

    assert response.status_code == 403
    assert Lead.objects.get().erased_at is None


def test_only_its_own_token_opens_it(visitor, copy, link):
    reference = copy.reference
    other = CopyFactory(rendered=True)
    for token in (
        copy.token,
        f"{reference}-{copy.token}",
        f"{other.reference}-{link.split('/')[2][15:]}",
        f"{reference}-{tokens.make('pas-moi', copy.uid, 2)}",
        reference,
        f"{reference}-",
        f"{reference}-é\N{PILE OF POO}",
        f"{reference}-%ED%A0%80",
        "x" * 5000,
        "%00" * 20,
    ):
        for method in ("get", "post"):
            response = getattr(visitor, method)(f"/ce-n-est-pas-moi/{token}/")
            assert response.status_code in (400, 404), token
    assert not Lead.objects.filter(erased_at__isnull=False).exists()


@pytest.mark.parametrize("why", ["says so", "before anybody reads", "opens every link"])
def test_a_machine_that_presses_every_button_is_not_believed(visitor, copy, link, why):
    headers = {"User-Agent": SCANNER if why == "says so" else BROWSER}
    if why == "before anybody reads":
        Message.objects.update(accepted_at=Now() - timedelta(seconds=2))
    if why == "opens every link":
        visitor.get(f"/exemplaire/{copy.token}/", headers=headers)
        visitor.get(link, headers=headers)

    response = visitor.post(link, headers=headers)

    assert response.status_code == 409
    assert "n’a pas pu être pris en compte" in response.text
    assert "Ce n’est pas moi" in response.text
    assert Lead.objects.get().erased_at is None
    assert not Suppression.objects.exists()


def test_whoever_downloaded_is_offered_it_no_more(visitor, copy, sink):
    HitFactory(copy=copy)

    delivery.send_again(Submission.objects.get())

    assert "not-me" not in Message.objects.latest("pk").links
    assert not_me.link_of(CopyFactory(rendered=True))


@pytest.mark.logs("leads.not_me", "django.request")
def test_a_store_that_is_away_leaves_all_as_it_was(visitor, copy, link, monkeypatch):
    def away(*args):
        raise OSError("away")

    before = states()
    monkeypatch.setattr(type(storages["copies"]), "delete", away)

    assert visitor.post(link).status_code == 503

    assert states() == before


# --- A storm ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_a_storm_on_every_link_of_a_mail_changes_no_state_and_counts_no_human(
    client, copy, link, seed
):
    rng = random.Random(seed)
    links = [
        link,
        f"/exemplaire/{copy.token}/",
        f"/exemplaire/{copy.token}/telecharger/",
    ]
    agents = [BROWSER, SCANNER, "SafeLinks", "curl/8", "", "Googlebot/2.1"]
    messages = Message.objects.all()
    for delay in [0.2, 2, 4.9, 6, 60, 3600, 86_400, 5 * 86_400]:
        messages.update(accepted_at=Now() - timedelta(seconds=delay))
        Hit.objects.update(at=Now() - timedelta(seconds=rng.choice([1, 9, 30, 4000])))
        before = states()
        for _ in range(12):
            method = rng.choice([client.get, client.head])
            method(rng.choice(links), headers={"User-Agent": rng.choice(agents)})
        assert states() == before

    assert Hit.objects.count() > 40
    assert not Hit.objects.probable().exists()
    assert not Hit.objects.filter(counted=True).exists()


# --- Others at work meanwhile -------------------------------------------------------


def erase(copy):
    return privacy.erase(Lead.objects.get(pk=copy.lead_id), KIND)


def nothing_left():
    return not [row for row in everything() if any(typed in row for typed in TYPED)]


def test_what_is_owed_is_not_sent_and_says_why(visitor, copy, sink, send):
    delivery.send_again(Submission.objects.get())
    owed = Message.objects.due().get()
    before = len(sink.messages)

    assert erase(copy)
    send_message(owed.pk, owed.lease_no)

    owed.refresh_from_db()
    assert (owed.state, len(sink.messages)) == ("withheld", before)
    assert owed.events.latest("pk").reason == "erased"


def test_a_message_about_to_leave_does_not(visitor, copy, sink):
    delivery.send_again(Submission.objects.get())
    owed = Message.objects.due().get()
    before = len(sink.messages)
    claimed = Message.objects.claim(owed.pk, owed.lease_no)

    erase(copy)
    sending.send_batch(claimed)

    assert len(sink.messages) == before
    assert nothing_left()


def test_a_message_that_is_leaving_writes_nothing_more(visitor, copy, sink):
    delivery.send_again(Submission.objects.get())
    owed = Message.objects.due().get()
    claimed = Message.objects.claim(owed.pk, owed.lease_no)
    claimed.begin_handing_over()

    erase(copy)

    with pytest.raises(LeaseLost):
        claimed.finish(accepted_at=Now())
    last = MessageEvent.objects.filter(message=owed).latest("pk")
    assert (last.reason, last.ambiguous) == ("erased", True)
    assert nothing_left()


def test_a_report_that_comes_later_names_nobody(visitor, copy):
    stale = Message.objects.get()
    erase(copy)

    report = bounces.Report(
        MessageEvent.Kind.BOUNCED, "test:1", hard=True, cause=f"550 5.1.1 <{ADDRESS}>"
    )
    assert report.apply(stale)

    assert nothing_left()
    assert not Suppression.objects.exists()


def test_a_copy_being_rendered_is_not_and_leaves_no_file(visitor, sink, monkeypatch):
    post(visitor)
    copy = Copy.objects.get()
    plain = tasks.pdf.render

    def slow(*args, **kwargs):
        content = plain(*args, **kwargs)
        erase(copy)
        return content

    monkeypatch.setattr(tasks.pdf, "render", slow)
    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.rendered_at is None
    assert copy.failed_at
    assert not Message.objects.exists()
    assert not storages["copies"].exists(copy.file_name(1))
    assert nothing_left()


def test_what_a_dead_worker_left_is_deleted_too(visitor, copy):
    Copy.objects.update(lease_no=copy.lease_no + 2)
    orphan = storages["copies"].save(
        copy.file_name(copy.lease_no + 2), ContentFile(b"x")
    )

    erase(copy)

    assert not storages["copies"].exists(orphan)
    assert not storages["copies"].exists(copy.file)


def test_an_erratum_found_them_before_and_reaches_them_no_more(visitor, copy, sink):
    edition = Edition.current()
    found = errata.holders(edition).copies
    assert [row.pk for row in found] == [copy.pk]
    erratum = edition.errata.model.objects.create(edition=edition, note="Une note.")
    erase(copy)

    errata._owe(erratum, found, 0)

    assert not Message.objects.due().exists()
    assert nothing_left()


def test_staff_cannot_save_back_what_they_had_open(
    client, visitor, copy, sign_in, monkeypatch
):
    sign_in("Marketing")
    url = page("leads_lead_edit", copy.lead_id)
    data = form_data(client.get(url))
    read = LeadForm.clean_email

    def meanwhile(form):
        erase(copy)
        return read(form)

    monkeypatch.setattr(LeadForm, "clean_email", meanwhile)

    assert client.post(url, data).status_code == 403


@pytest.mark.django_db(transaction=True)
@pytest.mark.logs("outbox.sending")
def test_all_at_once_nothing_comes_back(sink):
    """A post, a worker that renders, one that sends, and the person who says no."""
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    for _ in range(6):
        post(Client())
        submission = Submission.objects.latest("pk")
        copy = submission.copy
        barrier = threading.Barrier(5)
        trouble = []

        def run(act, barrier=barrier, trouble=trouble):
            barrier.wait()
            try:
                act()
            except Exception as error:
                trouble.append(error)
            finally:
                connection.close()

        def sends():
            for message in Message.objects.due():
                send_message(message.pk, message.lease_no)

        acts = [
            lambda copy=copy: render_copy(copy.pk, copy.lease_no),
            sends,
            lambda copy=copy: privacy.not_me(Copy.objects.get(pk=copy.pk)),
            lambda: post(Client(), organisation="Autre centre"),
            lambda copy=copy: privacy.not_me(Copy.objects.get(pk=copy.pk)),
        ]
        threads = [threading.Thread(target=run, args=(act,)) for act in acts]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert not trouble
        erased = Lead.objects.get(pk=submission.lead_id)
        assert erased.erased_at
        assert not erased.messages.exclude(recipient="", text="", html="").exists()
        assert not erased.messages.filter(next_attempt_at__isnull=False).exists()
        assert not erased.copies.exclude(recipient="", last_name="").exists()
        assert not erased.submissions.exclude(email="", last_name="").exists()
        for gone in erased.copies.all():
            for number in range(gone.lease_no + 1):
                assert not storages["copies"].exists(gone.file_name(number))


# --- What a field is ------------------------------------------------------------------

# Of the tables that name people, the columns that do not; all others are blanked.
OPAQUE = {
    Lead: "id organisation_type status closed_because owner created_at suspected_at "
    "is_test merged_into erased_at routed_at first_contact_at escalated_at",
    Submission: "id uid organisation_type lead copy suspicion news_consent created_at "
    "corrects resend_asked_at",
    Copy: "id uid reference edition fingerprint lead organisation_type attempts "
    "requested_at rendered_at failed_at damaged_at token_generation token_digest "
    "link_expires_at",
    Message: "id uid kind lead subject about message_id created_at accepted_at "
    "failed_at deferred_at delivered_at bounced_at emptied_at attempts",
}


# What the figures keep of somebody: the instants and numbers of their steps.
FACTS = (
    "lead asked_at day submissions organisation_type owner_id rendered_at delivered_at "
    "retrieved_at retrievals raw_retrievals set_aside contacted_at met_at won_at "
    "measured erased closed contact_delay met_delay"
)


def test_the_figures_keep_steps_and_nothing_that_was_typed(visitor, copy):
    Submission.objects.update(origin="salon", campaign="congres")
    facts.refresh_all()
    before = LeadFacts.objects.values().get()
    assert before["region"]
    assert before["campaign"]

    erase(copy)
    facts.refresh_all()

    after = LeadFacts.objects.values().get()
    fields = {field.name for field in LeadFacts._meta.concrete_fields}
    assert {name for name in fields if after.get(name) != ""} <= set(FACTS.split())


@pytest.mark.parametrize("model", OPAQUE)
def test_a_new_column_is_blanked_or_said_to_name_nobody(visitor, copy, sink, model):
    delivery.send_again(Submission.objects.get())
    Lead.objects.update(
        phone="06",
        next_action="x",
        next_action_on=timezone.localdate(),
        promised_on=timezone.localdate(),
        waiting_since=Now(),
        frozen_at=Now(),
    )
    Submission.objects.update(phone="+33199000000", campaign="x")
    where = Establishment.objects.create(finess="359000010", as_of="2026-01-01")
    Lead.objects.update(establishment=where)
    Submission.objects.update(establishment=where)
    Message.objects.update(handing_over_at=Now(), lease_until=Now())
    Copy.objects.update(next_attempt_at=Now(), lease_until=Now(), size=1)
    before = model.objects.order_by("-pk").values()[0]

    erase(copy)

    after = model.objects.order_by("-pk").values()[0]
    changed = {
        name.removesuffix("_id") for name in after if after[name] != before[name]
    }
    fields = {field.name for field in model._meta.concrete_fields}
    assert fields - changed <= set(OPAQUE[model].split())


def test_staff_are_told_of_a_number(client, visitor, copy, sign_in):
    erase(copy)
    for group in ("Marketing", "Commercial", "DPO"):
        sign_in(group)

        response = client.get(page("leads_privacyevent_changelist"))

        assert shown(response) == [PrivacyEvent.objects.get()]
        assert f"n°\u00a0{copy.lead_id}" in response.text


def test_what_a_person_says_counts_for_all_their_tags(visitor, copy, link):
    copy.recipient = "zoe+etude@exemple.fr"

    privacy.not_me(copy)

    covers = Suppression.objects.covers
    assert covers("zoe@exemple.fr")
    assert covers("Zoe+autre@exemple.fr")
    assert not covers("zoe.autre@exemple.fr")
