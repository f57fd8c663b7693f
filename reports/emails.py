"""One function per e-mail about the document; each returns a message to be owed."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from outbox.composing import compose
from outbox.models import LINK_TOKEN, MARK, Message
from reports import study
from reports.models import COPY_TOKEN, Copy, Erratum

FILE_NAME = "santescopie-2026-synthese.pdf"
SUBJECT = "Votre synthèse Santéscopie 2026"
ERRATUM_SUBJECT = "Erratum à votre synthèse Santéscopie 2026"
COPY_URL = MARK.format(name="copy")
CHOICES_URL = MARK.format(name="choices")
NOT_ME_URL = MARK.format(name="not-me")
# The figure of the page's statement, which the mail draws as the page does.
_DRAWN = study.FIGURES["professionnels-utilisateurs"].amount


def synthesis(
    copy: Copy, not_me: dict[str, Any] | None = None, receipt: Any = None
) -> Message:
    """Return the message that brings a rendered copy to its reader.

    `not_me` says how to make the link for whoever never asked, where there is one;
    `receipt`, what they agreed to, and how to make the link to the page that says so.
    """
    links = {"copy": _link_to(copy)}
    if not_me:
        links["not-me"] = not_me
    if receipt:
        links["choices"] = receipt.link
    return compose(
        "synthesis",
        context(copy, COPY_URL, NOT_ME_URL if not_me else "", receipt, CHOICES_URL),
        lead_id=copy.lead_id,
        recipient=copy.recipient,
        subject=SUBJECT,
        links=links,
        attachments=[
            {
                "key": copy.file,
                "name": FILE_NAME,
                "type": "application/pdf",
                "sha256": copy.sha256,
            }
        ],
    )


def erratum(erratum: Erratum, copy: Copy) -> Message:
    """Return the message that tells the holder of a copy what staff wrote."""
    return compose(
        "erratum",
        {
            "note": erratum.note,
            "edition": erratum.edition.version,
            "reference": copy.reference,
            "copy_url": COPY_URL,
            "study": study,
        },
        lead_id=copy.lead_id,
        recipient=copy.recipient,
        subject=ERRATUM_SUBJECT,
        links={"copy": _link_to(copy)},
    )


def context(
    copy: Copy,
    copy_url: str,
    not_me_url: str = "",
    receipt: Any = None,
    choices_url: str = "",
) -> dict[str, Any]:
    """Return what both parts of the synthesis' message are made of."""
    return {
        "copy": copy,
        "copy_url": copy_url,
        "not_me_url": not_me_url,
        "receipt": receipt,
        "choices_url": choices_url,
        "study": study,
        # Rows of ten marks, true where stained.
        "field": [
            [row + column < _DRAWN for column in range(10)] for row in range(0, 100, 10)
        ],
    }


def _link_to(copy: Copy) -> dict[str, Any]:
    """Say how the link to a copy is made when the message leaves."""
    return {
        "purpose": COPY_TOKEN,
        "uid": str(copy.uid),
        "generation": copy.token_generation,
        "path": reverse("reports:copy", args=[LINK_TOKEN]),
    }
