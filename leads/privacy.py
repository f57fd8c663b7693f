"""Erase what is held of a person: one code path, whoever asks for it.

Rows stay, for they count; what they say of somebody goes, and so do the files. Of the
answers only the type of establishment is left: a hundred people share it.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.db.models import F, Model, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from django.http import QueryDict

from leads import tombstones
from leads.models import (
    Batch,
    Lead,
    PrivacyEvent,
    RightsRequest,
    SavedView,
    Submission,
    Tombstone,
)
from leads.models.folding import fold
from leads.models.lead import words_of
from outbox.models import (
    Message,
    MessageEvent,
    Suppression,
    mailbox_of,
    suppression_hash,
)
from outbox.withholding import withhold
from reports.models import Copy, CopyEvent

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


def is_erased_address(address: str) -> bool:
    """Tell whether whoever has this address was erased: no file may bring them back.

    For whoever imports. The public form asks nobody: who posts it themselves is
    welcome, as a new contact.
    """
    return Tombstone.objects.covers(address)


@transaction.atomic
def erase(lead: Lead, kind: PrivacyEvent.Kind) -> bool:
    """Leave of a person nothing but rows that count; return whether it was news.

    What they typed with another address, which they corrected, and contacts that were
    merged into theirs go as well. Locks lead, copies and messages in the order of those
    who post, render and send, and takes every lease away: whoever is at work on one can
    write nothing more. The files go before the commit; where their store is away,
    nothing has happened.
    """
    return _erase(lead, kind, leave_tombstone=True)


def _erase(lead: Lead, kind: PrivacyEvent.Kind, *, leave_tombstone: bool) -> bool:
    lead = Lead.objects.select_for_update(no_key=True).get(pk=lead.pk)
    if lead.erased_at:
        return False
    # By number: whoever locks several contacts does so.
    for merged in Lead.objects.filter(merged_into=lead, erased_at=None).order_by("pk"):
        erase(merged, kind)
    _erase_corrected(lead, kind)
    _erase_documents(lead.copies.all(), lead.messages.all())
    _erase_log(lead)
    lead.activities.update(body="")
    # Of a rule it says where they worked, as what; of a colleague, what they typed.
    lead.assignments.update(sentence=GONE)
    _forget_reasons(lead)
    _erase_submissions(lead.submissions.all())
    _forget_requests(lead)
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
        frozen_at=None,
        erased_at=Now(),
    )
    _forget_searches(lead)
    if leave_tombstone:
        tombstones.write(lead, kind)
    PrivacyEvent.objects.create(lead=lead, kind=kind)
    return True


def _erase_documents(copies: QuerySet[Copy], messages: QuerySet[Message]) -> None:
    """Delete the files of copies, and forget whom they and the messages were for."""
    locked = list(copies.select_for_update(no_key=True, of=("self",)).order_by("pk"))
    _erase_messages(
        messages.select_for_update(no_key=True, of=("self",)).order_by("pk")
    )
    for copy in locked:
        copy.delete_files()
    rows = Copy.objects.filter(pk__in=[copy.pk for copy in locked])
    rows.update(
        **NOBODY,
        recipient="",
        revoked_at=Coalesce("revoked_at", Now()),
        next_attempt_at=None,
        lease_until=None,
        lease_no=F("lease_no") + 1,
    )
    rows.filter(rendered_at=None).update(failed_at=Coalesce("failed_at", Now()))
    rows.rendered().update(file=GONE, sha256=GONE, size=0)
    # What broke may quote what it was making.
    CopyEvent.objects.filter(copy__in=rows).update(cause="")


def _erase_submissions(submissions: QuerySet[Submission]) -> None:
    for submission in submissions:
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


def _erase_corrected(lead: Lead, kind: PrivacyEvent.Kind) -> None:
    """Forget what this person typed with an address that they corrected.

    It lies with the contact of that address. Nobody else typed it: that contact goes,
    without a tombstone, for the address may be somebody's who never heard of us.
    """
    typed = Submission.objects.filter(correction__lead=lead).exclude(lead=lead)
    for old in typed.select_related("lead", "copy").order_by("lead_id", "pk"):
        rest = Submission.objects.filter(lead=old.lead_id).exclude(pk__in=typed)
        theirs = rest.order_by("created_at", "pk").first()
        if theirs is None:
            _erase(old.lead, kind, leave_tombstone=False)
            continue
        if old.copy and not rest.filter(copy=old.copy).exists():
            _blank_log(Copy, [old.copy.pk])
            _erase_documents(
                Copy.objects.filter(pk=old.copy.pk),
                Message.objects.filter(submissions=old),
            )
        _blank_log(Submission, [old.pk])
        _name_after(theirs, old)
        _erase_submissions(Submission.objects.filter(pk=old.pk))


def _name_after(theirs: Submission, old: Submission) -> None:
    """Take the name that `old` gave a contact off it: somebody else has its address."""
    names = [*NOBODY, "organisation_type"]
    rows = Lead.objects.select_for_update(no_key=True, of=("self",))
    other = rows.get(pk=old.lead_id)
    if all(getattr(other, name) == getattr(old, name) for name in names):
        said = {name: getattr(theirs, name) for name in names}
        Lead.objects.filter(pk=other.pk).update(**said)


def _forget_requests(lead: Lead) -> None:
    """Keep which rights were asked for, and when; close the links to the data.

    Somebody who wrote before they were found to be this contact is forgotten, too.
    """
    lead.data_links.update(
        address="",
        address_hash=None,
        closed_at=Coalesce("closed_at", Now()),
        next_attempt_at=None,
        lease_until=None,
        lease_no=F("lease_no") + 1,
    )
    theirs = Q(lead=lead)
    if lead.email:
        theirs |= Q(who__icontains=lead.email) | Q(said__icontains=lead.email)
    rows = RightsRequest.objects.filter(theirs)
    _blank_log(RightsRequest, rows.values_list("pk", flat=True))
    rows.exclude(answer="").update(answer=GONE)
    rows.update(who="", said="", changes={})


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
    """Blank what the admin's log says of a person: it names rows by their text.

    Every table that has a contact is found by itself, by all names of its rows.
    """
    rows: dict[type[Model], QuerySet[Any]] = {Lead: Lead.objects.filter(pk=lead.pk)}
    for relation in Lead._meta.related_objects:
        model: Any = relation.related_model
        if relation.field.concrete and not relation.many_to_many:
            found = model._base_manager.filter(**{relation.field.name: lead.pk})
            rows.setdefault(model, found)
    for model in apps.get_models():
        if (concrete := model._meta.concrete_model) in rows:
            _blank_log(model, rows[concrete].values_list("pk", flat=True))


def _blank_log(model: type[Model], keys: Iterable[int]) -> None:
    kind = ContentType.objects.get_for_model(model, for_concrete_model=False)
    LogEntry.objects.filter(
        content_type=kind, object_id__in=[str(pk) for pk in keys]
    ).update(object_repr=GONE, change_message="")
