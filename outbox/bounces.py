"""Hear what became of a message after a server took it: webhooks and RFC 3464.

A report names its message by the Message-ID, whose random part only the recipient's
side has seen, or by what we had the provider carry. What names none changes nothing.
"""

from __future__ import annotations

import email
import email.policy
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.message import Message as Mail
from functools import partial
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.module_loading import import_string
from django.views.decorators.csrf import csrf_exempt

from outbox.models import (
    Message,
    MessageEvent,
    Suppression,
    mailbox_of,
    suppression_hash,
)
from outbox.replies import reason_of
from outbox.smtp import text_of

Kind = MessageEvent.Kind
MAX_SIZE = 10 * 1024 * 1024  # Bytes of a report that are read.
# Final for this message, and no fault of the address: the next one may arrive.
NOT_THE_ADDRESS = {"full", "identity", "policy", "sender", "size", "undelivered"}


@dataclass(frozen=True)
class Report:
    """One thing that somebody says happened to a message."""

    kind: Kind
    source: str  # Who says it, and what tells it from another of theirs.
    hard: bool = False  # The address itself is at fault.
    cause: str = ""
    at: datetime | None = None

    def apply(self, message: Message) -> bool:
        """Write it down, once; return whether it was news. In any order."""
        now = timezone.now()
        at = self.at if self.at and message.created_at <= self.at <= now else now
        failed = self.kind in (Kind.BOUNCED, Kind.COMPLAINED)
        with transaction.atomic():
            # Locked: of somebody erased meanwhile, no address may come back.
            message = Message.objects.select_for_update(no_key=True).get(pk=message.pk)
            _, new = MessageEvent.objects.get_or_create(
                message=message,
                fingerprint=hashlib.sha256(self.source.encode()).hexdigest(),
                defaults={
                    "kind": self.kind,
                    "at": at,
                    "attempt": message.attempts,
                    "worker": self.source.partition(":")[0],
                    "reason": self._reason() if failed else "",
                    "cause": text_of(self.cause) if message.recipient else "",
                },
            )
            if new:
                self._conclude(message, at)
        return new

    def _reason(self) -> str:
        if self.kind == Kind.COMPLAINED:
            return "complaint"
        found = reason_of(None, self.cause)
        # Final, and nobody says why: the address itself, most of the time.
        return "unknown" if self.hard and found == "refused" else found

    def _conclude(self, message: Message, at: datetime) -> None:
        rows = Message.objects.filter(pk=message.pk)
        if self.kind == Kind.BOUNCED:
            rows.filter(bounced_at=None).update(bounced_at=at)
        if self.kind == Kind.DELIVERED:
            rows.filter(delivered_at=None).update(delivered_at=at)
            # Proof for an attempt of unknown fate: it must not be made again.
            rows.filter(next_attempt_at__isnull=False, lease_until=None).update(
                accepted_at=at, next_attempt_at=None, lease_no=F("lease_no") + 1
            )
        complaint = self.kind == Kind.COMPLAINED
        hard = self.hard and self._reason() not in NOT_THE_ADDRESS
        if message.recipient and (hard or complaint):
            reasons = Suppression.Reason
            Suppression.objects.get_or_create(
                address_hash=suppression_hash(
                    mailbox_of(message.recipient) if complaint else message.recipient
                ),
                defaults={"reason": reasons.COMPLAINT if complaint else reasons.BOUNCE},
            )


# --- Webhooks of providers ------------------------------------------------------


@dataclass(frozen=True)
class Provider:
    """How a provider reports, and how it is made to carry what names a message."""

    view: str
    header: str  # Its value is JSON, unless it ends in the key's name.
    hard: Callable[[Mapping[str, Any]], bool]

    def headers(self, uid: str) -> dict[str, str]:
        plain = self.header.endswith("-uid")
        return {self.header: uid if plain else json.dumps({"uid": uid})}


def _view(name: str, provider: str) -> str:
    return f"anymail.webhooks.{name}.{provider}TrackingWebhookView"


PROVIDERS = {
    "amazon_ses": Provider(
        _view("amazon_ses", "AmazonSES"),
        "X-Metadata",
        lambda event: (event.get("bounce") or {}).get("bounceType") == "Permanent",
    ),
    "brevo": Provider(
        _view("brevo", "Brevo"),
        "X-Mailin-custom",
        lambda event: event.get("event") in ("hard_bounce", "invalid_email"),
    ),
    "mailgun": Provider(
        _view("mailgun", "Mailgun"),
        "X-Mailgun-Variables",
        lambda event: event.get("severity") == "permanent",
    ),
    "mailjet": Provider(
        _view("mailjet", "Mailjet"),
        "X-MJ-EventPayload",
        lambda event: event.get("hard_bounce") is True,
    ),
    "postmark": Provider(
        _view("postmark", "Postmark"),
        "X-PM-Metadata-uid",
        lambda event: event.get("Type") in ("HardBounce", "BadEmailAddress"),
    ),
}
# Anymail's words for what matters here; opens and clicks are nobody's business.
KINDS = {
    "delivered": Kind.DELIVERED,
    "deferred": Kind.DEFERRED,
    "bounced": Kind.BOUNCED,
    "rejected": Kind.BOUNCED,
    "failed": Kind.BOUNCED,
    "complained": Kind.COMPLAINED,
}


