"""What may be done with a person's data, channel by channel, and on which legal basis.

The one place that says it: whoever sends, exports, calls or shows asks here, and
docs/privacy.md has the same as a table. One purpose has one basis (RGPD, article 6). A
refusal counts from the moment it is written down, whatever was planned.

Businesses may be called until they object (RGPD, article 21; Code de la consommation,
L223-1, protects consumers). Writing about anything but the requested document asks for
consent (CPCE, L34-5).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.utils import timezone
from django.utils.formats import date_format

from outbox import making
from outbox.models import Message, Suppression


class Basis(StrEnum):
    REQUEST = "exécution de la demande (RGPD, art.\u00a06.1.b)"
    CONSENT = "consentement (RGPD, art.\u00a06.1.a)"
    INTEREST = "intérêt légitime, sauf opposition (RGPD, art.\u00a06.1.f)"
    LAW = "obligation légale (RGPD, art.\u00a06.1.c)"
    NONE = "aucune base"


class Act(StrEnum):
    """What staff or the machine would do, in words that staff read."""

    DOCUMENT = "envoyer la synthèse demandée"
    ABOUT = "écrire au sujet de l’exemplaire envoyé (lien renouvelé, erratum)"
    RIGHTS = "répondre à l’exercice d’un droit"
    ANSWER = "répondre à un message de la personne"
    NEWS = "écrire de sa propre initiative, ou envoyer des actualités"
    EXPORT = "exporter vers un outil d’envoi d’actualités"
    CALL_BACK = "rappeler au numéro laissé"
    CALL = "appeler l’établissement au sujet de la synthèse"
    MEASURE = "montrer à l’équipe le jour du téléchargement"
    SHARE = "transmettre à un partenaire"


BASES = {
    Act.DOCUMENT: Basis.REQUEST,
    Act.ABOUT: Basis.REQUEST,
    Act.RIGHTS: Basis.LAW,
    Act.ANSWER: Basis.REQUEST,
    Act.NEWS: Basis.CONSENT,
    Act.EXPORT: Basis.CONSENT,
    Act.CALL_BACK: Basis.CONSENT,
    Act.CALL: Basis.INTEREST,
    Act.MEASURE: Basis.INTEREST,
    Act.SHARE: Basis.NONE,
}
BY_MAIL = (Act.DOCUMENT, Act.ABOUT, Act.RIGHTS, Act.ANSWER, Act.NEWS, Act.EXPORT)
# Each kind of message that leaves for a person. Those that the house writes to its own
# people have a maker; any other is held to the strictest of rules.
MESSAGES = {
    "synthesis": Act.DOCUMENT,
    "erratum": Act.ABOUT,
    "data-link": Act.RIGHTS,
    "erase-code": Act.RIGHTS,
}


@dataclass(frozen=True, slots=True)
class Standing:
    """What a person said and where they stand, as far as an answer depends on it."""

    news: bool | None = None  # None: never said.
    news_at: datetime | None = None
    confirmed: bool = False  # Somebody acted from the mailbox since they agreed.
    call: bool | None = None
    call_at: datetime | None = None
    number: bool = False  # The number they left is there.
    measure: bool | None = None
    set_aside: bool = False  # The address is among those not to be written to.
    unlisted: bool = False  # Suspect, a test of ours, or told by another record.
    frozen: bool = False
    erased: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    allowed: bool
    words: str  # Why, or why not.
    basis: Basis

    def __bool__(self) -> bool:
        return self.allowed


def is_frozen(lead: Any) -> bool:
    """Tell whether the person had the use of their data suspended (RGPD, art. 18)."""
    return getattr(lead, "frozen_at", None) is not None


def standing_of(lead: Any, *, set_aside: bool | None = None) -> Standing:
    """Return where a lead stands that `channels.with_consents` gave.

    `set_aside` is asked of the database where it is not told.
    """
    if set_aside is None:
        set_aside = Suppression.objects.covers(lead.email)
    return Standing(
        news=lead.news_granted,
        news_at=lead.news_at,
        confirmed=is_confirmed(lead),
        call=lead.call_granted,
        call_at=lead.call_at,
        number=bool(lead.call_number),
        measure=lead.measure_granted,
        set_aside=set_aside,
        unlisted=bool(lead.suspected_at or lead.is_test or lead.merged_into_id),
        frozen=is_frozen(lead),
        erased=lead.erased_at is not None,
    )


def may_measure(lead: Any) -> bool:
    """Tell whether staff may see when this person downloaded their copy."""
    return bool(answer(Act.MEASURE, standing_of(lead, set_aside=False)))


def is_confirmed(lead: Any) -> bool:
    """Tell whether a tick counts: a POST from the mailbox came after it.

    Anybody can tick a box beside anybody's address. An address that changed since then
    is another mailbox.
    """
    if not lead.news_granted or lead.mailbox_at is None:
        return False
    return bool(
        lead.mailbox_kind != "adresse-changee" and lead.mailbox_at >= lead.news_at
    )


def answer(act: Act, standing: Standing) -> Answer:
    """Say whether this may be done to who stands so, why, and on which basis."""
    no = _barred(act, standing)
    allowed, words = (False, no) if no else _RULES[act](standing)
    return Answer(allowed, words, BASES[act])


def _barred(act: Act, standing: Standing) -> str:
    """Say what stands in the way whatever was agreed to, if anything does."""
    if standing.erased:
        return "personne effacée"
    if act is Act.RIGHTS:
        return "adresse écartée des envois" if standing.set_aside else ""
    if standing.frozen:
        return "usage des données suspendu par la personne"
    if standing.set_aside and act in BY_MAIL:
        return "adresse écartée des envois"
    if standing.unlisted and act in (Act.NEWS, Act.EXPORT, Act.SHARE):
        return "suspect, essai ou fiche fusionnée"
    return ""


def _document(standing: Standing) -> tuple[bool, str]:
    return True, "demandée par la personne, quels que soient ses choix"


def _rights(standing: Standing) -> tuple[bool, str]:
    return True, "due à la personne, dans le mois"


def _reply(standing: Standing) -> tuple[bool, str]:
    return True, "à sa demande, et sur ce qu’elle demande"


def _news(standing: Standing) -> tuple[bool, str]:
    if standing.news is None:
        return False, "n’a pas demandé d’actualités"
    if not standing.news:
        return False, f"retiré le {_day(standing.news_at)}"
    agreed = f"actualités acceptées le {_day(standing.news_at)}"
    if not standing.confirmed:
        return False, f"{agreed}, boîte pas encore confirmée depuis"
    return True, agreed


def _call_back(standing: Standing) -> tuple[bool, str]:
    if standing.call and standing.number:
        return True, f"a demandé à être rappelé le {_day(standing.call_at)}"
    if standing.call is False:
        return False, f"refus du {_day(standing.call_at)}"
    return False, "aucun numéro laissé"


def _call(standing: Standing) -> tuple[bool, str]:
    if standing.call is False:
        return False, f"refus du {_day(standing.call_at)}"
    return True, "pas d’opposition\u00a0: passer par le standard"


def _measure(standing: Standing) -> tuple[bool, str]:
    if standing.measure is False:
        return False, "s’y oppose"
    return True, "annoncée avant l’envoi des données, pas d’opposition"


def _share(standing: Standing) -> tuple[bool, str]:
    return False, "n’est demandé à personne"


_RULES = {
    Act.DOCUMENT: _document,
    Act.ABOUT: _document,
    Act.RIGHTS: _rights,
    Act.ANSWER: _reply,
    Act.NEWS: _news,
    Act.EXPORT: _news,
    Act.CALL_BACK: _call_back,
    Act.CALL: _call,
    Act.MEASURE: _measure,
    Act.SHARE: _share,
}


def _day(at: datetime | None) -> str:
    return date_format(timezone.localtime(at), "SHORT_DATE_FORMAT") if at else ""


def may_be_sent(message: Message) -> str:
    """Return why a message may not leave, a key of outbox.replies; "" where it may.

    The layer that sends asks it of every message, last (`outbox.recipients.asks`).
    """
    from leads.channels import with_consents
    from leads.models import Lead

    if message.lead_id is None or making.maker_of(message):
        return ""
    act = MESSAGES.get(message.kind, Act.NEWS)
    rows: Any = with_consents(Lead.objects.filter(pk=message.lead_id))
    lead = rows.get()
    # The address asked about is the message's, which that layer looks at by itself.
    standing = standing_of(lead, set_aside=False)
    if answer(act, standing):
        return ""
    if standing.erased:
        return "erased"
    return "frozen" if standing.frozen else "unasked"
