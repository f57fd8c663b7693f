"""The form is no weapon: limits per recipient, per domain, per network, overall."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import F
from django.db.models.functions import Now
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from leads import throttling
from leads.models import Lead, Quota, Submission
from leads.tasks import forget_quotas
from outbox.models import Message, Suppression, suppression_hash
from outbox.replies import REASONS
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.pages import page, shown
from tests.leads.test_request import ANSWERS, post

pytestmark = pytest.mark.django_db


def render_all():
    for copy in Copy.objects.due().order_by("pk"):
        render_copy(copy.pk, copy.lease_no)


def reasons():
    ends = Message.objects.filter(withheld_at__isnull=False).order_by("pk")
    return [message.events.get().reason for message in ends]


def reasons_of(message):
    return list(message.events.values_list("reason", flat=True))


# --- Whose network -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "network"),
    [
        ("203.0.113.77", "", 0, "203.0.113.0/24"),
        ("203.0.113.77", "198.51.100.9", 0, "203.0.113.0/24"),  # Nobody vouches for it.
        ("10.0.0.1", "203.0.113.77", 1, "203.0.113.0/24"),
        # What the client wrote stands on the left of what our proxy added.
        ("10.0.0.1", "198.51.100.9, 203.0.113.77", 1, "203.0.113.0/24"),
        ("10.0.0.1", "x, 203.0.113.77 ,10.0.0.2", 2, "203.0.113.0/24"),
        ("10.0.0.1", "203.0.113.77", 2, "203.0.113.0/24"),  # Fewer hops than told.
        ("203.0.113.77", "", 1, "203.0.113.0/24"),
        ("10.0.0.1", "198.51.100.9,", 1, "10.0.0.0/24"),
        ("10.0.0.1", "evil", 1, "unknown"),
        ("2001:db8:aa:bbcc:1::1", "", 0, "2001:db8:aa:bb00::/56"),
        ("::ffff:203.0.113.77", "", 0, "203.0.113.0/24"),
        ("fe80::1%eth0", "", 0, "fe80::/56"),
        ("10.0.0.1", "fe80::1%eth0/1", 1, "fe80::/56"),
        ("", "", 0, "unknown"),  # A socket of UNIX.
    ],
)
def test_a_client_is_its_network(settings, peer, forwarded, proxies, network):
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": forwarded} if forwarded else {}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR=peer)

    assert throttling.client_network(request) == network


def test_a_client_cannot_choose_its_network(visitor, settings):
    settings.TRUSTED_PROXIES, settings.POSTS_PER_NETWORK_PER_HOUR = 1, 2
    statuses = [
        visitor.post(
            "/",
            {**ANSWERS, "email": f"a{number}@exemple.fr"},
            headers={"X-Forwarded-For": f"192.0.{number}.1, 203.0.113.{number}"},
        ).status_code
        for number in range(3)
    ]

    assert statuses == [303, 303, 429]


def test_the_site_as_a_whole_has_a_limit(visitor, settings):
    """S11: so are those of the site."""
    settings.POSTS_PER_HOUR = 1
    assert post(visitor).status_code == 303

    response = visitor.post("/", ANSWERS, REMOTE_ADDR="198.51.100.1")
    assert response.status_code == 429


# --- Counters ----------------------------------------------------------------------


def test_counters_of_yesterday_are_forgotten_and_those_of_today_kept(visitor):
    post(visitor)
    post(visitor, email="a@exemple.fr")
    assert {quota.count for quota in Quota.objects.all()} == {2}
    old = Quota.objects.first()
    Quota.objects.filter(pk=old.pk).update(hour=F("hour") - timedelta(hours=25))

    forget_quotas()
    forget_quotas()

    assert not Quota.objects.filter(pk=old.pk).exists()
    assert Quota.objects.count() == 1


def test_an_hour_that_is_over_counts_no_more(visitor, settings):
    settings.POSTS_PER_NETWORK_PER_HOUR = 1
    post(visitor)
    assert post(visitor, email="a@exemple.fr").status_code == 429
    Quota.objects.update(hour=F("hour") - timedelta(hours=1))

    assert post(visitor, email="a@exemple.fr").status_code == 303


def test_no_domain_is_written_down(visitor, sink):
    post(visitor)
    render_all()

    keys = [bytes(quota.key) for quota in Quota.objects.all()]
    assert len(keys) == 3  # Network, everybody, domain.
    assert not any(b"exemple" in key for key in keys)


# --- Domains -----------------------------------------------------------------------


def ask(visitor, *addresses):
    for address in addresses:
        assert post(visitor, email=address).status_code == 303
    render_all()


def test_a_domain_that_had_its_fill_gets_no_more_and_nobody_is_told(
    visitor, sink, settings
):
    settings.MAIL_PER_DOMAIN_PER_HOUR = 2

    ask(visitor, "a@chu.exemple.fr", "b@CHU.exemple.fr", "c@chu.exemple.fr")
    ask(visitor, "d@ch.exemple.fr")

    assert Message.objects.due().count() == 3
    assert reasons() == ["domain-quota"]
    Submission.objects.update(created_at=Now() - timedelta(seconds=2))
    third = Submission.objects.get(email="c@chu.exemple.fr")
    text = visitor.get(f"/suivi/{third.token}/").text
    assert 'data-state="withheld"' in text
    assert "quota" not in text


def test_mailboxes_of_everybody_are_no_domain(visitor, sink, settings):
    settings.MAIL_PER_DOMAIN_PER_HOUR = 0

    ask(visitor, "a@gmail.com", "b@orange.fr", "c@aphp.fr")

    assert Message.objects.due().count() == 2
    assert reasons() == ["domain-quota"]


def test_who_bombs_one_mailbox_does_not_close_its_hospital(visitor, sink, settings):
    settings.MAIL_PER_DOMAIN_PER_HOUR = 5
    for number in range(10):
        post(visitor, email="cible@chu.exemple.fr", organisation=f"Centre {number}")
    render_all()

    ask(visitor, "b@chu.exemple.fr", "c@chu.exemple.fr")

    assert reasons() == ["quota"] * 7
    assert Message.objects.due().count() == 5


def test_no_limit_per_domain_where_it_is_lifted(visitor, sink, settings):
    settings.MAIL_PER_DOMAIN_PER_HOUR = None

    ask(visitor, "a@chu.exemple.fr")

    assert Message.objects.due().count() == 1


def test_staff_see_why_and_can_send_it_again(client, visitor, sink, settings, sign_in):
    settings.MAIL_PER_DOMAIN_PER_HOUR = 0
    ask(visitor, "a@chu.exemple.fr")
    message = Message.objects.get()
    sign_in("Marketing")
    url = page("outbox_undelivered_changelist", cause="domain-quota")

    response = client.get(url)
    assert shown(response) == [message]
    assert REASONS["domain-quota"].cause in response.text
    assert REASONS["domain-quota"].staff in response.text
    data = {"action": "send_again", "_selected_action": [message.pk], "confirmed": "1"}
    client.post(url, data)

    assert Message.objects.due().get() == message


# --- A hundred posts ---------------------------------------------------------------


@pytest.fixture
def _open_network(settings):
    settings.POSTS_PER_NETWORK_PER_HOUR = settings.POSTS_PER_HOUR = None


@pytest.mark.usefixtures("_open_network")
@pytest.mark.parametrize("answers", ["the same", "others each time"])
def test_a_hundred_posts_with_one_address_make_as_many_mails_as_its_quota(
    visitor, sink, send, settings, answers
):
    """S11: mails to one address are bounded."""
    responses = []
    for number in range(100):
        changes = {} if answers == "the same" else {"organisation": f"Centre {number}"}
        responses.append(post(visitor, **changes))
        render_all()
        if number % 2:  # Some at once, some later than a double click.
            Submission.objects.update(created_at=Now() - timedelta(minutes=5))
    while due := Message.objects.due().first():
        send(due)

    assert {(r.status_code, len(r.url), len(r.content)) for r in responses} == {
        (303, len(responses[0].url), 0)
    }
    assert len(sink.messages) == settings.MAIL_PER_RECIPIENT_PER_DAY
    assert Lead.objects.count() == 1


# --- Known, unknown, set aside -------------------------------------------------------


TRANSACTION = {"BEGIN", "COMMIT", "SAVEPOINT", "RELEASE"}


def statements(visitor, **changes):
    """Return the kinds of statements that one post takes, in order."""
    with CaptureQueriesContext(connection) as queries:
        assert post(visitor, **changes).status_code == 303
    return [query["sql"].split()[0] for query in queries]


@pytest.mark.parametrize("rendered", [True, False])
def test_known_unknown_and_suppressed_addresses_cost_the_same(visitor, sink, rendered):
    """S16: the form tells nobody who is known."""
    unknown = statements(visitor)
    if rendered:
        render_all()
    Submission.objects.update(created_at=Now() - timedelta(minutes=5))
    known_for_the_same = statements(visitor)
    known_for_another = statements(visitor, organisation="Autre centre")
    Suppression.objects.create(
        address_hash=suppression_hash("zoe.loeuf@chu-exemple.fr"), reason="opposition"
    )
    suppressed = statements(visitor, organisation="Encore un autre")
    stranger = "personne@chu-exemple.fr"
    Suppression.objects.create(address_hash=suppression_hash(stranger), reason="bounce")
    unknown_suppressed = statements(visitor, email=stranger)

    assert len(unknown) == len(known_for_the_same)
    assert unknown == known_for_another == suppressed == unknown_suppressed


@pytest.mark.parametrize(("news", "expected"), [({}, 5), ({"news_consent": "on"}, 6)])
def test_a_post_takes_six_statements_at_most(visitor, news, expected):
    beside = [kind for kind in statements(visitor, **news) if kind not in TRANSACTION]

    assert len(beside) == expected


def test_a_suppressed_address_gets_nothing_and_the_common_answer(visitor, sink, send):
    Suppression.objects.create(
        address_hash=suppression_hash("zoe.loeuf@chu-exemple.fr"), reason="complaint"
    )
    post(visitor)
    render_all()
    send(Message.objects.get())

    assert not sink.messages
    assert reasons_of(Message.objects.get())[-1] == "suppressed"
