"""What people are mailed about their own data: a link, a code. Nothing of theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from leads.models import DataLink
from leads.models.rights import DATA_TOKEN
from outbox import tokens
from outbox.composing import compose
from outbox.models import LINK_TOKEN, MARK, Message

LINK, CODE = "data-link", "erase-code"
# Sent to whoever asks for a right, even where nothing else may be.
RIGHTS_MAILS = (LINK, CODE)
ERASE_TOKEN = "effacement"
DIGITS = 6
LINK_SUBJECT = "Le lien vers vos données"
CODE_SUBJECT = "Votre code pour effacer vos données"


def link_mail(link: DataLink, recipient: str, expires_at: datetime) -> Message:
    """Return the message that brings the link."""
    mark = MARK.format(name="data")
    return compose(
        LINK,
        {"data_url": mark, "expires_at": expires_at},
        lead_id=link.lead_id,
        recipient=recipient,
        subject=LINK_SUBJECT,
        links={"data": link_of(link)},
    )


def link_of(link: DataLink) -> dict[str, Any]:
    """Say how the link is made when the message leaves."""
    return {
        "purpose": DATA_TOKEN,
        "uid": str(link.uid),
        "generation": 1,
        "path": reverse("leads:data", args=[LINK_TOKEN]),
    }


def code_mail(link: DataLink, recipient: str) -> Message:
    """Return the message that brings the code; the database never has it."""
    return compose(
        CODE,
        {"code": MARK.format(name="code")},
        lead_id=link.lead_id,
        recipient=recipient,
        subject=CODE_SUBJECT,
        links={
            "code": {
                "purpose": ERASE_TOKEN,
                "uid": str(link.uid),
                "generation": link.code_no,
                "digits": DIGITS,
            }
        },
    )


def code_of(link: DataLink) -> str:
    return tokens.code(ERASE_TOKEN, link.uid, link.code_no, DIGITS)
