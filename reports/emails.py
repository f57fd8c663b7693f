"""One function per e-mail about the document; each returns a message to be owed."""

from __future__ import annotations

import uuid
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse

from outbox.models import LINK_TOKEN, MARK, Message
from reports import study
from reports.models import COPY_TOKEN, Copy, Erratum

FILE_NAME = "santescopie-2026-synthese.pdf"
SUBJECT = "Votre synthèse Santéscopie 2026"
ERRATUM_SUBJECT = "Erratum à votre synthèse Santéscopie 2026"


def synthesis(copy: Copy) -> Message:
    """Return the message that brings a rendered copy to its reader."""
    context = {
        "reader": copy.reader,
        "reference": copy.reference,
        "edition": copy.edition.version,
        "copy_url": MARK.format(name="copy"),
        "study": study,
        "publisher": SimpleNamespace(**settings.PUBLISHER),
    }
    uid = uuid.uuid4()
    return Message(
        uid=uid,
        kind="synthesis",
        lead_id=copy.lead_id,
        recipient=copy.recipient,
        subject=SUBJECT,
        text=render_to_string("emails/synthesis.txt", context),
        html=render_to_string("emails/synthesis.html", context),
        # RFC 3834: no holiday answer to an automatic message.
        headers={"Auto-Submitted": "auto-generated"},
        links={"copy": _link_to(copy)},
        attachments=[
            {
                "key": copy.file,
                "name": FILE_NAME,
                "type": "application/pdf",
                "sha256": copy.sha256,
            }
        ],
        message_id=f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>",
    )


def erratum(erratum: Erratum, copy: Copy) -> Message:
    """Return the message that tells the holder of a copy what staff wrote."""
    context = {
        "note": erratum.note,
        "edition": erratum.edition.version,
        "reference": copy.reference,
        "copy_url": MARK.format(name="copy"),
        "study": study,
        "publisher": SimpleNamespace(**settings.PUBLISHER),
    }
    uid = uuid.uuid4()
    return Message(
        uid=uid,
        kind="erratum",
        lead_id=copy.lead_id,
        recipient=copy.recipient,
        subject=ERRATUM_SUBJECT,
        text=render_to_string("emails/erratum.txt", context),
        html=render_to_string("emails/erratum.html", context),
        headers={"Auto-Submitted": "auto-generated"},
        links={"copy": _link_to(copy)},
        message_id=f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>",
    )


def _link_to(copy: Copy) -> dict[str, Any]:
    """Say how the link to a copy is made when the message leaves."""
    return {
        "purpose": COPY_TOKEN,
        "uid": str(copy.uid),
        "generation": copy.token_generation,
        "path": reverse("reports:copy", args=[LINK_TOKEN]),
    }
