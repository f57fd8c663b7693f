"""What one person, or somebody with their link, presses twice or all at once."""

from __future__ import annotations

import threading

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client

from leads import consent, rights, unsubscribe
from leads.models import ConsentEvent, DataLink, Lead, RightsRequest, Submission
from leads.rights_mail import code_of
from tests.leads.factories import SubmissionFactory

pytestmark = pytest.mark.django_db(transaction=True)
HERE = {"HTTP_SEC_FETCH_SITE": "same-origin"}


def at_once(*posts):
    """Post them all together, each on a connection of its own; return the statuses."""
    ready, statuses = threading.Barrier(len(posts)), []

    def press(url, data):
        try:
            ready.wait(timeout=20)
            statuses.append(Client().post(url, data, **HERE).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=post) for post in posts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return statuses


@pytest.fixture
def link():
    submission = SubmissionFactory(copy=None, phone="+33199000000")
    consent.record_news(submission, "/")
    link = DataLink(address=submission.email)
    link.save()
    hashed = rights.data_links.suppression_hash(submission.lead.email_key)
    DataLink.objects.filter(pk=link.pk).update(
        lead=submission.lead,
        address="",
        address_hash=hashed,
        expires_at=Now() + rights.data_links.LIFETIME,
        next_attempt_at=None,
    )
    rights.send_code(link)
    return DataLink.objects.get()


def test_r23_whatever_is_pressed_with_erasure_leaves_nothing(link):
    """R23: erase and freeze, agree, correct, object, unsubscribe, all together."""
    page = f"/mes-donnees/{link.token}/"
    said = {
        "first_name": "Revenante",
        "last_name": "Revenante",
        "organisation": "Revenante",
        "organisation_type": link.lead.organisation_type,
        "job_function": link.lead.job_function,
        "region": link.lead.region,
    }

    statuses = at_once(
        (f"{page}effacer/", {"code": code_of(link)}),
        (f"{page}effacer/", {"code": code_of(link)}),
        (f"{page}suspendre/", {}),
        (f"{page}accord/actualites/", {"granted": "non"}),
        (f"{page}mesure/", {"granted": "non"}),
        (f"{page}corriger/", said),
        (f"/desinscription/{unsubscribe.token_of(link.lead_id)}/", {}),
    )

    assert set(statuses) <= {200, 303, 410}
    lead = Lead.objects.get()
    assert lead.erased_at
    assert (lead.email, lead.first_name, lead.frozen_at) == ("", "", None)
    assert not Submission.objects.exclude(email="", phone="").exists()
    for row in (*RightsRequest.objects.all(), *ConsentEvent.objects.all()):
        assert "Revenante" not in str(vars(row))
    assert RightsRequest.objects.filter(right="effacement").count() == 1


def test_a_code_is_tried_five_times_however_many_try_at_once(link):
    """R18: six digits are guessed by nobody."""
    right = code_of(link)
    wrong = [f"{number:06d}" for number in range(9) if f"{number:06d}" != right][:8]
    page = f"/mes-donnees/{link.token}/effacer/"

    statuses = at_once(*[(page, {"code": code}) for code in wrong])

    assert set(statuses) == {422}
    assert DataLink.objects.get().code_tries == rights.MOST_TRIES
    assert Client().post(page, {"code": right}, **HERE).status_code == 422
    assert Lead.objects.get().erased_at is None