def provider() -> Provider | None:
    """Return the provider that MAIL_PROVIDER names, if any."""
    name = settings.MAIL_PROVIDER
    if name and name not in PROVIDERS:
        known = ", ".join(PROVIDERS)
        raise ImproperlyConfigured(f"MAIL_PROVIDER={name!r}: one of {known}.")
    return PROVIDERS.get(name)


def tracking_headers(message: Message) -> dict[str, str]:
    """Return what makes the provider name this message in its reports."""
    known = provider()
    return known.headers(str(message.uid)) if known else {}


def urls() -> list[URLPattern]:
    """Return the address that the provider posts to; none where there is none."""
    known = provider()
    if known is None:
        return []
    from anymail.signals import tracking

    tracking.connect(on_tracking, dispatch_uid="outbox.bounces")
    # Its constructor checks the secrets: now, not at the first report.
    view = import_string(known.view).as_view()
    return [path("courriel/evenements/", csrf_exempt(partial(_receive, view)))]


def _receive(view: Any, request: HttpRequest) -> HttpResponse:
    try:
        answer: HttpResponse = view(request)
    except (ValueError, LookupError, TypeError, AttributeError):
        return HttpResponseBadRequest()  # Signed, and still not what it should be.
    return answer


def on_tracking(sender: Any, event: Any, esp_name: str, **kwargs: Any) -> None:
    """Write down one event that Anymail has checked and read."""
    kind = KINDS.get(event.event_type)
    known = provider()
    message = _find(event.message_id, (event.metadata or {}).get("uid"))
    if kind is None or known is None or message is None:
        return
    raw = event.esp_event
    raw = raw.get("event-data", raw)  # Mailgun's envelope.
    hard = kind == Kind.BOUNCED and known.hard(raw)
    if esp_name == "Mailgun" and kind == Kind.BOUNCED and not hard:
        kind = Kind.DEFERRED  # It says "failed", and tries again.
    cause = event.mta_response or event.description or event.reject_reason or ""
    what = (esp_name, event.event_type, event.event_id, event.timestamp, cause)
    source = ":".join(str(part) for part in what)
    Report(kind, source, hard, str(cause), event.timestamp).apply(message)


def _find(message_id: Any, uid: Any = None) -> Message | None:
    if isinstance(uid, str) and re.fullmatch(UUID, uid):
        return Message.objects.filter(uid=uid).first()
    if not isinstance(message_id, str) or "\x00" in message_id:
        return None
    return Message.objects.filter(message_id=f"<{message_id.strip('<> ')}>").first()


# --- Messages from mail servers (RFC 3464, RFC 5965) ------------------------------

UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ACTIONS = {
    "failed": Kind.BOUNCED,
    "delayed": Kind.DEFERRED,
    "delivered": Kind.DELIVERED,
}


def feed(content: bytes) -> int:
    """Read one message that came back; return how many of its reports were news.

    Holiday answers and whatever else is no report count for nothing.
    """
    mail = email.message_from_bytes(content[:MAX_SIZE], policy=email.policy.compat32)
    if mail.get_content_type() != "multipart/report":
        return 0
    named = (_find(found) for found in dict.fromkeys(_ids(mail)))
    message = next(filter(None, named), None)
    if message is None:
        return 0
    return sum(report.apply(message) for report in _reports(mail))


def _ids(mail: Mail) -> Iterator[str]:
    """Yield what may be our Message-ID: in the headers that were returned, at best.

    Some servers return the headers as plain text, or say the name in their prose.
    """
    ours = re.compile(rf"{UUID}@{re.escape(settings.MESSAGE_ID_DOMAIN)}")
    for part in reversed(list(mail.walk())):
        for name in ("Message-ID", "References", "In-Reply-To"):
            yield from ours.findall(str(part.get(name, "")))
        if not part.is_multipart():
            payload = part.get_payload(decode=True) or b""
            assert isinstance(payload, bytes)
            yield from ours.findall(payload.decode("ascii", "replace"))


def _reports(mail: Mail) -> Iterable[Report]:
    identity = str(mail.get("Message-ID") or mail.get("Date") or "")
    for part in mail.walk():
        if part.get_content_type() == "message/feedback-report":
            yield Report(Kind.COMPLAINED, f"RFC 5965:{identity}")
        if part.get_content_type() != "message/delivery-status":
            continue
        blocks: Any = part.get_payload()
        for block in blocks:
            kind = ACTIONS.get(str(block.get("Action", "")).strip().lower())
            if kind is None:  # The block about the server, or one of no interest.
                continue
            status = str(block.get("Status", "")).strip().partition(" ")[0]
            said = " ".join(str(block.get("Diagnostic-Code", "")).split())
            said = said.partition(";")[2].strip() or said
            yield Report(
                kind,
                f"RFC 3464:{identity}:{kind}:{status}",
                hard=kind == Kind.BOUNCED and status.startswith("5"),
                cause=said if status in said else f"{status} {said}".strip(),
            )
