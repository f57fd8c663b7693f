"""Send what is owed, and write down what the server said.

Exactly-once e-mail does not exist (RFC 1047): a message whose fate is unknown is
sent again with the same Message-ID and the same bytes attached. We would rather
send twice than never.
"""

from __future__ import annotations

import logging
import random
import smtplib
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, mailers
from django.db import transaction
from django.db.models.functions import Now

from outbox import files, tokens
from outbox.claims import LeaseLost
from outbox.models import LINK_TOKEN, MARK, Message, MessageEvent, Suppression
from outbox.smtp import ImpossibleAddress

logger = logging.getLogger(__name__)
Kind = MessageEvent.Kind

# Seconds to wait at most after each failed attempt; the last one repeats.
BACK_OFF = (15, 60, 240, 900, 3600, 4 * 3600)
MAX_ATTEMPTS = 12  # About a day of a server that answers "later".


def build(message: Message) -> EmailMultiAlternatives:
    """Return the message as it leaves: links made, files attached, headers set.

    Raises OSError or DamagedFile where a file is not what it was.
    """
    mail = EmailMultiAlternatives(
        message.subject,
        _with_links(message.text, message),
        settings.DEFAULT_FROM_EMAIL,
        [message.recipient],
        headers={"Message-ID": message.message_id, **message.headers},
        reply_to=[settings.REPLY_TO] if settings.REPLY_TO else None,
    )
    if message.html:
        mail.attach_alternative(_with_links(message.html, message), "text/html")
    for part in message.attachments:
        content = files.read(part["key"], part["sha256"])
        mail.attach(part["name"], content, part["type"])
    return mail


def _with_links(text: str, message: Message) -> str:
    for name, link in message.links.items():
        token = tokens.make(link["purpose"], link["uid"], link["generation"])
        url = settings.SITE_URL + link["path"].replace(LINK_TOKEN, token)
        text = text.replace(MARK.format(name=name), url)
    return text


def send(message: Message) -> None:
    """Send a claimed message. Raises LeaseLost where it is no longer ours."""
    if Suppression.objects.covers(message.recipient):
        return _withhold(message, "adresse écartée")
    if message.attempts > MAX_ATTEMPTS:  # It takes its worker down each time.
        return _end(message, Kind.ABANDONED, cause="trop de tentatives")
    message.record(Kind.ATTEMPTED)
    handing_over = False

    def before_data() -> None:
        nonlocal handing_over
        message.check_lease()
        handing_over = True

    try:
        mail = build(message)
        mail.before_data = before_data  # type: ignore[attr-defined]
        mailers["default"].send_messages([mail])
    except LeaseLost:
        raise
    except ImpossibleAddress as error:
        _end(message, Kind.REFUSED, cause=str(error)[:500])
    except Exception as error:  # Whatever it is, it is written down and waits.
        code, text = _reply_of(error)
        ambiguous = handing_over and code is None
        # A 5xx about this recipient or this content is final; one about us (banner,
        # sign-in, sender) passes once we have mended it.
        final = isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError)
        _failed(message, final, smtp_code=code, cause=text, ambiguous=ambiguous)
    else:
        code, answer = getattr(mail, "reply", (None, b""))
        with transaction.atomic():
            message.finish(accepted_at=Now())
            message.record(Kind.ACCEPTED, smtp_code=code, cause=_text(answer))


def _withhold(message: Message, cause: str) -> None:
    with transaction.atomic():
        message.finish(withheld_at=Now())
        message.record(Kind.WITHHELD, cause=cause)


def _end(message: Message, kind: Kind, **details: Any) -> None:
    """Give a message up: nothing more will be tried by itself."""
    with transaction.atomic():
        message.finish(failed_at=Now())
        message.record(kind, **details)
    logger.warning("message %s: %s (%s)", message.pk, kind, details.get("smtp_code"))


def _failed(
    message: Message, final: bool, *, smtp_code: int | None, **details: Any
) -> None:
    """Try again later, unless the server said no for good."""
    details["smtp_code"] = smtp_code
    if final and smtp_code is not None and 500 <= smtp_code < 600:
        return _end(message, Kind.REFUSED, **details)
    if message.attempts >= MAX_ATTEMPTS:
        return _end(message, Kind.ABANDONED, **details)
    step = BACK_OFF[min(message.attempts, len(BACK_OFF)) - 1]
    with transaction.atomic():
        message.postpone(random.uniform(step / 3, step))
        message.record(Kind.DEFERRED, **details)
    logger.warning("message %s: deferred (%s)", message.pk, smtp_code)


def _reply_of(error: Exception) -> tuple[int | None, str]:
    """Return the server's code and words, or None and what broke."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, answer = next(iter(error.recipients.values()))
        return code, _text(answer)
    if isinstance(error, smtplib.SMTPResponseException) and error.smtp_code > 0:
        return error.smtp_code, _text(error.smtp_error)
    return None, _text(f"{type(error).__name__}: {error}")


def _text(answer: bytes | str) -> str:
    if isinstance(answer, bytes):
        answer = answer.decode("utf-8", "replace")
    return answer.replace("\x00", "")[:500]
