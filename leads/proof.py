"""The proof of what somebody read and chose: one tagged PDF, drawn up for the DPO.

Each act as the ledger holds it, word for word (RGPD, article 7.1; EDPB Guidelines
05/2020, §104–108), with its hash computed anew.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.template.loader import render_to_string
from django.utils import timezone

from leads import bases
from leads.channels import with_consents
from leads.models import ConsentEvent, Lead, MailboxEvent
from reports import pages, study
from reports.pdf.engine import Written

STYLE = Path(__file__).with_suffix(".css")


@dataclass(frozen=True, slots=True)
class Row:
    """One act of the ledger, as it is printed."""

    event: ConsentEvent
    instant: Instant

    @property
    def holds(self) -> bool:
        """Tell whether the hash that was kept is that of the words that were kept."""
        digest = hashlib.sha256(self.event.wording.encode()).hexdigest()
        return digest == self.event.wording_sha256


@dataclass(frozen=True, slots=True)
class Instant:
    at: datetime

    @property
    def utc(self) -> str:
        return f"{self.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"

    @property
    def paris(self) -> str:
        local = timezone.localtime(self.at)
        return (
            f"{local:%d/%m/%Y} à {local.hour}\u00a0h\u00a0{local:%M} (heure de Paris)"
        )


@dataclass(frozen=True, slots=True)
class Sign:
    """A sign of life from the mailbox; of a download that is objected to, no day."""

    event: MailboxEvent
    instant: Instant | None


@dataclass(frozen=True, slots=True)
class Proof:
    lead: Any
    made: Instant
    rows: tuple[Row, ...]
    signs: tuple[Sign, ...]
    answers: tuple[tuple[bases.Act, bases.Answer], ...]


def proof_of(lead_pk: int) -> Proof | None:
    """Return all that is known of a person's choices; None once they are erased."""
    rows: Any = with_consents(Lead.objects.filter(pk=lead_pk, erased_at=None))
    lead = rows.first()
    if lead is None:
        return None
    events = lead.consents.select_related("submission").order_by("at", "pk")
    standing = bases.standing_of(lead)
    return Proof(
        lead,
        Instant(timezone.now()),
        tuple(Row(event, Instant(event.at)) for event in events),
        tuple(
            _sign(event, measured=bases.may_measure(lead))
            for event in lead.mailbox_events.order_by("at", "pk")
        ),
        tuple((act, bases.answer(act, standing)) for act in bases.Act),
    )


def _sign(event: MailboxEvent, *, measured: bool) -> Sign:
    hidden = event.kind == MailboxEvent.Kind.DOWNLOADED and not measured
    return Sign(event, None if hidden else Instant(event.at))


def write(proof: Proof) -> Written:
    """Lay the proof out. A letter that no font draws is replaced, and the page says so.

    Raises `engine.FontsLost` where letters of ours are not drawn.
    """

    def made(replaced: str) -> Written:
        return pages.write(pages.without(html_of(proof, replaced), replaced), STYLE)

    return pages.drawn(made, lambda: html_of(proof))


def html_of(proof: Proof, replaced: str = "") -> str:
    context = {"proof": proof, "brand": study.NAME, "maimed": bool(replaced)}
    return render_to_string("proof/proof.html", context)
