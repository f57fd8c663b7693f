"""An address is corrected once, within a day, and the first gets nothing more."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import Client

from leads import consent
from leads.calling import call_at
from leads.models import ConsentEvent, Lead, Submission
from outbox.claims import LeaseLost
from outbox.models import Message, MessageEvent
from reports import editions
from reports.models import Copy, Edition
from reports.tasks import render_copy
from tests.leads.follow_up import MEANT, act, later, page, received, submit, told, work
from tests.leads.test_request import ANSWERS

pytestmark = pytest.mark.django_db


def correct(client, submission, email=MEANT, **data):
    return act(client, submission, "corriger", email=email, **data)


def test_the_same_answers_go_to_the_address_that_was_meant(visitor, sink):
    visitor.post("/?utm_source=salon", {**ANSWERS, "news_consent": "on"})
    old = Submission.objects.get()
    later(2)
    work()

    answer = correct(visitor, old)

    new = Submission.objects.get(corrects=old)
    assert answer.status_code == 303
    assert answer.url == f"/suivi/{new.token}/"
    assert new.email == new.lead.email_key == new.copy.recipient == MEANT
    assert new.reader == old.reader
    assert new.source == {"utm_source": ["salon"]}
    assert new.lead != old.lead
    assert new.copy != old.copy
    work()
    later(2)
    assert told(page(visitor, new)) == "accepted"
    assert new.messages.get().recipient == MEANT
    assert "Votre adresse est corrigée" in page(visitor, new)


def test_the_first_link_is_closed_and_its_page_says_so(visitor, sink):
    old = submit(visitor)
    work()
    link = f"/exemplaire/{old.copy.token}/"
    assert visitor.get(link).status_code == 200

    correct(visitor, old)

    assert visitor.get(link).status_code == 410
    assert visitor.post(f"{link}telecharger/").status_code == 410
    html = page(visitor, old)
    new = Submission.objects.get(corrects=old)
    assert told(html) == "corrected"
    assert f'href="/suivi/{new.token}/"' in html
    assert MEANT not in html
    assert "<form" not in html


def test_what_had_not_left_never_leaves(visitor, sink):
    old = submit(visitor)
    render_copy(old.copy_id, 0)

    correct(visitor, old)
    work()

    assert received(sink) == [MEANT]
    message = old.messages.get()
    assert message.withheld_at
    assert message.events.last().reason == "corrected"


def test_a_copy_that_is_not_made_yet_is_never_made(visitor, sink):
    old = submit(visitor)
    claimed = Copy.objects.claim(old.copy_id, 0)

    correct(visitor, old)
    with pytest.raises(LeaseLost):
        claimed.finish(rendered_at=Now(), file="x", sha256="x")
    work()

    assert received(sink) == [MEANT]


def test_a_worker_that_holds_the_message_may_not_hand_it_over(visitor, sink):
    old = submit(visitor)
    render_copy(old.copy_id, 0)
    held = Message.objects.claim(old.messages.get().pk, 0)

    correct(visitor, old)

    with pytest.raises(LeaseLost):
        held.begin_handing_over()


def test_what_is_leaving_this_very_moment_is_said_to_be_uncertain(visitor, sink):
    old = submit(visitor)
    render_copy(old.copy_id, 0)
    held = Message.objects.claim(old.messages.get().pk, 0)
    held.begin_handing_over()

    correct(visitor, old)

    with pytest.raises(LeaseLost):  # Whatever the server says, it is not tried again.
        held.postpone(1)
    assert old.messages.get().events.last().ambiguous
    old.copy.refresh_from_db()
    assert old.copy.revoked_at, "its link is dead all the same"


def test_what_another_submission_asked_for_too_goes_on(visitor, sink):
    first = submit(visitor)
    later(300)
    second = submit(visitor)
    assert first.copy == second.copy
    render_copy(first.copy_id, 0)

    correct(visitor, first)
    work()

    assert sorted(received(sink)) == sorted([MEANT, "zoe.loeuf@chu-exemple.fr"])
    assert Copy.objects.get(pk=first.copy_id).is_open
    correct(visitor, second)
    assert not Copy.objects.get(pk=first.copy_id).is_open


def test_twice_makes_one(visitor, sink):
    old = submit(visitor)

    first, second = correct(visitor, old), correct(visitor, old, "autre@exemple.fr")

    assert first.url == second.url
    assert Submission.objects.count() == Lead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_many_presses_at_once_make_one(visitor):
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    old = submit(visitor)
    barrier = threading.Barrier(6)
    answers = []

    def race():
        barrier.wait()
        try:
            answers.append(correct(Client(), old).url)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(answers) == 6
    assert len(set(answers)) == 1
    assert Submission.objects.count() == 2


def test_a_correction_is_not_corrected(visitor):
    correct(visitor, submit(visitor))
    new = Submission.objects.get(email=MEANT)

    later(2)
    assert "Corriger et renvoyer" not in page(visitor, new)
    answer = correct(visitor, new, "encore@exemple.fr")

    assert answer.url == f"/suivi/{new.token}/"
    assert Submission.objects.count() == Lead.objects.count() == 2


def test_after_a_day_it_is_too_late(visitor, sink):
    old = submit(visitor)
    work()
    assert "Corriger et renvoyer" in page(visitor, old)
    later(86_400)

    assert "Corriger et renvoyer" not in page(visitor, old)
    assert correct(visitor, old).url == f"/suivi/{old.token}/"
    assert Submission.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("", "Saisissez votre adresse électronique"),
        ("zoe@chu", "adresse électronique valide"),
        ("ZOE.loeuf@chu-exemple.fr", "a déjà cette adresse"),
        ("z" * 250 + "@exemple.fr", "254 caractères"),
        ("a\x00b@exemple.fr", "illisibles"),
    ],
)
def test_an_error_keeps_what_was_typed_and_holds_still(visitor, typed, words):
    old = submit(visitor)  # Under way: its page would reload.

    answer = correct(visitor, old, typed)

    html = answer.content.decode()
    assert answer.status_code == 422
    assert words in html
    assert "<title>Erreur\u00a0: " in html
    assert 'href="#id_email"' in html
    assert "refresh" not in html
    if "\x00" not in typed:
        assert f'value="{typed}"' in html or not typed
    assert Submission.objects.count() == 1


def test_a_likely_slip_is_asked_about_once(visitor):
    old = submit(visitor)

    html = correct(visitor, old, "zoe@gmial.com").content.decode()
    assert "Vouliez-vous dire" in html
    assert 'name="email_confirmed" value="zoe@gmial.com"' in html

    confirmed = {"email_confirmed": "zoe@gmial.com", "email_mended": "on"}
    correct(visitor, old, "zoe@gmial.com", **confirmed)
    assert Submission.objects.get(corrects=old).email == "zoe@gmail.com"


def test_agreements_follow_in_the_words_that_were_read(visitor, monkeypatch):
    old = submit(visitor, news_consent="on")
    call_at(old, "+33199000000")
    words = consent.news_wording().text
    monkeypatch.setattr(
        consent, "news_wording", lambda: consent.Wording("3", "D’autres mots.")
    )

    correct(visitor, old)

    new = Submission.objects.get(corrects=old)
    given = new.lead.consents.filter(granted=True)
    assert {event.purpose for event in given} == {"actualites", "rappel"}
    assert given.get(purpose="actualites").wording == words
    assert new.phone == "+33199000000"
    old.refresh_from_db()
    assert old.phone == ""
    newest = old.lead.consents.filter(purpose="actualites").first()
    assert not newest.granted, "that address is a stranger's"


def test_an_agreement_that_somebody_else_gave_is_left_alone(visitor):
    submit(visitor, news_consent="on", region="11")
    old = submit(visitor, news_consent="on")

    correct(visitor, old)

    assert not ConsentEvent.objects.filter(granted=False).exists()


def test_a_known_address_keeps_its_lead_as_it_is(visitor):
    known = submit(visitor, email=MEANT, first_name="Autre", region="11")
    old = submit(visitor)

    correct(visitor, old)

    new = Submission.objects.get(corrects=old)
    assert new.lead == known.lead
    assert Lead.objects.get(pk=known.lead_id).first_name == "Autre"
    assert new.copy.first_name == "Zoë"


def test_a_suspect_s_correction_is_stored_suspect_and_looks_the_same(visitor, sink):
    old = submit(visitor, website="x")
    assert "Corriger et renvoyer" in page(visitor, old)

    answer = correct(visitor, old)
    work()

    new = Submission.objects.get(corrects=old)
    assert answer.url == f"/suivi/{new.token}/"
    assert new.suspicion == old.suspicion
    assert new.copy is None
    assert new.lead.suspected_at
    assert not Message.objects.exists()
    assert told(page(visitor, old)) == "corrected"


def test_a_network_over_its_quota_is_told_to_wait(visitor, settings):
    old = submit(visitor)
    settings.POSTS_PER_NETWORK_PER_HOUR = 0

    answer = correct(visitor, old)

    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert Submission.objects.count() == 1


def test_the_quota_of_the_new_recipient_rules(visitor, sink, settings):
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    submit(visitor, email=MEANT, region="11")
    work()

    correct(visitor, submit(visitor))
    work()

    assert received(sink).count(MEANT) == 1


def test_a_bounce_leads_to_the_correction(visitor, sink):
    old = submit(visitor)
    work()
    Message.objects.update(bounced_at=Now())
    old.messages.get().record(MessageEvent.Kind.BOUNCED, reason="unknown")

    html = page(visitor, old)

    assert "est inconnue de sa messagerie" in html
    assert 'href="#corriger"' in html
    assert f'action="/suivi/{old.token}/corriger/"' in html


def test_a_correction_is_the_same_for_known_and_unknown_addresses(visitor):
    submit(visitor, email=MEANT)
    known = correct(visitor, submit(visitor, region="11"))
    unknown = correct(visitor, submit(visitor, region="24"), "inconnu@exemple.fr")

    assert known.status_code == unknown.status_code == 303
    assert len(known.url) == len(unknown.url)
    pages = [visitor.get(answer.url).content.decode() for answer in (known, unknown)]
    assert [told(html) for html in pages] == ["requested"] * 2


def test_a_message_deferred_for_long_can_be_corrected(visitor, sink):
    old = submit(visitor)
    render_copy(old.copy_id, 0)
    Message.objects.update(attempts=F("attempts") + 1)
    assert told(page(visitor, old)) == "deferred"

    correct(visitor, old)
    work()

    assert received(sink) == [MEANT]
