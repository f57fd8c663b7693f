"""Providers tell what became of a message: signed, in any order, more than once."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time

import pytest
from django.core.exceptions import ImproperlyConfigured

from outbox import bounces
from outbox.models import Message, MessageEvent, Suppression
from tests.outbox.factories import MessageFactory

pytestmark = [pytest.mark.django_db, pytest.mark.logs("django.security")]
SECRET = "anymail:a-long-secret"
KEY = "signing-key"


def brevo(message, **changes):
    return {
        "event": "delivered",
        "email": message.recipient,
        "message-id": message.message_id,
        "ts_epoch": int(time.time() * 1000),
        **changes,
    }


def mailgun(message, event="delivered", **changes):
    stamp, token = str(int(time.time())), "0" * 50
    signature = hmac.new(KEY.encode(), f"{stamp}{token}".encode(), hashlib.sha256)
    return {
        "signature": {
            "timestamp": stamp,
            "token": token,
            "signature": signature.hexdigest(),
        },
        "event-data": {
            "event": event,
            "id": "event-1",
            "timestamp": time.time(),
            "recipient": message.recipient,
            "message": {"headers": {"message-id": message.message_id.strip("<>")}},
            **changes,
        },
    }


def mailjet(message, **changes):
    return {
        "event": "sent",
        "time": int(time.time()),
        "MessageID": 19421777835146490,
        "email": message.recipient,
        "Payload": json.dumps({"uid": str(message.uid)}),
        **changes,
    }


def postmark(message, **changes):
    return {
        "RecordType": "Delivery",
        "MessageID": "883953f4-6105-42a2-a16a-77a8eac79483",
        "Recipient": message.recipient,
        "DeliveredAt": "2026-11-25T08:00:00Z",
        "Metadata": {"uid": str(message.uid)},
        **changes,
    }


def bounce(provider, message):
    return {
        "brevo": lambda: brevo(
            message, event="hard_bounce", reason="550 5.1.1 unknown"
        ),
        "mailgun": lambda: mailgun(
            message,
            "failed",
            severity="permanent",
            **{"delivery-status": {"code": 550, "message": "5.1.1 unknown"}},
        ),
        "mailjet": lambda: mailjet(
            message, event="bounce", hard_bounce=True, error="user unknown"
        ),
        "postmark": lambda: postmark(
            message, RecordType="Bounce", Type="HardBounce", Details="550 5.1.1"
        ),
    }[provider]()


DELIVERED = {
    "brevo": brevo, "mailgun": mailgun, "mailjet": mailjet, "postmark": postmark
}  # fmt: skip


@pytest.fixture
def tell(client, settings):
    """Post an event as a provider does."""

    def tell(event, provider="brevo", secret=SECRET):
        settings.MAIL_PROVIDER = provider
        settings.ANYMAIL = {
            "WEBHOOK_SECRET": SECRET,
            "MAILGUN_WEBHOOK_SIGNING_KEY": KEY,
        }
        settings.ROOT_URLCONF = tuple(bounces.urls())
        content = event if isinstance(event, bytes) else json.dumps(event).encode()
        return client.post(
            "/courriel/evenements/",
            content,
            content_type="application/json",
            headers={
                "Authorization": "Basic " + base64.b64encode(secret.encode()).decode()
            },
        ).status_code

    return tell


@pytest.fixture
def message():
    return MessageFactory(accepted=True)


@pytest.mark.parametrize("provider", DELIVERED)
def test_each_provider_says_delivered(tell, message, provider):
    assert tell(DELIVERED[provider](message), provider) == 200

    message.refresh_from_db()
    assert message.state == Message.State.DELIVERED
    assert message.events.get().kind == MessageEvent.Kind.DELIVERED
    assert not Suppression.objects.exists()


@pytest.mark.parametrize("provider", DELIVERED)
def test_each_provider_says_bounced_and_the_address_is_set_aside(
    tell, message, provider
):
    assert tell(bounce(provider, message), provider) == 200

    message.refresh_from_db()
    assert message.state == Message.State.BOUNCED
    assert message.events.get().reason
    assert Suppression.objects.get().reason == "bounce"
    assert Suppression.objects.covers(message.recipient)


def test_a_soft_bounce_sets_no_address_aside(tell, message):
    tell(brevo(message, event="soft_bounce", reason="452 4.2.2 full"))

    message.refresh_from_db()
    assert message.state == Message.State.BOUNCED
    assert not Suppression.objects.exists()


def test_a_complaint_sets_the_address_aside(tell, message):
    tell(brevo(message, event="complaint"))

    message.refresh_from_db()
    assert message.state == Message.State.ACCEPTED
    assert Suppression.objects.get().reason == "complaint"


def test_a_delay_is_written_down(tell, message):
    tell(brevo(message, event="deferred", reason="greylisted"))

    assert message.events.get().kind == MessageEvent.Kind.DEFERRED
    message.refresh_from_db()
    assert message.state == Message.State.ACCEPTED


@pytest.mark.parametrize("event", ["opened", "click", "unique_proxy_open"])
def test_what_a_reader_does_is_not_kept(tell, message, event):
    assert tell(brevo(message, event=event)) == 200
    assert not message.events.exists()


def test_told_twice_it_is_written_once(tell, message):
    event = brevo(message)

    assert tell(event) == tell(event) == 200

    assert message.events.count() == 1


@pytest.mark.parametrize("bounced_first", [True, False])
def test_in_any_order_a_bounce_is_the_last_word(tell, message, bounced_first):
    events = [bounce("brevo", message), brevo(message)]
    for event in events if bounced_first else reversed(events):
        tell(event)

    message.refresh_from_db()
    assert message.state == Message.State.BOUNCED


def test_proof_of_delivery_ends_an_attempt_of_unknown_fate(tell, sink, send):
    message = MessageFactory(attempts=1)

    tell(brevo(message))

    assert send(message).accepted_at
    assert not sink.messages


def test_an_unknown_message_changes_nothing(tell, message):
    stranger = MessageFactory.build()

    assert tell(bounce("brevo", stranger)) == 200
    assert tell(brevo(stranger, **{"message-id": None})) == 200
    assert tell(brevo(stranger, **{"message-id": "\x00"})) == 200

    assert not MessageEvent.objects.exists()
    assert not Suppression.objects.exists()


def test_only_our_own_recipient_can_be_set_aside(tell, message):
    tell({**bounce("brevo", message), "email": "somebody.else@exemple.fr"})

    assert Suppression.objects.covers(message.recipient)
    assert not Suppression.objects.covers("somebody.else@exemple.fr")


@pytest.mark.parametrize("secret", ["", "anymail:", "anymail:wrong", SECRET + "x"])
@pytest.mark.parametrize("provider", DELIVERED)
def test_whoever_does_not_know_the_secret_is_refused(tell, message, provider, secret):
    assert tell(bounce(provider, message), provider, secret) == 400

    assert not MessageEvent.objects.exists()
    assert not Suppression.objects.exists()


def test_a_forged_signature_is_refused(tell, message):
    event = bounce("mailgun", message)
    event["signature"]["signature"] = "0" * 64

    assert tell(event, "mailgun") == 400
    assert not MessageEvent.objects.exists()


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"null", b"\xff", b'{"event":'])
@pytest.mark.parametrize("provider", DELIVERED)
def test_nonsense_is_refused_and_breaks_nothing(tell, provider, content):
    assert tell(content, provider) == 400


@pytest.mark.parametrize("provider", DELIVERED)
def test_too_long_a_body_is_not_read(tell, provider):
    assert tell(b"x" * 200_000, provider) == 413


@pytest.mark.parametrize("provider", bounces.PROVIDERS)
def test_a_message_carries_what_the_provider_will_name_it_by(
    settings, sink, send, provider
):
    settings.MAIL_PROVIDER = provider

    message = send(MessageFactory())

    header = bounces.PROVIDERS[provider].header
    assert str(message.uid) in sink.messages[0].mail[header]


def test_without_a_provider_nothing_is_open(client, message):
    assert bounces.urls() == []
    assert bounces.tracking_headers(message) == {}
    assert client.post("/courriel/evenements/").status_code == 404


def test_an_unknown_provider_is_refused_at_start(settings):
    settings.MAIL_PROVIDER = "pigeon"

    with pytest.raises(ImproperlyConfigured, match="brevo"):
        bounces.urls()
