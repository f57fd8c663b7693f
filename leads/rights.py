"""What a person does, alone, with what is held of them. Each act leaves its row.

Every act locks the contact's row first; pressed twice, it is done once.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from leads import bases, consent, data_links, mailbox, measure, privacy, rights_mail
from leads.channels import acts, with_consents
from leads.dossier import label_of
from leads.models import ConsentEvent, DataLink, Lead, PrivacyEvent, RightsRequest
from leads.models.lead import Identity
from leads.releasing import owe_again, stop_copies
from outbox import making
from outbox.withholding import withhold

Purpose = ConsentEvent.Purpose
Right = RightsRequest.Right
PAGE = "/mes-donnees/"  # Of the consents' record: the whole address is a secret.
CHANNEL = ConsentEvent.Channel.EMAIL  # Whoever presses holds the mailbox's link.
# Of the record, what the person may correct; an address is proven by its mailbox.
RECTIFIABLE = tuple(f.name for f in Identity._meta.get_fields() if f.name != "email")
WORDINGS = {Purpose.NEWS: consent.news_wording, Purpose.CALL: consent.call_wording}
CODE_LIFETIME = timedelta(hours=2)
MOST_TRIES = 5  # Of one code: with the codes of a link, 15 guesses in a million.
MOST_CODES = 3  # Of one link.
AGAIN = timedelta(minutes=1)  # Pressed twice meanwhile, one code is sent.


class Erased(Exception):
    """The person was erased meanwhile: there is nothing to act upon."""


def _locked(lead_pk: int) -> Lead:
    rows = Lead.objects.select_for_update(no_key=True, of=("self",))
    lead = rows.filter(pk=lead_pk, erased_at=None).first()
    if lead is None:
        raise Erased
    return lead


def _note(lead: Lead, right: Right, answer: str, **values: Any) -> None:
    """Write down a right that is exercised and done at once."""
    RightsRequest.objects.create(
        lead=lead,
        right=right,
        channel=RightsRequest.Channel.SITE,
        answer=answer,
        closed_at=timezone.now(),
        **values,
    )


@transaction.atomic
def rectify(lead_pk: int, said: dict[str, str]) -> bool:
    """Write on the contact's record what they say now; return whether it was news.

    What was typed in each request stays as it was typed. Nothing of who is frozen
    changes. Raises Erased.
    """
    lead = _locked(lead_pk)
    if lead.frozen_at:
        return False
    before = {name: getattr(lead, name) for name in RECTIFIABLE}
    changes = {
        name: [before[name], said[name]]
        for name in RECTIFIABLE
        if name in said and said[name] != before[name]
    }
    if not changes:
        return False
    for name, (_, now) in changes.items():
        setattr(lead, name, now)
    lead.save(update_fields=list(changes))
    labels = [label_of(name) for name in changes]
    _note(
        lead,
        Right.RECTIFICATION,
        f"Corrigé\u00a0: {', '.join(labels)}.",
        changes=changes,
    )
    return True


@transaction.atomic
def choose(lead_pk: int, purpose: str, *, granted: bool, phone: str = "") -> bool:
    """Give or withdraw one agreement, in the words of today; return whether it is news.

    An agreement to be called needs a number: `phone`, where none is kept. Raises
    Erased.
    """
    lead = _locked(lead_pk)
    submission = lead.submissions.order_by("-created_at", "-pk").first()
    if submission is None:
        raise ValidationError("Aucune demande n’est conservée.")
    never_said = not acts(purpose, lead).exists()
    # Whoever never asked to be called may still refuse it; of news, nothing was asked.
    if never_said and not granted and purpose != Purpose.CALL:
        return False
    wording = WORDINGS[Purpose(purpose)]()
    said = consent.say(
        lead.pk,
        purpose,
        wording,
        PAGE,
        granted=granted,
        channel=CHANNEL,
        submission=submission,
    )
    if not said:
        return granted and _confirm(lead, purpose)
    label = Purpose(purpose).label
    if not granted:
        right = Right.OBJECTION if never_said else Right.WITHDRAWAL
        _note(lead, right, f"{'Refusé' if never_said else 'Retiré'}\u00a0: {label}.")
        return True
    if phone and purpose == Purpose.CALL:
        submission.phone = phone
        submission.save(update_fields=["phone"])
    # Said from the mailbox itself: a tick counts from now on.
    mailbox.confirm(lead.pk, lead.email, mailbox.Kind.PRESSED)
    _note(lead, Right.CONSENT, f"Accordé\u00a0: {label}.")
    return True


def _confirm(lead: Lead, purpose: str) -> bool:
    """Take a press for the sign of life that a ticked box waits for (R9)."""
    rows: Any = with_consents(Lead.objects.filter(pk=lead.pk))
    if purpose != Purpose.NEWS or bases.is_confirmed(rows.get()):
        return False
    mailbox.confirm(lead.pk, lead.email, mailbox.Kind.PRESSED)
    _note(lead, Right.CONSENT, f"Confirmé\u00a0: {Purpose(purpose).label}.")
    return True


@transaction.atomic
def measure_choice(lead_pk: int, *, granted: bool) -> bool:
    """Object to the measure by name, or no longer; return whether it is news.

    Raises Erased.
    """
    lead = _locked(lead_pk)
    submission = lead.submissions.order_by("-created_at", "-pk").first()
    changed = measure.record_choice(
        lead.pk, submission, PAGE, granted=granted, channel=CHANNEL
    )
    if changed and granted:
        _note(lead, Right.CONSENT, "Opposition à la mesure individuelle levée.")
    elif changed:
        _note(lead, Right.OBJECTION, "Opposition à la mesure individuelle enregistrée.")
    return changed


@transaction.atomic
def freeze(lead_pk: int) -> bool:
    """Use what is held of a person for nothing more (art. 18 GDPR).

    What has not left stays here. Returns whether it was news. Raises Erased.
    """
    lead = _locked(lead_pk)
    if lead.frozen_at:
        return False
    Lead.objects.filter(pk=lead.pk).update(frozen_at=Now())
    stop_copies([lead.pk])
    withhold(_to_them(lead), "frozen")
    _note(lead, Right.FREEZE, "Usage suspendu.")
    return True


@transaction.atomic
def unfreeze(lead_pk: int) -> bool:
    """Let what is held be used again, and owe what was stopped. Raises Erased."""
    lead = _locked(lead_pk)
    if lead.frozen_at is None:
        return False
    Lead.objects.filter(pk=lead.pk).update(frozen_at=None)
    if lead.suspected_at is None:
        owe_again(lead, "frozen")
    _note(lead, Right.UNFREEZE, "Suspension levée par la personne.")
    return True


def _to_them(lead: Lead) -> Any:
    ours = [*rights_mail.RIGHTS_MAILS, *making.kinds()]
    return lead.messages.exclude(kind__in=ours)


# --- Erasure ------------------------------------------------------------------------


@transaction.atomic
def send_code(link: DataLink) -> None:
    """Mail a new code to whoever holds the link's mailbox, a few times at most."""
    row = DataLink.objects.select_for_update().select_related(None).get(pk=link.pk)
    now = timezone.now()
    fresh = row.code_sent_at is not None and now - row.code_sent_at < AGAIN
    if row.lead is None or row.lead.erased_at or fresh or row.code_no >= MOST_CODES:
        return
    row.code_no, row.code_sent_at, row.code_tries = row.code_no + 1, now, 0
    row.save(update_fields=["code_no", "code_sent_at", "code_tries"])
    data_links.owe(rights_mail.code_mail(row, row.lead.email))


@transaction.atomic
def is_right(link: DataLink, code: str) -> bool:
    """Tell whether this is the latest code of a link, and count the try."""
    row = DataLink.objects.select_for_update().get(pk=link.pk)
    if row.code_sent_at is None or row.code_tries >= MOST_TRIES:
        return False
    if timezone.now() - row.code_sent_at > CODE_LIFETIME:
        return False
    DataLink.objects.filter(pk=row.pk).update(code_tries=F("code_tries") + 1)
    return constant_time_compare(rights_mail.code_of(row), code)


@transaction.atomic
def erase(lead: Lead, kind: PrivacyEvent.Kind = PrivacyEvent.Kind.ASKED) -> bool:
    """Erase a person at their own wish, and write down that they asked.

    Raises what the store of the copies does, and has then done nothing.
    """
    if not privacy.erase(lead, kind):
        return False
    if kind == PrivacyEvent.Kind.ASKED:
        _note(lead, Right.ERASURE, "Effacé.")
    return True
