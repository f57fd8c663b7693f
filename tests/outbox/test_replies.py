"""Every class of answer, at every step of a real session, does what it should."""

from __future__ import annotations

import pytest

from outbox import sending
from outbox.models import Breaker, MessageEvent
from outbox.replies import REASONS, reason_of
from santescopie.mail import mailer
from tests.outbox.factories import MessageFactory
from tests.smtp import DRIP, DROP, HANG

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.logs("outbox.sending", "outbox.breaker", "mail.log"),
]
Kind = MessageEvent.Kind
STEP = 0.4  # Seconds for each read but the last.

# Where it stops, what is said there, the reason, and what comes of it:
# "final": given up. "later": an attempt is used up. "server": none is.
TABLE = [
    ("connect", "421 4.3.2 too busy", "busy", "server"),
    ("connect", "554 5.7.1 your network is blocked", "banner", "server"),
    ("connect", DROP, "dropped", "server"),
    ("connect", HANG, "timeout", "server"),
    ("connect", DRIP, "timeout", "server"),
    ("ehlo", DROP, "dropped", "server"),
    ("ehlo", HANG, "timeout", "server"),
    ("mail", "421 4.7.0 closing", "busy", "server"),
    ("mail", "432 4.3.2 concurrent connections", "busy", "server"),
    ("mail", "451 4.3.0 queue file", "busy", "server"),
    ("mail", "452 4.3.1 disk full", "busy", "server"),
    ("mail", "530 5.7.0 authentication required", "sign-in", "server"),
    ("mail", "550 5.7.1 sender not allowed", "sender", "server"),
    ("mail", "552 5.3.4 too big", "size", "final"),
    ("mail", DROP, "dropped", "server"),
    ("mail", HANG, "timeout", "server"),
    ("rcpt", "421 4.7.0 later", "busy", "later"),
    ("rcpt", "432 4.3.2 concurrent connections", "busy", "server"),
    ("rcpt", "450 4.2.0 greylisted", "greylist", "later"),
    ("rcpt", "450 4.2.1 mailbox busy", "later", "later"),
    ("rcpt", "451 4.3.0 later", "later", "later"),
    ("rcpt", "452 4.2.2 over quota", "full", "later"),
    ("rcpt", "501 5.1.3 bad syntax", "malformed", "final"),
    ("rcpt", "530 5.7.0 authentication required", "sign-in", "server"),
    ("rcpt", "550 no such user", "unknown", "final"),
    ("rcpt", "550 5.1.1 no such user", "unknown", "final"),
    ("rcpt", "550 5.1.10 null MX", "domain", "final"),
    ("rcpt", "550 5.2.1 disabled", "disabled", "final"),
    ("rcpt", "550 5.7.1 refused by policy", "policy", "final"),
    ("rcpt", "551 not local", "unknown", "final"),
    ("rcpt", "552 5.2.2 over quota", "full", "final"),
    ("rcpt", "553 no such mailbox", "unknown", "final"),
    ("rcpt", "554 5.7.1 <a@b>: Relay access denied", "sign-in", "server"),
    ("rcpt", "556 takes no mail", "domain", "final"),
    ("rcpt", DROP, "dropped", "server"),
    ("rcpt", HANG, "timeout", "server"),
    ("data", "421 4.3.2 closing", "busy", "later"),
    ("data", "451 4.3.0 later", "later", "later"),
    ("data", "503 5.5.1 no valid recipients", "refused", "final"),
    ("data", "554 5.5.1 no valid recipients", "policy", "final"),
    ("data", DROP, "dropped", "server"),
    ("data", HANG, "timeout", "server"),
    ("end", "421 4.7.0 busy", "busy", "later"),
    ("end", "450 4.7.1 later", "later", "later"),
    ("end", "451 4.3.0 later", "later", "later"),
    ("end", "452 4.3.1 full", "later", "later"),
    ("end", "432 4.3.2 concurrent connections", "busy", "server"),
    ("end", "550 5.7.26 unauthenticated", "identity", "final"),
    ("end", "550 5.7.515 access denied", "identity", "final"),
    ("end", "552 5.3.4 too big", "size", "final"),
    ("end", "552 too big", "size", "final"),
    ("end", "554 5.7.1 spam", "policy", "final"),
    ("end", "554 refused", "policy", "final"),
    ("end", DROP, "unknown-fate", "later"),
    ("end", HANG, "unknown-fate", "later"),
]


