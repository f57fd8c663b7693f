"""Send what is owed, and write down what the server said.

Exactly-once e-mail does not exist (RFC 1047): a message whose fate is unknown is
sent again with the same Message-ID and the same bytes attached. We would rather
send twice than never.
"""

from __future__ import annotations

import logging
import random
import time
from contextlib import suppress
from typing import Any, cast

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.db import DatabaseError, transaction
from django.db.models import F
from django.db.models.functions import Now

from outbox import bounces, files, making, tokens
from outbox.breaker import Breaker
from outbox.claims import LeaseLost
from outbox.models import LINK_TOKEN, MARK, Message, MessageEvent, Suppression
from outbox.recipients import Withheld, off_trial_list, refusal
from outbox.replies import REASONS, verdict
from outbox.smtp import Backend, Failure, ImpossibleAddress

logger = logging.getLogger(__name__)
Kind = MessageEvent.Kind

# Seconds to wait at most after each failed attempt; the last one repeats. The wait is
# drawn between next to none and that (full jitter): what failed together returns apart.
AT_LEAST = 1
BACK_OFF = (15, 60, 240, 900, 3600, 4 * 3600)
MAX_ATTEMPTS = 16  # About a day of a server that answers "later".
# What one connection may carry. With a session's deadline, below Celery's limits.
BATCH_MESSAGES, BATCH_SECONDS = 50, 5


class DamagedAttachment(Exception):
    """The stored bytes are gone, or are not those that were rendered."""


class StorageAway(Exception):
    """The store of the copies does not answer, whatever its client raises."""


class NothingToSay(Exception):
    """What the message was about is gone."""


def content_of(message: Message) -> making.Content:
    """Return what a message says: as stored, its links made; or made now.

    Raises DamagedAttachment, StorageAway or NothingToSay.
    """
    if maker := making.maker_of(message):
        if content := maker(message):
            return content
        raise NothingToSay
    return making.Content(
        message.subject,
        _with_links(message.text, message),
        _with_links(message.html, message),
        tuple(
            making.Attachment(
                part["name"], _stored(part["key"], part["sha256"]), part["type"]
            )
            for part in message.attachments
        ),
    )


def build(message: Message) -> EmailMultiAlternatives:
    """Return the message as it leaves. Raises what `content_of` does."""
    content = content_of(message)
    mail = EmailMultiAlternatives(
        content.subject,
        content.text,
        settings.DEFAULT_FROM_EMAIL,
        [message.recipient],
        headers={
            "Message-ID": message.message_id,
            **message.headers,
            **bounces.tracking_headers(message),
        },
        reply_to=[settings.REPLY_TO] if settings.REPLY_TO else None,
    )
    if content.html:
        mail.attach_alternative(content.html, "text/html")
    for part in content.attachments:
        mail.attach(*part)
    return mail


def _stored(key: str, sha256: str) -> bytes:
    try:
        return files.read(key, sha256)
    except (FileNotFoundError, files.DamagedFile) as error:
        raise DamagedAttachment(f"{type(error).__name__}: {key}") from error
    except Exception as error:  # An S3 client raises errors of its own.
        raise StorageAway(f"{type(error).__name__}: {error}") from error


def _with_links(text: str, message: Message) -> str:
    for name, link in message.links.items():
        if digits := link.get("digits"):  # A code to type, where others have a link.
            code = tokens.code(link["purpose"], link["uid"], link["generation"], digits)
            text = text.replace(MARK.format(name=name), code)
            continue
        token = tokens.make(link["purpose"], link["uid"], link["generation"])
        url = settings.SITE_URL + link["path"].replace(LINK_TOKEN, token)
        text = text.replace(MARK.format(name=name), url)
    return text


def send_batch(message: Message | None) -> None:
    """Send a claimed message, then what else is due, on one connection.

    Each is claimed by itself, under a lease of its own.
    """
    backend = cast("Backend", mailers["default"])
    until = time.monotonic() + BATCH_SECONDS
    left = BATCH_MESSAGES
    try:
        while message is not None:
            with suppress(LeaseLost):  # Too slow: whoever holds it now will finish.
                send(message, backend)
            left -= 1
            over = left <= 0 or time.monotonic() > until
            if over or backend.connection is None:
                return  # Claim none that would not be sent.
            message = Message.objects.claim_next()
    finally:
        backend.close()


