"""From a submission to the copy and the messages it is owed."""

from __future__ import annotations

import logging
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Case, OuterRef, Subquery, When
from django.db.models.functions import Coalesce, Now

from leads import bases, not_me
from leads.models import Probe, Submission
from leads.receipt import receipt_of
from leads.rights_mail import RIGHTS_MAILS
from leads.throttling import domain_over_quota
from outbox.models import Message, MessageEvent
from outbox.replies import REASONS
from reports import emails
from reports.models import Copy, Edition

logger = logging.getLogger(__name__)

DAY = timedelta(days=1)
DOUBLE_SUBMIT = timedelta(minutes=2)  # The same answers meanwhile are one submission.


def copy_for(submission: Submission) -> Copy:
    """Return the copy that says what this submission says, owed: made, or sent again.

    Call it with the lead's row locked: two posts at once must find one copy. A new copy
    and a known one cost the same statements: how long a post takes tells nobody whether
    an address is known.
    """
    return owe_copy(submission, known_copy(submission))


def known_copy(submission: Submission) -> Copy | None:
    """Return the open copy that says what this submission says, if there is one.

    `again` is the submission that said so a moment ago, if any. The copy is locked, so
    that it is not marked rendered between our look and our commit.
    """
    again = Submission.objects.filter(
        copy=OuterRef("pk"),
        correction=None,
        suspicion="",
        news_consent=submission.news_consent,
        created_at__gt=Now() - DOUBLE_SUBMIT,
    ).order_by("-pk")
    known = (
        Copy.objects.filter(
            lead_id=submission.lead_id,
            recipient=submission.email,
            revoked_at=None,
            failed_at=None,
            damaged_at=None,
            edition__published_at__lte=Now(),
        )
        .for_reader(submission.reader)
        .annotate(again=Subquery(again.values("pk")[:1]))
        .select_for_update(no_key=True, of=("self",))
        .order_by("-pk")
        .first()
    )
    return known if known is not None and known.is_open else None


def owe_copy(submission: Submission, known: Copy | None) -> Copy:
    """Owe the known copy once more, or a new one."""
    if known is not None:
        # Made already, it comes back to a worker, who owes the message. So does one
        # that was stopped while its author was held for a robot.
        again = When(rendered_at__isnull=False, then=Now())
        Copy.objects.filter(pk=known.pk).update(
            next_attempt_at=Case(again, default=Coalesce("next_attempt_at", Now()))
        )
        return known
    return Copy.objects.create(
        edition_id=Subquery(Edition.objects.published().values("pk")[:1]),
        lead_id=submission.lead_id,
        recipient=submission.email,
        **asdict(submission.reader),
    )


def owe_message(copy: Copy, *submissions: Submission) -> Message:
    """Owe one message with a rendered copy, for the submissions that asked for it.

    Over the quota of its recipient or of their domain it is written down and withheld.
    A probe is neither counted nor withheld: it goes to a mailbox of ours.
    """
    message = emails.synthesis(copy, not_me.link_of(copy), receipt_of(copy))
    reason = ""
    if not Probe.objects.brought(copy):
        reason = bases.may_be_sent(message) or _why_withheld(copy.recipient)
    if reason:
        message.next_attempt_at = None
        message.withheld_at = Now()
    message.save()
    copy.messages.add(message)
    for submission in submissions:
        submission.messages.add(message)
    if reason:
        message.record(
            MessageEvent.Kind.WITHHELD, reason=reason, cause=REASONS[reason].cause
        )
    else:
        message.record(MessageEvent.Kind.QUEUED)
    return message


def _why_withheld(recipient: str) -> str:
    """Return the reason not to mail an address now, a key of REASONS, or nothing.

    The domain is asked last: what one mailbox may not have is not counted to its
    domain, or whoever bombs one person would close the mail of a whole hospital.
    """
    Message.objects.lock_recipient(recipient)
    # Links to one's data go only to who is known: counted here, they would tell it.
    mailed = Message.objects.mailed_since(recipient, Now() - DAY).exclude(
        kind__in=RIGHTS_MAILS
    )
    if mailed.count() >= settings.MAIL_PER_RECIPIENT_PER_DAY:
        return "quota"
    return "domain-quota" if domain_over_quota(recipient) else ""


def on_copy_rendered(sender: type[Copy], copy: Copy, **kwargs: Any) -> None:
    """Owe the message that every waiting submission of a copy asked for."""
    live = copy.submissions.filter(correction=None)
    waiting = list(live.exclude(messages__copies=copy))
    if waiting:
        owe_message(copy, *waiting)


def send_again(submission: Submission) -> bool:
    """Owe the copy of a submission once more; False where nothing can be sent.

    A copy that was abandoned is rendered anew. One still being made will leave by
    itself.
    """
    with transaction.atomic():
        copy = (
            Copy.objects.select_for_update(no_key=True, of=("self",))
            .select_related("edition")
            .filter(submissions=submission, revoked_at=None)
            .first()
        )
        if copy is None:
            return False
        if not copy.is_open:  # Nobody is sent a link that no longer opens.
            copy.replace_link()
        if copy.rendered_at:
            owe_message(copy, submission)
        elif copy.failed_at:
            copy.failed_at = None
            copy.attempts = 0
            copy.next_attempt_at = Now()
            copy.save(update_fields=["failed_at", "attempts", "next_attempt_at"])
    return True


def send_new_edition(submission: Submission) -> bool:
    """Owe a copy in the current edition to the same frozen reader.

    Every submission that shared the old copy follows. False where their copy is of
    that edition already and whole, or where there is none: asked twice, one copy is
    made.
    """
    edition = Edition.current()
    with transaction.atomic():
        old = (
            Copy.objects.select_for_update(no_key=True, of=("self",))
            .filter(submissions=submission, revoked_at=None, rendered_at__isnull=False)
            .exclude(edition=edition, damaged_at=None)
            .first()
        )
        # Who waited for the lock finds that the submission has moved meanwhile.
        if old is None or not old.submissions.filter(pk=submission.pk).exists():
            return False
        new = Copy.objects.create(
            edition=edition,
            lead_id=old.lead_id,
            recipient=old.recipient,
            **asdict(old.reader),
        )
        old.submissions.update(copy=new)
    return True
