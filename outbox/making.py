"""Messages whose words are made when they leave, from what is true at that moment.

What the house writes to its own people speaks of others by name: nothing of it is
stored, so nothing is left behind when one of them is erased.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, NamedTuple

from django.conf import settings
from django.template.loader import render_to_string

from outbox.composing import identity
from outbox.models import Message, MessageEvent


class Attachment(NamedTuple):
    name: str
    content: bytes
    type: str


class Content(NamedTuple):
    """What a message says; returned by the function that makes its kind."""

    subject: str
    text: str
    html: str
    attachments: tuple[Attachment, ...] = ()


Maker = Callable[[Message], Content | None]
_makers: dict[str, Maker] = {}


def makes(kind: str) -> Callable[[Maker], Maker]:
    """Register the function that makes messages of this kind, as they leave.

    It returns None where there is nothing left to say: the message is withheld.
    """

    def register(maker: Maker) -> Maker:
        _makers[kind] = maker
        return maker

    return register


def maker_of(message: Message) -> Maker | None:
    return _makers.get(message.kind)


def kinds() -> list[str]:
    """Return the kinds of messages that the house writes to its own people."""
    return sorted(_makers)


def to_be_made(kind: str, **fields: Any) -> Message:
    """Return a message of this kind, not saved, that says nothing yet."""
    assert kind in _makers, kind
    uid = uuid.uuid4()
    return Message(
        uid=uid,
        kind=kind,
        headers={"Auto-Submitted": "auto-generated"},  # RFC 3834.
        message_id=f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>",
        **fields,
    )


def owe(kind: str, recipient: str, subject: str, **fields: Any) -> Message:
    """Owe a message of this kind; call it in the transaction of what it tells."""
    message = to_be_made(kind, recipient=recipient, subject=subject, **fields)
    message.save()
    message.record(MessageEvent.Kind.QUEUED)
    return message


def written(
    kind: str, subject: str, context: dict[str, Any], *attachments: Attachment
) -> Content:
    """Return the content that emails/KIND.txt and emails/KIND.html give."""
    context = identity() | context
    return Content(
        subject,
        render_to_string(f"emails/{kind}.txt", context),
        render_to_string(f"emails/{kind}.html", context),
        attachments,
    )
