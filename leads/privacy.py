"""Erase what is held of a person: one code path, whoever asks for it.

Rows stay, for they count; what they say of somebody goes, and so do the files. Of the
answers only the type of establishment is left: a hundred people share it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Model, QuerySet
from django.db.models.functions import Coalesce, Now
from django.http import QueryDict

from leads.models import Activity, Batch, Lead, PrivacyEvent, SavedView, Submission
from leads.models.folding import fold
from leads.models.lead import words_of
from outbox.models import (
    Message,
    MessageEvent,
    Suppression,
    Undelivered,
    mailbox_of,
    suppression_hash,
)
from outbox.withholding import withhold
from reports.models import Copy

NOBODY = dict.fromkeys(
    ("first_name", "last_name", "organisation", "job_function", "region"), ""
)
GONE = "effacé"  # In place of a file's name and hash: a rendered copy has had both.


def not_me(copy: Copy) -> bool:
    """Believe whoever reads this copy's mail: they asked for nothing.

    Their address is not written to any more. False where the person is erased already.
    """
    with transaction.atomic():
        erased = erase(copy.lead, PrivacyEvent.Kind.NOT_ME)
        if copy.recipient:
            Suppression.objects.update_or_create(
                address_hash=suppression_hash(mailbox_of(copy.recipient)),
                defaults={"reason": Suppression.Reason.OPPOSITION},
            )
    return erased


@transaction.atomic
def erase(lead: Lead, kind: PrivacyEvent.Kind) -> bool:
    """Leave of a person nothing but rows that count; return whether it was news.

    Locks lead, copies and messages in the order of those who post, render and send, and
    takes every lease away: whoever is at work on one can write nothing more. The files
    go before the commit; where their store is away, nothing has happened.
    """
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.erased_at:
        return False
    copies = list(
        lead.copies.select_for_update(no_key=True, of=("self",)).order_by("pk")
    )
    _erase_messages(lead.messages.select_for_update(no_key=True).order_by("pk"))
    for copy in copies:
        copy.delete_files()
    lead.copies.update(
        **NOBODY,
        recipient="",
        revoked_at=Coalesce("revoked_at", Now()),
        next_attempt_at=None,
        lease_until=None,
        lease_no=F("lease_no") + 1,
    )
    lead.copies.filter(rendered_at=None).update(failed_at=Coalesce("failed_at", Now()))
    lead.copies.rendered().update(file=GONE, sha256=GONE, size=0)
    _erase_log(lead)
    lead.activities.update(body="")
    # Of a rule it says where they worked, as what; of a colleague, what they typed.
    lead.assignments.update(sentence=GONE)
    _forget_reasons(lead)
    for submission in lead.submissions.all():
        # Nobody's secret: its page is not found any more.
        digest = secrets.token_bytes(32)
        Submission.objects.filter(pk=submission.pk).update(
            **NOBODY,
            email="",
            phone="",
            source={},
            origin="",
            campaign="",
            establishment=None,
            token_digest=digest,
        )
    Lead.objects.filter(pk=lead.pk).update(
        **NOBODY,
        email="",
        email_key=None,
        phone="",
        establishment=None,
        next_action="",
        next_action_on=None,
        waiting_since=None,
        promised_on=None,
        erased_at=Now(),
    )
    _forget_searches(lead)
    PrivacyEvent.objects.create(lead=lead, kind=kind)
    return True


def _forget_reasons(lead: Lead) -> None:
    """Take out of gestures on several what was typed, that may name one of them.

    Each that was given has the reason in its own sentence. A gesture at work forgets it
    once it ends: its row is waited for by nobody who holds a lead.
    """
    rows = Batch.objects.filter(leads__contains=[lead.pk], next_attempt_at=None)
    for batch in rows.select_for_update(no_key=True, skip_locked=True):
        Batch.objects.filter(pk=batch.pk).update(params=batch.without_words())


def _forget_searches(lead: Lead) -> None:
    """Delete the saved views whose search found this person, and nobody any more.

    Called once the row says nothing: `lead` is as it was.
    """
    there = Lead.objects.filter(erased_at=None)
    gone = []
    for view in SavedView.objects.filter(query__contains="q="):
        words = QueryDict(view.query).get("q", "")
        if _found(lead, words) and not there.matching(words).exists():
            gone.append(view.pk)
    _blank_log(SavedView, gone)
    SavedView.objects.filter(pk__in=gone).delete()


def _found(lead: Lead, words: str) -> bool:
    said = fold(
        " ".join((lead.first_name, lead.last_name, lead.email, lead.organisation))
    )
    return bool(words.split()) and all(word in said for word in words_of(words))


def _erase_messages(messages: QuerySet[Message]) -> None:
    """Withhold what has not left, and forget whom and what it was for."""
    rows = Message.objects.filter(pk__in=[message.pk for message in messages])
    # A server's own words name the mailbox.
    MessageEvent.objects.filter(message__in=rows).update(cause="")
    withhold(rows, "erased")
    rows.update(
        recipient="",
        text="",
        html="",
        headers={},
        links={},
        attachments=[],
        handing_over_at=None,
    )


def _erase_log(lead: Lead) -> None:
    """Blank what the admin's log says of a person: it names rows by their text."""
    rows: dict[type[Model], QuerySet[Model]] = {
        Lead: Lead.objects.filter(pk=lead.pk),
        Submission: lead.submissions.all(),
        Copy: lead.copies.all(),
        Message: lead.messages.all(),
        Undelivered: lead.messages.all(),
        Activity: lead.activities.all(),
    }
    for model, found in rows.items():
        _blank_log(model, found.values_list("pk", flat=True))


def _blank_log(model: type[Model], keys: Iterable[int]) -> None:
    kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
    LogEntry.objects.filter(
        content_type=kind, object_id__in=[str(pk) for pk in keys]
    ).update(object_repr=GONE, change_message="")
