"""Send a submission's own copy again, when its author asks for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now

from leads import delivery
from leads.models import Submission
from outbox.claims import delay
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
