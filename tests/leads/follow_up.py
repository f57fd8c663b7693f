"""What tests of the follow-up page's actions share: a submission, as time passes."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import F

from leads.models import Submission
from outbox.models import Message
from outbox.tasks import send_message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.test_request import ANSWERS

MEANT = "zoe@chu-exemple.fr"


def submit(client, **changes):
    """Post the form, and let the first second pass (VEIL)."""
    answer = client.post("/", {**ANSWERS, **changes})
    assert answer.status_code == 303
    submission = Submission.objects.latest("pk")
    later(2)
    return submission


def later(seconds):
    """Let time pass for every submission."""
    past = timedelta(seconds=seconds)
    Submission.objects.update(
        created_at=F("created_at") - past, resend_asked_at=F("resend_asked_at") - past
    )


def work():
    """Do once what workers would: render what is owed, then send it."""
    for copy in Copy.objects.due():
        render_copy(copy.pk, copy.lease_no)
    for message in Message.objects.due():
        send_message(message.pk, message.lease_no)


def act(client, submission, action, **data):
    return client.post(f"/suivi/{submission.token}/{action}/", data)


def page(client, submission):
    response = client.get(f"/suivi/{submission.token}/")
    assert response.status_code == 200
    return response.content.decode()


def told(html):
    return html.split('data-state="')[1].split('"')[0]


def received(sink):
    """Return whom the mail server took messages for, in order."""
    return [to for message in sink.messages for to in message.recipients]
