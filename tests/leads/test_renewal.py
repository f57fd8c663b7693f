"""A link that has expired is renewed by mail, and its page tells nobody anything."""

from __future__ import annotations

import re
import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models.functions import Now
from django.test import Client
from django.utils import timezone

from leads.delivery import send_again
from leads.models import Submission
from outbox.models import Message, Suppression, suppression_hash
from reports import editions, emails
from reports.models import LINK_LIFETIME, Copy, Edition
from tests.leads.factories import delivered

pytestmark = pytest.mark.django_db
YESTERDAY = timedelta(days=1)


@pytest.fixture
def expired():
    """A copy that was mailed, whose link has expired."""
    copy = delivered().copy
    Copy.objects.filter(pk=copy.pk).update(link_expires_at=Now() - YESTERDAY)
    # Long before: the mail of then is not counted against the mail of now.
    Message.objects.update(created_at=Now() - LINK_LIFETIME)
    copy.refresh_from_db()
    return copy


def page(token):
    return f"/exemplaire/{token}/"


def renew(client, token, **headers):
    return client.post(f"/exemplaire/{token}/renouveler/", headers=headers)


def owed():
    return Message.objects.filter(next_attempt_at__isnull=False)


def test_the_page_of_an_expired_link_offers_a_new_one_and_opening_it_sends_none(
    client, expired
):
    response = client.get(page(expired.token))

    assert response.status_code == 410
    html = response.content.decode()
    assert f'action="/exemplaire/{expired.token}/renouveler/"' in html
    assert client.get(f"/exemplaire/{expired.token}/renouveler/").status_code == 405
    assert not owed().exists()


def test_a_new_link_leaves_for_the_known_address_and_opens_the_same_copy(
    visitor, expired, sink, send
):
    old = expired.token

    response = renew(visitor, old)

    assert response.status_code == 200
    assert expired.recipient not in response.content.decode()
    message = send(owed().get())
    assert message.accepted_at
    [mail] = sink.messages
    assert mail.recipients == [expired.recipient]
    text = mail.mail.get_body(("plain",)).get_content()
    [new] = set(re.findall(r"/exemplaire/([\w-]+)/", text))
    assert new != old
    opened = visitor.get(page(new))
    assert opened.status_code == 200
    assert expired.reference in opened.content.decode()
    expired.refresh_from_db()
    assert expired.link_expires_at > timezone.now() + LINK_LIFETIME - YESTERDAY


def test_the_old_link_then_says_that_it_was_replaced_and_opens_nothing(
    visitor, expired
):
    old = expired.token
    renew(visitor, old)

    for response in (
        visitor.get(page(old)),
        visitor.post(f"{page(old)}telecharger/"),
    ):
        assert response.status_code == 410
        assert "a été remplacé" in response.content.decode()


def test_pressing_twice_sends_one_message(visitor, expired):
    answers = {renew(visitor, expired.token).content for _ in range(3)}

    assert len(answers) == 1
    assert owed().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_presses_at_once_send_one_message():
    Edition.objects.get_or_create(
        version=editions.PRESENT.version, defaults={"published_at": Now()}
    )
    copy = delivered().copy
    Copy.objects.update(link_expires_at=Now() - YESTERDAY)
    Message.objects.update(created_at=Now() - LINK_LIFETIME)
    barrier = threading.Barrier(4)
    statuses = []

    def press():
        barrier.wait()
        try:
            statuses.append(renew(Client(), copy.token).status_code)
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert statuses == [200] * 4
    assert owed().count() == 1


def suppressed(copy):
    Suppression.objects.create(
        address_hash=suppression_hash(copy.recipient), reason="complaint"
    )


def revoked(copy):
    Copy.objects.update(revoked_at=Now())


def damaged(copy):
    Copy.objects.update(damaged_at=Now())


@pytest.mark.parametrize("hold", [suppressed, revoked, damaged])
def test_where_nothing_may_leave_the_answer_is_the_same_and_nothing_has_changed(
    visitor, expired, hold
):
    expected = renew(visitor, delivered_and_expired().token)
    Message.objects.filter(next_attempt_at__isnull=False).delete()
    hold(expired)

    response = renew(visitor, expired.token)

    assert (response.status_code, response.content) == (200, expected.content)
    assert not owed().exists()
    assert not Copy.objects.get(pk=expired.pk).replaced_links.exists()


def delivered_and_expired():
    copy = delivered().copy
    Copy.objects.filter(pk=copy.pk).update(link_expires_at=Now() - YESTERDAY)
    return copy


def test_over_quota_the_answer_is_the_same_and_the_page_may_be_asked_again(
    visitor, expired, settings
):
    expected = renew(visitor, delivered_and_expired().token)
    before = Message.objects.count()
    settings.MAIL_PER_RECIPIENT_PER_DAY = 0

    response = renew(visitor, expired.token)

    assert (response.status_code, response.content) == (200, expected.content)
    assert Message.objects.count() == before
    assert "a expiré" in visitor.get(page(expired.token)).content.decode()
    settings.MAIL_PER_RECIPIENT_PER_DAY = 3
    renew(visitor, expired.token)
    assert Message.objects.count() == before + 1


def test_an_open_link_leads_to_its_page(visitor):
    copy = delivered().copy

    response = renew(visitor, copy.token)

    assert (response.status_code, response.url) == (302, page(copy.token))
    assert not owed().exists()


def test_another_site_cannot_press_and_a_made_up_link_is_not_found(client, expired):
    foreign = {"Sec-Fetch-Site": "cross-site"}

    assert renew(client, expired.token, **foreign).status_code == 403
    assert renew(client, "inconnu").status_code == 404
    assert not owed().exists()


def test_sent_again_by_staff_an_expired_copy_has_a_new_link(expired):
    old = expired.token

    assert send_again(Submission.objects.get(copy=expired))
    copy, reason = Copy.objects.behind(old)
    assert (copy, reason) == (expired, "replaced")
    assert owed().get().links["copy"]["generation"] == 2


def test_what_had_not_left_brings_the_new_link(visitor, expired):
    refused = expired.messages.get()
    Message.objects.filter(pk=refused.pk).update(
        accepted_at=None, failed_at=Now(), links=emails.synthesis(expired).links
    )

    renew(visitor, expired.token)

    Message.objects.filter(pk=refused.pk).owe_again()
    refused.refresh_from_db()
    assert refused.links["copy"]["generation"] == 2
