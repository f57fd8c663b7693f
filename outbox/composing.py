"""Compose a message from its two templates, which share one base for every mail."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from outbox.models import Message


def compose(kind: str, context: dict[str, Any], **fields: Any) -> Message:
    """Return a message of this kind, not saved: emails/KIND.txt and emails/KIND.html.

    `fields` are those of the message. The texts are stored: a secret link stands in
    `context` as its MARK.
    """
    uid = uuid.uuid4()
    ask_url = settings.SITE_URL + reverse("leads:data-ask")
    context = identity() | {"ask_url": ask_url} | context
    return Message(
        uid=uid,
        kind=kind,
        text=render_to_string(f"emails/{kind}.txt", context),
        html=render_to_string(f"emails/{kind}.html", context),
        # RFC 3834: no holiday answer to an automatic message.
        headers={"Auto-Submitted": "auto-generated"},
        message_id=f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>",
        **fields,
    )


def identity() -> dict[str, Any]:
    """Return what the base of every mail says of its sender."""
    return {
        "publisher": SimpleNamespace(**settings.PUBLISHER),
        "reply_to": settings.REPLY_TO,
        "privacy_url": settings.SITE_URL + reverse("privacy"),
    }
