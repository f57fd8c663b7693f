"""Failed and withheld messages have a screen: cause, what to do, sent again."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.db.models.functions import Now

from outbox.models import Breaker, Message, MessageEvent, mail_server
from tests.leads.factories import LeadFactory, MessageFactory
from tests.leads.pages import notices, page, shown

pytestmark = pytest.mark.django_db
Kind = MessageEvent.Kind
LIST = "outbox_undelivered_changelist"


def ended(kind=Kind.REFUSED, reason="unknown", cause="5.1.1 no such user", **values):
    """A message that reached nobody."""
    field = {Kind.WITHHELD: "withheld_at", Kind.BOUNCED: "bounced_at"}
    values[field.get(kind, "failed_at")] = Now()
    if kind == Kind.BOUNCED:
        values["accepted_at"] = Now()
    values.setdefault("lead", LeadFactory())
    message = MessageFactory(next_attempt_at=None, attempts=3, **values)
    code = 550 if kind == Kind.REFUSED else None
    message.record(kind, reason=reason, cause=cause, smtp_code=code)
    return message


def ask(client, *rows, confirmed=True, **data):
    data = {"action": "send_again", "_selected_action": [r.pk for r in rows], **data}
    if confirmed:
        data["confirmed"] = "oui"
    return client.post(page(LIST), data, follow=True)


def test_cause_and_what_to_do_are_said_in_french(client, sign_in):
    sign_in("Marketing")
    ended()
    ended(Kind.ABANDONED, "later", "451 4.3.0")
    ended(Kind.WITHHELD, "suppressed", "adresse écartée")
    ended(Kind.BOUNCED, "full", "5.2.2")

    text = client.get(page(LIST)).text

    for words in (
        "adresse inconnue", "Vérifier l’adresse", "550 5.1.1 no such user", "refusé",
        "abandonné", "adresse écartée", "boîte pleine", "rebond",
    ):  # fmt: skip
        assert words in text


def test_only_what_reached_nobody_is_listed(client, sign_in):
    sign_in("Marketing")
    refused = ended()
    MessageFactory(lead=LeadFactory())
    MessageFactory(lead=LeadFactory(), accepted=True)
    ended(lead=LeadFactory(suspect=True))
    ended(lead=LeadFactory(erased=True))

    response = client.get(page(LIST))

    assert [row.pk for row in shown(response)] == [refused.pk]


@pytest.mark.parametrize(
    ("query", "count"),
    [({"issue": "refused"}, 1), ({"issue": "withheld"}, 1), ({"cause": "quota"}, 1)],
)
def test_it_is_cut_by_outcome_and_by_cause(client, sign_in, query, count):
    sign_in("Marketing")
    ended()
    ended(Kind.WITHHELD, "quota")

    assert len(shown(client.get(page(LIST, **query)))) == count


def test_sending_again_asks_first_with_the_count(client, sign_in):
    sign_in("Marketing")
    rows = [ended() for _ in range(3)]

    response = ask(client, *rows, confirmed=False)

    assert "Renvoyer 3\u00a0messages\u202f?" in response.text
    assert rows[0].recipient in response.text
    assert not Message.objects.filter(next_attempt_at__isnull=False).exists()


def test_once_confirmed_they_are_owed_again_as_they_are(client, sign_in, sink, send):
    user = sign_in("Marketing")
    rows = [ended(), ended(Kind.ABANDONED, "later"), ended(Kind.WITHHELD, "quota")]

    response = ask(client, *rows)

    assert notices(response) == ["3 envois relancés\u00a0: ils partent dans l’instant."]
    assert LogEntry.objects.filter(user=user).count() == 3
    first = Message.objects.get(pk=rows[0].pk)
    assert (first.attempts, first.failed_at) == (0, None)
    assert first.events.last().kind == Kind.QUEUED
    assert send(first).state == "accepted"
    assert rows[0].message_id in {m.mail["Message-ID"] for m in sink.messages}


@pytest.mark.parametrize("reason", ["corrected", "erased"])
def test_what_is_withheld_for_good_is_never_owed_again(client, sign_in, reason):
    sign_in("Marketing")

    ask(client, ended(Kind.WITHHELD, reason))

    assert not Message.objects.filter(next_attempt_at__isnull=False).exists()


def test_all_of_a_cause_are_sent_again_at_once(client, sign_in):
    sign_in("Marketing")
    rows = [ended(reason="identity") for _ in range(3)]
    other = ended()
    url = page(LIST, cause="identity")

    asked = client.post(
        url,
        {"action": "send_again", "select_across": "1", "_selected_action": rows[0].pk},
    )
    assert "3\u00a0messages" in asked.text
    assert asked.context["post_to"] == url
    hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', asked.text)
    client.post(asked.context["post_to"], dict(hidden))

    assert set(Message.objects.filter(failed_at=None)) == {
        Message.objects.get(pk=row.pk) for row in rows
    }
    other.refresh_from_db()
    assert other.failed_at


def test_one_is_sent_again_from_its_own_page(client, sign_in):
    sign_in("Marketing")
    row = ended(lead=LeadFactory(suspect=True))
    url = page("outbox_undelivered_change", row.pk)
    assert "Renvoyer" in client.get(url).text

    asked = client.post(
        url, {"CHANGE_FORM-action": "send_again", "_selected_action": row.pk}
    )
    data = {"action": "send_again", "_selected_action": row.pk, "confirmed": "oui"}
    client.post(asked.context["post_to"], data)

    row.refresh_from_db()
    assert row.next_attempt_at


def test_what_bounced_was_sent_and_is_left_alone(client, sign_in):
    sign_in("Marketing")
    bounced = ended(Kind.BOUNCED)

    response = ask(client, bounced)

    assert any("rebondi" in notice for notice in notices(response))
    bounced.refresh_from_db()
    assert bounced.next_attempt_at is None
    assert bounced.accepted_at


def test_who_may_not_send_sees_no_button_and_is_refused(client, sign_in):
    sign_in("DPO")
    row = ended()
    assert "Renvoyer" not in client.get(page(LIST)).text

    ask(client, row)

    row.refresh_from_db()
    assert row.failed_at


def test_staff_without_a_group_see_nothing(client, sign_in):
    sign_in()
    assert client.get(page(LIST)).status_code == 403


@pytest.mark.logs("outbox.breaker")
def test_a_server_that_is_left_alone_is_told_in_words(client, sign_in):
    sign_in("Marketing")
    MessageFactory.create_batch(2, lead=LeadFactory())
    assert "Le serveur de messagerie répond" in client.get(page(LIST)).text

    Breaker.objects.failed(mail_server(), "sign-in", "535 5.7.8 no", opens=True)

    text = client.get(page(LIST)).text
    assert "Les envois sont suspendus\u00a0: identifiants refusés" in text
    assert "2\u00a0envois attendent et partiront d’eux-mêmes." in text
    assert "Corriger l’identifiant" in text
    assert "535 5.7.8 no" in text


def test_the_list_costs_the_same_however_many_rows(
    client, sign_in, django_assert_max_num_queries
):
    sign_in("Marketing")
    for _ in range(12):
        ended()
    with django_assert_max_num_queries(12):
        client.get(page(LIST))