def send(message: Message, backend: Backend) -> None:
    """Send a claimed message. Raises LeaseLost where it is no longer ours."""
    if Suppression.objects.covers(message.recipient):
        return _withhold(message, "suppressed")
    if off_trial_list(message.recipient):
        return _withhold(message, "trial")
    if reason := refusal(message):
        return _withhold(message, reason)
    if message.attempts > MAX_ATTEMPTS:  # It takes its worker down each time.
        return _end(message, Kind.ABANDONED, **_because("crash"))
    fresh = backend.connection is None
    if fresh and not Breaker.objects.admits(backend.server):
        # It waits in the database: no attempt was made, none is used up.
        return message.postpone(0, attempts=F("attempts") - 1)
    # Its last worker died after DATA, and nobody knows what the server did.
    unsure = _because("unknown-fate") if message.handing_over_at else {}
    message.record(Kind.ATTEMPTED, ambiguous=bool(unsure), **unsure)
    if mail := _built(message):
        _deliver(message, mail, backend, fresh)


def _because(reason: str) -> dict[str, str]:
    return {"reason": reason, "cause": REASONS[reason].cause}


def _built(message: Message) -> EmailMultiAlternatives | None:
    """Return the mail to send, or say why there is none."""
    try:
        return build(message)
    except DamagedAttachment as error:
        _try_again(message, reason="file", cause=str(error)[:500])
    except StorageAway as error:
        _wait(message, reason="storage", cause=str(error)[:500])
    except NothingToSay:
        _withhold(message, "moot")
    except DatabaseError:
        raise
    except Exception as error:  # A template, the PDF engine: written down, it waits.
        logger.exception("message %s cannot be made", message.pk)
        _try_again(message, reason="unforeseen", cause=type(error).__name__)
    return None


def _deliver(
    message: Message, mail: EmailMultiAlternatives, backend: Backend, fresh: bool
) -> None:
    handing_over = False

    def before_data() -> None:
        nonlocal handing_over
        message.begin_handing_over()
        handing_over = True

    try:
        code, answer = backend.deliver(mail, before_data)
    except LeaseLost:
        raise
    except Withheld as withheld:
        _withhold(message, withheld.reason)
    except ImpossibleAddress as error:
        _end(message, Kind.REFUSED, reason="malformed", cause=str(error))
    except Failure as failure:
        _failed(message, backend.server, failure)
    except Exception as error:  # Whatever it is, it is written down and waits.
        _try_again(
            message,
            reason="unforeseen",
            cause=f"{type(error).__name__}: {error}".replace("\x00", "")[:500],
            ambiguous=handing_over,
        )
    else:
        with transaction.atomic():
            message.finish(accepted_at=Now())
            message.record(Kind.ACCEPTED, smtp_code=code, cause=answer)
        if fresh:
            Breaker.objects.succeeded(backend.server)


def _failed(message: Message, server: str, failure: Failure) -> None:
    """Do what the class of a failure asks for (outbox/replies.py)."""
    meaning = verdict(failure)
    if meaning.counts:
        Breaker.objects.failed(
            server, meaning.reason, failure.text, opens=meaning.opens
        )
    elif failure.code:  # It said no, but it answers.
        Breaker.objects.succeeded(server)
    details: dict[str, Any] = {
        "smtp_code": failure.code,
        "reason": meaning.reason,
        "cause": failure.text,
        "ambiguous": failure.ambiguous,
    }
    if meaning.final:
        _end(message, Kind.REFUSED, **details)
    elif meaning.server:
        _wait(message, **details)
    else:
        _try_again(message, **details)


def _withhold(message: Message, reason: str) -> None:
    with transaction.atomic():
        message.finish(withheld_at=Now())
        message.record(Kind.WITHHELD, **_because(reason))


def _end(message: Message, kind: Kind, **details: Any) -> None:
    """Give a message up: nothing more will be tried by itself."""
    with transaction.atomic():
        message.finish(failed_at=Now())
        message.record(kind, **details)
    logger.warning("message %s: %s (%s)", message.pk, kind, details["reason"])


def _wait(message: Message, **details: Any) -> None:
    """Try again soon: the trouble is not this message's, and uses no attempt up."""
    _defer(message, BACK_OFF[0], details, attempts=F("attempts") - 1)


def _try_again(message: Message, **details: Any) -> None:
    """Try again later and later, a number of times."""
    if message.attempts >= MAX_ATTEMPTS:
        return _end(message, Kind.ABANDONED, **details)
    most = BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
    _defer(message, most, details)


def _defer(
    message: Message, most: float, details: dict[str, Any], **values: Any
) -> None:
    with transaction.atomic():
        message.postpone(random.uniform(AT_LEAST, most), deferred_at=Now(), **values)
        message.record(Kind.DEFERRED, **details)
    logger.warning("message %s: deferred (%s)", message.pk, details["reason"])
