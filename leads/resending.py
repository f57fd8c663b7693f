"""Send a submission's own copy again, when its author or staff ask for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leads import delivery
from leads.models import Lead, Submission
from outbox.claims import delay
from outbox.files import DamagedFile
from reports.models import Copy

COOL_DOWN = 600  # Seconds between two requests.


def is_cooling() -> Q:
    """Tell whether a submission's author asked a moment ago, sent or not."""
    return Q(resend_asked_at__gt=Now() - delay(COOL_DOWN))


def possible_at(submission: Submission) -> datetime:
    """Return when it can be asked again, never too early once told to the minute."""
    assert submission.resend_asked_at is not None
    return submission.resend_asked_at + delay(COOL_DOWN) + timedelta(minutes=1)


@transaction.atomic
def ask_again(submission: Submission) -> None:
    """Owe the copy once more, at most once per COOL_DOWN; a suspect is owed nothing.

    The copy is locked before the submission, as whoever moves it to a new edition does.
    """
    copies = Copy.objects.select_for_update(no_key=True, of=("self",))
    copies.filter(submissions=submission).first()
    row = Submission.objects.filter(pk=submission.pk).exclude(is_cooling())
    if row.update(resend_asked_at=Now()):
        delivery.send_again(submission)


def resend(submission: Submission | None) -> str:
    """Owe a submission's copy once more; return what came of it (leads/outcomes.py).

    The file is read first: a message whose file is gone, or is not what was rendered,
    would be tried in vain for a day and a half. Suspects are owed nothing, nor is who
    froze it all.
    """
    if submission is None or submission.copy is None or _is_held(submission.lead):
        return "nothing"
    if submission.copy.rendered_at:
        try:
            submission.copy.content()
        except FileNotFoundError:
            return "lost"
        except DamagedFile:
            return "damaged"
    before = submission.messages.count()
    if not delivery.send_again(submission):
        return "nothing"
    if submission.messages.count() == before:
        return "rendering"
    newest = submission.messages.order_by("-pk")[0]
    return "withheld" if newest.withheld_at else "owed"


def _is_held(lead: Lead) -> bool:
    return bool(lead.suspected_at or lead.frozen_at)


def resend_new_edition(submission: Submission | None) -> str:
    """Owe a copy in the current edition; return what came of it."""
    if submission is None or _is_held(submission.lead):
        return "same"
    return "renewed" if delivery.send_new_edition(submission) else "same"
