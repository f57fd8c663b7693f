"""How a person may be reached, and what they agreed to or refused, in words.

What is allowed is asked of leads/bases.py; here are the addresses. What is refused has
no address: nothing that is made of a channel can show one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery

from leads import bases
from leads.bases import Act, Standing
from leads.calling import read, shown
from leads.models import ConsentEvent, Lead, MailboxEvent, Submission
from outbox.models import Suppression, mailbox_of, suppression_hash

Purpose = ConsentEvent.Purpose


@dataclass(frozen=True, slots=True)
class Channel:
    """One way to reach somebody; `address` is empty where it must not be used."""

    name: str
    allowed: bool
    words: str  # Why, and for what.
    address: str = ""  # As it is read.
    url: str = ""  # tel: or mailto:.


@dataclass(frozen=True, slots=True)
class Channels:
    phone: Channel
    email: Channel
    wants_call: bool  # Asked to be called back.

    def __iter__(self) -> Any:
        return iter((self.phone, self.email))

    @property
    def refused(self) -> list[Channel]:
        return [channel for channel in self if not channel.allowed]


def acts(purpose: str, lead: Any = None) -> QuerySet[ConsentEvent]:
    """Return what a lead of the query around said for a purpose, the latest first."""
    rows = ConsentEvent.objects.filter(lead=lead or OuterRef("pk"), purpose=purpose)
    return rows.order_by("-at", "-pk")


def last_word(purpose: str, lead: str) -> Subquery:
    """Return whether the latest act of a row's lead grants; None where none was said.

    `lead` is the way from the row to its lead.
    """
    return Subquery(acts(purpose, OuterRef(lead)).values("granted")[:1])


def with_consents(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add what `channels_of` reads: the latest act of each purpose, and the number.

    `call_granted`, `call_at`, `news_granted`, `news_at`, `measure_granted`,
    `call_number`, `mailbox_kind` and `mailbox_at`; each may be None.
    """
    values: dict[str, Any] = {}
    for name, purpose in (
        ("call", Purpose.CALL),
        ("news", Purpose.NEWS),
        ("measure", Purpose.MEASURE),
    ):
        latest = acts(purpose)
        values[f"{name}_granted"] = Subquery(latest.values("granted")[:1])
        values[f"{name}_at"] = Subquery(latest.values("at")[:1])
    del values["measure_at"]
    number = (
        Submission.objects.filter(lead=OuterRef("pk"), suspicion="", phone__gt="")
        .order_by("-created_at", "-pk")
        .values("phone")[:1]
    )
    mailbox = MailboxEvent.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk")
    for name in ("kind", "at"):
        values[f"mailbox_{name}"] = Subquery(mailbox.values(name)[:1])
    return leads.annotate(call_number=Subquery(number), **values)


def channels_of(leads: Iterable[Any]) -> dict[int, Channels]:
    """Return the channels of leads that `with_consents` gave, by key. One query."""
    rows = list(leads)
    hashes = {
        lead.pk: {suppression_hash(a) for a in (lead.email, mailbox_of(lead.email))}
        for lead in rows
    }
    asked = set().union(*hashes.values()) if hashes else set()
    found = Suppression.objects.filter(address_hash__in=asked)
    set_aside = {bytes(value) for value in found.values_list("address_hash", flat=True)}
    return {
        lead.pk: _channels(
            lead, bases.standing_of(lead, set_aside=bool(hashes[lead.pk] & set_aside))
        )
        for lead in rows
    }


def _channels(lead: Any, standing: Standing) -> Channels:
    return Channels(
        phone=_phone(lead, standing),
        email=_email(lead, standing),
        wants_call=bool(bases.answer(Act.CALL_BACK, standing)),
    )


def _phone(lead: Any, standing: Standing) -> Channel:
    name = "Téléphone"
    may_call = bases.answer(Act.CALL, standing)
    if not may_call:
        return Channel(name, False, f"ne pas appeler\u00a0: {may_call.words}")
    if asked := bases.answer(Act.CALL_BACK, standing):
        return _callable(name, lead.call_number, asked.words)
    if lead.phone:
        return _callable(name, lead.phone, "numéro noté par l’équipe")
    words = "aucun numéro laissé\u00a0: passer par le standard, au sujet de la synthèse"
    return Channel(name, True, words)


def _callable(name: str, number: str, words: str) -> Channel:
    if callable_as := read(number):
        return Channel(name, True, words, shown(callable_as), f"tel:{callable_as}")
    return Channel(name, True, words, number)  # Typed by staff, as they read it.


def _email(lead: Any, standing: Standing) -> Channel:
    name = "Courriel"
    if may_write := bases.answer(Act.NEWS, standing):
        words, address = may_write.words, lead.email
        return Channel(name, True, words, address, f"mailto:{address}")
    # A refusal is a refusal; who said nothing may be answered.
    if standing.news is False or not bases.answer(Act.ANSWER, standing):
        return Channel(name, False, f"ne pas écrire\u00a0: {may_write.words}")
    words = f"{may_write.words}\u00a0: seulement répondre à ses messages"
    return Channel(name, False, words)
