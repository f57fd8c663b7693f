"""Send a submission to the address that was meant, and nothing more to the other."""

from __future__ import annotations

from django.db import transaction
from django.db.models import F
from django.db.models.functions import Coalesce, Now

from leads import consent, delivery
from leads.models import ConsentEvent, Lead, Submission
from outbox.models import Message
from outbox.withholding import withhold
from reports.models import Copy, CopyEvent

LIVE = Submission.objects.filter(correction=None)
AGAIN = (
    "first_name",
    "last_name",
    "organisation",
    "organisation_type",
    "job_function",
    "region",
    "phone",
    "news_consent",
    "suspicion",
    "source",
    "establishment_id",
)


@transaction.atomic
def correct(submission: Submission, address: str) -> Submission | None:
    """Return the submission that takes this one's place; None where it is too late.

    Asked twice, one is made. The copy is locked first, as whoever renders it or moves
    it to a new edition does.
    """
    copies = Copy.objects.select_for_update(no_key=True, of=("self",))
    copies.filter(submissions=submission).first()
    rows = Submission.objects.select_for_update(no_key=True, of=("self",))
    live = rows.filter(pk=submission.pk, token_digest=submission.token_digest)
    old = live.first()
    if old is None:  # Erased while we waited.
        return None
    if made := Submission.objects.filter(corrects=old).first():
        return made
    if not Submission.objects.correctable().filter(pk=old.pk).exists():
        return None
    answers = {name: getattr(old, name) for name in AGAIN}
    new = Submission(**answers, email=address, corrects=old)
    new.lead = Lead.objects.for_submission(new)
    if not new.suspicion:
        new.copy = delivery.copy_for(new)
    new.save()
    _move_consents(old, new)
    _close(old)
    return new


def _move_consents(old: Submission, new: Submission) -> None:
    """Give the agreements to the new contact, in the words that were read.

    The old address is a stranger's: what was agreed for it is withdrawn, unless
    somebody agreed to the same in another submission.
    """
    last = {event.purpose: event for event in old.consents.order_by("pk")}
    for event in last.values():
        if not event.granted:
            continue
        others = ConsentEvent.objects.filter(lead=old.lead_id, purpose=event.purpose)
        words = others.exclude(submission=old).order_by("submission_id", "-pk")
        latest = words.distinct("submission_id").values_list("granted", flat=True)
        shared = any(latest)
        rows = [(new.lead_id, new, True), (old.lead_id, old, False)]
        for lead_id, submission, granted in rows[:1] if shared else rows:
            consent.write(
                lead_id,
                event.purpose,
                consent.Wording(event.wording_version, event.wording),
                event.page,
                granted=granted,
                channel=event.channel,
                submission=submission,
            )
    Submission.objects.filter(pk=old.pk).update(phone="")


def _close(old: Submission) -> None:
    """Withhold what has not left, and close the link that may have.

    What another submission asked for too is its own: it goes on. Where a message may
    arrive all the same, its link is dead.
    """
    if old.copy is None:
        return
    theirs = Message.objects.filter(submissions=old)
    withhold(theirs.exclude(submissions__in=LIVE.all()), "corrected")
    if not LIVE.filter(copy=old.copy).exists():
        _revoke(old.copy)


def _revoke(copy: Copy) -> None:
    """Close a copy's link for good, and stop whoever is rendering it."""
    copies = Copy.objects.filter(pk=copy.pk)
    copies.update(
        revoked_at=Coalesce("revoked_at", Now()),
        next_attempt_at=None,
        lease_until=None,
        lease_no=F("lease_no") + 1,
    )
    if copies.filter(rendered_at=None).update(failed_at=Coalesce("failed_at", Now())):
        copy.record(CopyEvent.Kind.ABANDONED, "adresse corrigée")
