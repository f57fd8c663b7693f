"""A secret that was opened a moment ago does nothing that is no longer its own."""

from __future__ import annotations

import pytest

from leads import privacy
from leads.calling import call_at
from leads.correction import correct
from leads.models import ConsentEvent, PrivacyEvent, Submission
from outbox.models import Message
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.follow_up import MEANT, later, submit, work
from tests.leads.test_request import ANSWERS

pytestmark = pytest.mark.django_db
NUMBER = "+33199000000"


def granted(lead):
    events = ConsentEvent.objects.filter(lead=lead, purpose="rappel").order_by("pk")
    return list(events.values_list("granted", flat=True))


def another(visitor, **changes):
    """Post once more, long after; return the new submission."""
    later(180)
    visitor.post("/", {**ANSWERS, **changes})
    return Submission.objects.latest("pk")


def test_correcting_while_it_leaves_spares_no_quota(visitor, settings):
    settings.POSTS_PER_NETWORK_PER_HOUR = None
    left = 0
    for number in range(settings.MAIL_PER_RECIPIENT_PER_DAY + 3):
        name = "Nom" + "abcdefgh"[number]
        visitor.post("/", {**ANSWERS, "first_name": name})
        submission = Submission.objects.filter(corrects=None).latest("pk")
        render_copy(submission.copy.pk, submission.copy.lease_no)
        message = submission.messages.get()
        if message.withheld_at:
            continue
        Message.objects.claim(message.pk, message.lease_no).begin_handing_over()
        correct(submission, f"jetable{number}@exemple.fr")
        left += 1

    assert left == settings.MAIL_PER_RECIPIENT_PER_DAY


def test_nothing_comes_back_to_whom_was_erased_meanwhile(visitor):
    opened = submit(visitor)
    privacy.erase(opened.lead, PrivacyEvent.Kind.NOT_ME)

    call_at(opened, NUMBER)

    assert correct(opened, MEANT) is None
    assert Submission.objects.get().phone == ""
    assert Copy.objects.count() == 1
    assert granted(opened.lead) == []


def test_a_number_does_not_follow_an_address_that_was_wrong(visitor):
    opened = submit(visitor)
    correct(Submission.objects.get(pk=opened.pk), MEANT)

    call_at(opened, NUMBER)

    opened.refresh_from_db()
    assert opened.phone == ""
    assert granted(opened.lead) == []


def test_an_agreement_that_was_taken_back_stays_so(visitor):
    first = submit(visitor)
    call_at(first, NUMBER)
    call_at(first, "")
    strangers = another(visitor, first_name="Autre")
    call_at(strangers, NUMBER)

    correct(strangers, MEANT)

    assert granted(first.lead) == [True, False, True, False]


def test_a_shared_copy_is_mailed_no_more_for_who_corrected(visitor, sink):
    submit(visitor)
    work()
    second = another(visitor)

    correct(second, MEANT)
    work()

    recipients = [message.mail["To"].lower() for message in sink.messages]
    assert recipients == [ANSWERS["email"].lower(), MEANT]


def test_the_same_answers_do_not_lead_to_a_corrected_submission(visitor):
    submit(visitor)
    second = another(visitor)
    correct(second, MEANT)

    answer = visitor.post("/", ANSWERS)

    assert second.token not in answer.url
    assert Submission.objects.latest("pk").messages.count() == 0
    assert Submission.objects.count() == 4
