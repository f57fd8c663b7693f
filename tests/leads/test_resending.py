"""A reader may ask for the message again: the same copy, and not too often."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from leads import delivery
from leads.models import Submission
from outbox.models import Message, MessageEvent, Suppression, suppression_hash
from reports import editions
from reports.models import Copy, Edition
from tests.leads.follow_up import act, later, page, submit, told, work

pytestmark = pytest.mark.django_db


def test_the_same_copy_goes_to_the_same_address(visitor, sink):
    submission = submit(visitor)
    work()
    assert "Renvoyer le message" in page(visitor, submission)

    answer = act(visitor, submission, "renvoyer")

    assert answer.status_code == 303
    assert answer.url == f"/suivi/{submission.token}/"
    assert told(page(visitor, submission)) == "queued"
    work()
    first, second = submission.messages.order_by("pk")
    assert first.recipient == second.recipient
    assert first.attachments == second.attachments
    assert len(sink.messages) == 2
    assert Copy.objects.count() == 1


def test_the_page_says_from_when_it_can_be_asked_again(visitor, sink):
    submission = submit(visitor)
    work()
    act(visitor, submission, "renvoyer")
    work()

    html = page(visitor, submission)
    assert "Un nouvel envoi sera possible à partir de" in html
    assert "Renvoyer le message" not in html
    act(visitor, submission, "renvoyer")
    assert submission.messages.count() == 2

    later(599)
    act(visitor, submission, "renvoyer")
    assert submission.messages.count() == 2
    later(2)
    act(visitor, submission, "renvoyer")
    assert submission.messages.count() == 3


def test_the_delay_can_be_rehearsed(visitor, sink, settings):
    submission = submit(visitor)
    work()
    act(visitor, submission, "renvoyer")
    work()
    settings.DELAY_SCALE = 0.01
    later(7)

    act(visitor, submission, "renvoyer")

    assert submission.messages.count() == 3


def test_what_is_under_way_is_not_sent_twice(visitor, sink):
    submission = submit(visitor)

    act(visitor, submission, "renvoyer")
    work()

    assert len(sink.messages) == 1
    assert Submission.objects.get().resend_asked_at is None


@pytest.mark.django_db(transaction=True)
def test_many_presses_at_once_send_once(visitor, sink):
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    submission = submit(visitor)
    work()
    barrier = threading.Barrier(6)
    statuses = []

    def race():
        barrier.wait()
        try:
            statuses.append(act(Client(), submission, "renvoyer").status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=race) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [303] * 6
    assert submission.messages.count() == 2


def test_the_quota_of_the_recipient_rules(visitor, sink, settings):
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    submission = submit(visitor)
    work()

    act(visitor, submission, "renvoyer")
    work()

    assert len(sink.messages) == 1
    # What was sent is sent: one that is held back takes nothing away from it.
    assert told(page(visitor, submission)) == "accepted"


def without_secrets(html, submission):
    return html.replace(submission.token, "TOKEN")


@pytest.mark.logs("outbox")
def test_whatever_holds_a_submission_back_the_page_is_the_same(visitor, sink, settings):
    """Suspect, set aside or over quota: before a press, and after it."""
    suspect = submit(visitor, website="x")
    settings.MAIL_PER_RECIPIENT_PER_DAY = 0
    over = submit(visitor)
    work()
    settings.MAIL_PER_RECIPIENT_PER_DAY = 3
    address_hash = suppression_hash("zoe.loeuf@chu-exemple.fr")
    Suppression.objects.create(address_hash=address_hash, reason="bounce")
    aside = submit(visitor, region="11")
    Submission.objects.filter(pk=aside.pk).update(region="53")
    work()
    three = (suspect, over, aside)

    before = {without_secrets(page(visitor, one), one) for one in three}
    for one in three:
        act(visitor, one, "renvoyer")
    work()
    Submission.objects.update(resend_asked_at=Now())
    after = {without_secrets(page(visitor, one), one) for one in three}

    assert not sink.messages
    assert len(before) == len(after) == 1
    assert before != after
    assert "est prise en compte" in after.pop()


@pytest.mark.parametrize(
    ("reason", "offered"), [("unknown", False), ("full", True), ("policy", True)]
)
def test_it_is_offered_where_it_can_help(visitor, sink, reason, offered):
    submission = submit(visitor)
    work()
    message = submission.messages.get()
    Message.objects.update(bounced_at=Now())
    message.record(MessageEvent.Kind.BOUNCED, reason=reason)

    assert ("Renvoyer le message" in page(visitor, submission)) is offered
    act(visitor, submission, "renvoyer")
    assert submission.messages.count() == (2 if offered else 1)


def test_an_expired_link_opens_again(visitor, sink):
    submission = submit(visitor)
    work()
    Copy.objects.update(link_expires_at=Now() - delivery.DAY)

    act(visitor, submission, "renvoyer")

    assert Copy.objects.get().is_open
    assert submission.messages.count() == 2


def test_a_copy_that_could_not_be_made_is_made_anew(visitor, sink):
    submission = submit(visitor)
    Copy.objects.update(failed_at=Now(), next_attempt_at=None)

    act(visitor, submission, "renvoyer")
    work()

    assert len(sink.messages) == 1
