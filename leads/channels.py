"""How a person may be reached, and what they agreed to or refused, in words.

Businesses may be called until they object (art. 21 GDPR; Code de la consommation,
L223-1, protects consumers). Writing about anything but the requested document asks for
consent (CPCE, L34-5). What is refused has no address here: nothing that is made of it
can show one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone
from django.utils.formats import date_format

from leads.calling import read, shown
from leads.models import ConsentEvent, Lead, Submission
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


def with_consents(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add what `channels_of` reads: the latest act of each purpose, and the number.

    `call_granted`, `call_at`, `news_granted`, `news_at`, `measure_granted` and
    `call_number`; each may be None.
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
        lead.pk: Channels(
            phone=_phone(lead),
            email=_email(lead, bool(hashes[lead.pk] & set_aside)),
            wants_call=bool(lead.call_granted and lead.call_number),
        )
        for lead in rows
    }


def _phone(lead: Any) -> Channel:
    name = "Téléphone"
    if lead.frozen_at:
        return Channel(name, False, "ne pas appeler\u00a0: usage suspendu")
    if lead.call_granted is False:
        return Channel(name, False, f"ne pas appeler : refus du {_day(lead.call_at)}")
    if lead.call_granted and lead.call_number:
        words = f"a demandé à être rappelé le {_day(lead.call_at)}"
        return _callable(name, lead.call_number, words)
    if lead.phone:
        return _callable(name, lead.phone, "numéro noté par l’équipe")
    words = "aucun numéro laissé : passer par le standard, au sujet de la synthèse"
    return Channel(name, True, words)


def _callable(name: str, number: str, words: str) -> Channel:
    if callable_as := read(number):
        return Channel(name, True, words, shown(callable_as), f"tel:{callable_as}")
    return Channel(name, True, words, number)  # Typed by staff, as they read it.


def _email(lead: Any, set_aside: bool) -> Channel:
    name = "Courriel"
    if lead.frozen_at:
        return Channel(name, False, "ne pas écrire\u00a0: usage suspendu")
    if set_aside:
        return Channel(name, False, "ne pas écrire : adresse écartée des envois")
    if lead.news_granted:
        words = f"actualités acceptées le {_day(lead.news_at)}"
        return Channel(name, True, words, lead.email, f"mailto:{lead.email}")
    if lead.news_granted is False:
        return Channel(name, False, f"ne pas écrire : retiré le {_day(lead.news_at)}")
    words = "n’a pas demandé d’actualités : seulement répondre à ses messages"
    return Channel(name, False, words)


def _day(at: Any) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATE_FORMAT")
