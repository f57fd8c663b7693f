"""The exact words that people agree to, and how an agreement is written down."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from leads.models import ConsentEvent, Lead, Submission


@dataclass(frozen=True, slots=True)
class Wording:
    """A text as it is shown beside a box. A changed text is a new version."""

    version: str
    text: str

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def news_wording() -> Wording:
    """Return the words beside the form’s only box."""
    publisher = settings.PUBLISHER["name"] or "l’éditeur de l’étude"
    return Wording(
        "2",
        "Je souhaite recevoir par courriel les analyses et invitations de "
        f"{publisher} sur l’IA en santé (facultatif). "
        "Je peux me désinscrire à tout moment.",
    )


def call_wording() -> Wording:
    """Return the words under the field for a telephone number."""
    publisher = settings.PUBLISHER["name"] or "l’éditeur de l’étude"
    return Wording(
        "1",
        f"En laissant un numéro, j’accepte d’être appelé par {publisher} au sujet de "
        "l’étude. Je peux retirer cet accord à tout moment.",
    )


def record_news(
    submission: Submission, page: str, *, at: datetime | None = None
) -> ConsentEvent:
    """Write down that the box was ticked. A box left empty is never written down."""
    purpose = ConsentEvent.Purpose.NEWS
    return record(submission, purpose, news_wording(), page, granted=True, at=at)


def record(
    submission: Submission,
    purpose: str,
    wording: Wording,
    page: str,
    *,
    granted: bool,
    at: datetime | None = None,
    channel: str = ConsentEvent.Channel.WEB,
) -> ConsentEvent:
    """Write down what was agreed to, or withdrawn, on a page of the site.

    `at` is when it was, where it is not now.
    """
    return write(
        submission.lead_id,
        purpose,
        wording,
        page,
        granted=granted,
        channel=channel,
        submission=submission,
        at=at,
    )


@transaction.atomic
def say(
    lead_pk: int,
    purpose: str,
    wording: Wording,
    page: str,
    *,
    granted: bool,
    channel: str,
    submission: Submission | None = None,
) -> bool:
    """Write down what the holder of a mailed link says; return whether it was news.

    Said twice, it is written once. With the agreement to be called goes the number.
    """
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead_pk)
    latest = lead.consents.filter(purpose=purpose).first()
    # The measure needs no agreement: there is one to give back after an objection only.
    told = latest.granted if latest else purpose == ConsentEvent.Purpose.MEASURE or None
    if lead.erased_at or told == granted:
        return False
    if purpose == ConsentEvent.Purpose.CALL and not granted:
        lead.submissions.exclude(phone="").update(phone="")
    write(
        lead.pk,
        purpose,
        wording,
        page,
        granted=granted,
        channel=channel,
        submission=submission,
    )
    return True


def write(
    lead_pk: int,
    purpose: str,
    wording: Wording,
    page: str,
    *,
    granted: bool,
    channel: str,
    submission: Submission | None = None,
    at: datetime | None = None,
) -> ConsentEvent:
    """Add one act to the ledger, whoever said it and wherever."""
    return ConsentEvent.objects.create(
        lead_id=lead_pk,
        submission=submission,
        purpose=purpose,
        granted=granted,
        wording=wording.text,
        wording_version=wording.version,
        wording_sha256=wording.sha256,
        page=page,
        channel=channel,
        at=at or Now(),
    )


def refusal_said() -> Wording:
    """Return what staff write down for somebody who says it on the telephone."""
    return Wording("1", "A dit à l’équipe ne plus vouloir être appelé.")