@pytest.fixture
def quick(settings, sink, monkeypatch):
    """A server that may hang: short steps, in a short session."""
    settings.MAILERS = {"default": mailer(f"{sink.url}?timeout={STEP}")}
    settings.DELAY_SCALE = 0.05
    monkeypatch.setattr(sending, "BATCH_MESSAGES", 1)  # So that no try follows.
    return sink


@pytest.mark.parametrize(("step", "told", "reason", "outcome"), TABLE)
def test_each_answer_has_its_class(quick, send, step, told, reason, outcome):
    if step == "end":
        quick.data = told if told not in (DROP, HANG) else "250 OK"
        quick.drop_after_dot = told == DROP
        quick.dot_delay = 5 if told == HANG else 0
    else:
        quick.play[step] = told

    message = send(MessageFactory())

    event = message.events.last()
    assert event.reason == reason
    assert event.reason in REASONS
    assert event.smtp_code == (int(told[:3]) if told[0].isdigit() else None)
    assert event.ambiguous == (reason == "unknown-fate")
    assert message.state == ("failed" if outcome == "final" else "deferred")
    assert message.attempts == (0 if outcome == "server" else 1)
    assert (message.next_attempt_at is None) == (outcome == "final")
    assert event.kind == (Kind.REFUSED if outcome == "final" else Kind.DEFERRED)


@pytest.mark.parametrize(
    ("answer", "opens"),
    [
        ("535 5.7.8 bad password", True),
        ("534 5.7.9 mechanism too weak", True),
        ("454 4.7.0 not now", False),
    ],
)
def test_a_refused_sign_in_uses_no_attempt_up(settings, quick, send, answer, opens):
    url = quick.url.replace("//", "//us%40er:secret@")
    settings.MAILERS = {"default": mailer(f"{url}?timeout=1")}
    quick.play["auth"] = answer

    message = send(MessageFactory())

    assert (message.attempts, message.state) == (0, "deferred")
    assert message.events.last().smtp_code == int(answer[:3])
    assert Breaker.objects.open().exists() == opens
    assert "secret" not in str(message.events.values())


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtps"])
def test_a_server_that_cannot_encrypt_gets_nothing(settings, quick, send, scheme):
    url = quick.url.replace("smtp", scheme)
    settings.MAILERS = {"default": mailer(f"{url}?timeout=1")}

    message = send(MessageFactory())

    assert (message.attempts, message.events.last().reason) == (0, "tls")
    assert not quick.messages


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("smtp://127.0.0.1:9", "away"),
        ("smtp://nom-introuvable.invalid", "dns"),
        (f"smtp://{'a' * 64}.exemple.fr", "dns"),
    ],
)
def test_a_server_that_is_not_there_uses_no_attempt_up(settings, send, url, reason):
    settings.MAILERS = {"default": mailer(f"{url}?timeout=1")}

    message = send(MessageFactory())

    assert (message.attempts, message.state) == (0, "deferred")
    event = message.events.last()
    assert (event.smtp_code, event.reason) == (None, reason)


def test_the_answer_to_the_final_dot_gets_what_is_left_of_the_session(quick, send):
    """Longer than any other read may take (RFC 5321, 4.5.3.2.6)."""
    quick.dot_delay = 2 * STEP

    message = send(MessageFactory())

    assert message.state == "accepted"


@pytest.mark.parametrize("told", [DROP, HANG, "500 what?", "421 bye"])
def test_a_farewell_that_fails_undoes_nothing(quick, send, told):
    quick.play["quit"] = told

    message = send(MessageFactory())

    assert message.state == "accepted"
    assert len(quick.messages) == 1


def test_every_reason_is_said_in_french_to_staff():
    for reason in REASONS.values():
        assert reason.cause
        assert reason.staff.endswith((".", "seul."))
        assert "'" not in reason.cause + reason.staff + reason.visitor


def test_a_bounce_is_read_by_its_enhanced_status():
    assert reason_of(None, "5.1.1") == "unknown"
    assert reason_of(None, "4.4.7 expired") == "undelivered"
    assert reason_of(None, "5.2.2") == "full"
    assert reason_of(None, "") == "refused"
