"""The page of a submission tells the truth, of this submission only."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from leads import delivery
from leads.models import Submission
from outbox import tokens
from outbox.models import Message
from outbox.tasks import send_message
from reports import study
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.test_request import post
from tests.pages.reading import Page

pytestmark = pytest.mark.django_db


def state(client, submission):
    """Return the state that the page tells once the first second has passed."""
    Submission.objects.filter(pk=submission.pk).update(
        created_at=F("created_at") - timedelta(seconds=2)
    )
    response = client.get(f"/suivi/{submission.token}/")
    assert response.status_code == 200
    page = response.content.decode()
    return page.split('data-state="')[1].split('"')[0], page


def test_every_step_is_told_as_it_happens(visitor, sink):
    post(visitor)
    submission = Submission.objects.get()
    said, page = state(visitor, submission)
    assert said == "requested"
    assert 'http-equiv="refresh"' in page

    render_copy(submission.copy_id, 0)
    assert state(visitor, submission)[0] == "queued"

    send_message(submission.messages.get().pk, 0)
    said, page = state(visitor, submission)
    assert said == "accepted"
    assert 'http-equiv="refresh"' not in page
    assert "zoe.loeuf" not in page
    assert "z•••@chu-exemple.fr" in page


def test_the_first_page_is_the_same_for_old_and_new_answers(visitor, sink):
    post(visitor)
    first = Submission.objects.get()
    render_copy(first.copy_id, 0)
    Submission.objects.update(created_at=Now() - delivery.DAY)
    post(visitor)
    again = Submission.objects.exclude(pk=first.pk).get()

    page = visitor.get(f"/suivi/{again.token}/").content.decode()

    assert 'data-state="requested"' in page


def test_the_first_second_is_the_database_s(visitor, sink, monkeypatch):
    """A web host whose clock is wrong hides no less, and no longer."""
    post(visitor)
    submission = Submission.objects.get()
    render_copy(submission.copy_id, 0)
    fast = timezone.now() + timedelta(hours=1)
    monkeypatch.setattr(timezone, "now", lambda: fast)
    Submission.objects.update(created_at=Now() + timedelta(minutes=1))  # Long enough.

    page = visitor.get(f"/suivi/{submission.token}/").content.decode()

    assert 'data-state="requested"' in page
    Submission.objects.update(created_at=Now())
    assert state(visitor, submission)[0] == "queued"


def test_a_suspect_learns_nothing(visitor):
    post(visitor, website="x")

    assert state(visitor, Submission.objects.get())[0] == "withheld"


def test_over_the_quota_of_an_address_nothing_more_is_mailed(visitor, sink, settings):
    settings.MAIL_PER_RECIPIENT_PER_DAY = 1
    post(visitor)
    first = Submission.objects.get()
    render_copy(first.copy_id, 0)
    post(visitor, region="11")
    second = Submission.objects.exclude(pk=first.pk).get()

    render_copy(second.copy_id, 0)

    assert state(visitor, second)[0] == "withheld"
    assert Message.objects.due().count() == 1


@pytest.mark.logs("outbox.sending")
def test_a_refusal_is_told(visitor, sink):
    sink.rcpt = "550 5.1.1 no such user"
    post(visitor)
    submission = Submission.objects.get()
    render_copy(submission.copy_id, 0)

    send_message(submission.messages.get().pk, 0)

    assert state(visitor, submission)[0] == "failed"


def test_a_token_opens_nothing_but_its_own_page(visitor):
    post(visitor)
    submission = Submission.objects.get()

    for token in (
        submission.copy.token,
        tokens.make("suivi", submission.uid, 2),
        "x",
        "x" * 500,
    ):
        assert visitor.get(f"/suivi/{token}/").status_code == 404
    assert visitor.get(f"/exemplaire/{submission.token}/").status_code == 404


def test_the_page_is_kept_out_of_caches_and_indexes(visitor):
    post(visitor)

    response = visitor.get(f"/suivi/{Submission.objects.get().token}/")

    assert response.headers["Cache-Control"] == "no-store"
    assert "noindex" in response.headers["X-Robots-Tag"]
    assert response.headers["Referrer-Policy"] == "same-origin"


def test_a_submission_that_waits_for_a_copy_gets_the_message_that_brings_it(
    visitor, sink
):
    post(visitor)
    first = Submission.objects.get()
    Submission.objects.update(created_at=Now() - delivery.DAY)
    post(visitor)
    second = Submission.objects.exclude(pk=first.pk).get()

    render_copy(first.copy_id, 0)

    assert Message.objects.count() == 1
    assert first.messages.get() == second.messages.get()


def test_a_rendered_copy_comes_back_to_a_worker_at_once(visitor, sink):
    post(visitor)
    first = Submission.objects.get()
    render_copy(first.copy_id, 0)
    Submission.objects.update(created_at=Now() - delivery.DAY)

    post(visitor)

    second = Submission.objects.exclude(pk=first.pk).get()
    copy = Copy.objects.due().get()
    made = (copy.file, copy.rendered_at, copy.attempts)
    render_copy(copy.pk, copy.lease_no)
    assert state(visitor, second)[0] == "queued"
    assert second.messages.get() != first.messages.get()
    copy.refresh_from_db()
    assert (copy.file, copy.rendered_at, copy.attempts) == made, "made once"


def test_a_copy_asked_for_again_is_brought_once_whoever_dies(visitor, sink):
    post(visitor)
    first = Submission.objects.get()
    render_copy(first.copy_id, 0)
    Submission.objects.update(created_at=Now() - delivery.DAY)
    post(visitor)
    lease = Copy.objects.get().lease_no
    Copy.objects.claim(first.copy_id, lease)  # A worker that dies at once.
    Copy.objects.update(lease_until=Now() - delivery.DAY)

    render_copy(first.copy_id, lease + 1)
    render_copy(first.copy_id, lease + 1)
    render_copy(first.copy_id, lease + 2)

    assert Message.objects.count() == 2
    assert not Copy.objects.due().exists()


def test_staff_can_send_again(visitor, sink):
    post(visitor)
    submission = Submission.objects.get()
    assert delivery.send_again(submission)
    assert not Message.objects.exists(), "it will leave by itself"
    render_copy(submission.copy_id, 0)

    assert delivery.send_again(submission)

    assert submission.messages.count() == 2


def test_a_copy_sent_again_has_a_link_that_opens(visitor, sink):
    post(visitor)
    submission = Submission.objects.get()
    render_copy(submission.copy_id, 0)
    Copy.objects.update(link_expires_at=Now() - delivery.DAY)

    assert delivery.send_again(submission)

    assert Copy.objects.get().is_open


def test_an_abandoned_copy_is_rendered_anew_when_sent_again(visitor, sink):
    post(visitor)
    submission = Submission.objects.get()
    Copy.objects.update(failed_at=Now(), next_attempt_at=None)

    assert delivery.send_again(submission)

    assert Copy.objects.due().get() == submission.copy


def test_nothing_can_be_sent_again_to_a_suspect(visitor):
    post(visitor, website="x")

    assert not delivery.send_again(Submission.objects.get())


def test_a_page_that_reloads_by_itself_can_be_stopped(visitor):
    post(visitor)
    path = f"/suivi/{Submission.objects.get().token}/"

    page = visitor.get(path).content.decode()
    assert 'http-equiv="refresh"' in page
    assert 'href="?actualisation=non"' in page
    still = visitor.get(f"{path}?actualisation=non").content.decode()
    assert "refresh" not in still
    assert "Recharger cette page" in still


def test_figures_of_the_study_are_there_to_read_meanwhile(visitor):
    post(visitor)

    page = Page(state(visitor, Submission.objects.get())[1])

    for key in ("professionnels-utilisateurs", "validation-humaine", "responsabilite"):
        assert study.FIGURES[key].sentence in page.flow
    assert "Champ\u00a0: patients" in page.flow
