"""Tell that the chain has fallen silent: on every page of staff, and by mail.

What is late is read from the database, by the web as by the relay, so that no dead
process can hide it. A synthetic lead (leads/probing.py) sets out often enough, and its
steps have little enough time, for a stop to be seen within the hour.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.db.models import Min, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from leads.alarm_words import SUBJECT_CLEARED, TITLES, WHAT_TO_DO, when
from leads.models import Alarm, Probe
from outbox import making
from outbox.claims import HAND_OVER, delay
from outbox.models import Message, MessageEvent
from reports.models import Copy

logger = logging.getLogger(__name__)
Step = Alarm.Step

PERIOD = 3600  # Seconds within which a stop is seen.
RENDERED, ACCEPTED, RETRIEVED = 300, 480, 600  # Seconds a probe has for each step.
EVERY = PERIOD - RETRIEVED  # Seconds between two probes.
UNTOUCHED = 600  # Seconds that what is owed may wait for its first attempt.
LOCK = 2026_10  # The advisory lock of who starts probes and tells of alarms.
RAISED, CLEARED = "alarm", "alarm-over"  # Kinds of messages.


@dataclass(frozen=True, slots=True)
class Trouble:
    """A step that is late, and since when; None where it was never seen to work."""

    step: Alarm.Step
    since: datetime | None

    @property
    def title(self) -> str:
        return TITLES[self.step].format(when=when(self.since))

    @property
    def what_to_do(self) -> str:
        return WHAT_TO_DO[self.step]


def trouble() -> Trouble | None:
    """Return what is late now, or None. One query; two where something waits."""
    if not settings.SEED_MAILBOX:
        return None
    probes: list[Any] = list(
        Probe.objects.with_steps()
        .annotate(waiting=Coalesce(_waiting(Message), _waiting(Copy)))
        .order_by("-started_at")[:2]
    )
    if not probes:
        return Trouble(Step.STARTED, None)
    newest = probes[0]
    # One that still has time says nothing: the one before it does.
    for probe in probes:
        if found := _late(probe):
            return found
        if probe.retrieved_at:
            break
    if newest.now - newest.started_at > delay(EVERY + RETRIEVED):
        return Trouble(Step.STARTED, newest.started_at)
    if newest.waiting and not _accepted_lately():
        return Trouble(Step.SILENCE, newest.waiting)
    return None


def _late(probe: Any) -> Trouble | None:
    """Return the step that a probe has missed, if any. Passed late, it is passed."""
    if probe.bounced:
        return Trouble(Step.BOUNCED, probe.bounced)
    for step, at, seconds in (
        (Step.RENDERED, probe.rendered, RENDERED),
        (Step.ACCEPTED, probe.accepted, ACCEPTED),
        (Step.RETRIEVED, probe.retrieved_at, RETRIEVED),
    ):
        due = probe.started_at + delay(seconds)
        if at is None:
            return Trouble(step, due) if probe.now > due else None
    return None


def _waiting(model: type[Message] | type[Copy]) -> Subquery:
    """Return since when something owed has waited for its first attempt, or null.

    What a server has put off is its own affair; what nobody touches is ours.
    """
    since = "created_at" if model is Message else "requested_at"
    owed: QuerySet[Any] = model._default_manager.filter(
        attempts=0,
        lease_until=None,
        # Due, or handed over to somebody who did not come; read by the owed index.
        next_attempt_at__lte=Now() + delay(HAND_OVER),
        **{f"{since}__lt": Now() - delay(UNTOUCHED)},
    )
    # In Coalesce, for PostgreSQL not to look for the oldest through all there ever was.
    first = owed.order_by().values(nothing=Value(1))
    return Subquery(first.annotate(first=Min(Coalesce(since, Now()))).values("first"))


def _accepted_lately() -> bool:
    """Tell whether any message was accepted while others waited."""
    return Message.objects.filter(
        created_at__gt=Now() - timedelta(days=1),
        accepted_at__gt=Now() - delay(UNTOUCHED),
    ).exists()


def banner(request: HttpRequest) -> dict[str, Any]:
    """Give the pages of staff, and no other, what is late: asked where it is shown."""
    if not settings.SEED_MAILBOX or not request.path.startswith("/admin/"):
        return {}

    def found() -> Trouble | None:
        user = getattr(request, "user", None)
        return trouble() if user and user.is_active and user.is_staff else None

    return {"alarm": SimpleLazyObject(found)}


def is_ours() -> bool:
    """Take the lock of this transaction, or tell that somebody else has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        return bool(cursor.fetchone()[0])


def tell() -> list[int]:
    """Raise or clear the alarm; return the mails about it that have not left yet.

    Called by the relay and by a worker, as either may be dead: it writes once.
    """
    if not settings.SEED_MAILBOX:
        return []
    with transaction.atomic():
        if is_ours():
            _update(Alarm.objects.filter(cleared_at=None).first(), trouble())
    owed = Message.objects.filter(kind__in=(RAISED, CLEARED))
    return list(owed.filter(next_attempt_at__isnull=False).values_list("pk", flat=True))


def _update(alarm: Alarm | None, found: Trouble | None) -> None:
    if alarm is None and found:
        alarm = Alarm.objects.create(step=found.step, since=found.since)
        logger.error("alarm: %s is late since %s", found.step, found.since)
        _owe(RAISED, alarm, found.title)
    elif alarm and not found and _passed_since(alarm):
        Alarm.objects.filter(pk=alarm.pk).update(cleared_at=Now())
        logger.info("alarm: cleared")
        _owe(CLEARED, alarm, SUBJECT_CLEARED)


def _passed_since(alarm: Alarm) -> bool:
    """Tell whether a probe has come to its end since: one mail for each outage."""
    return Probe.objects.filter(retrieved_at__gt=alarm.raised_at).exists()


def _owe(kind: str, alarm: Alarm, subject: str) -> None:
    for address in told():
        message = making.to_be_made(
            kind,
            recipient=address,
            subject=subject[:200],
            about={"alarm": alarm.pk},
            # The relay sends it itself: no worker is to be waited for.
            next_attempt_at=Now() + delay(HAND_OVER),
        )
        message.save()
        message.record(MessageEvent.Kind.QUEUED)


def told() -> list[str]:
    """Return who is told: ALARM_TO, or else marketing and superusers, once each."""
    if settings.ALARM_TO:
        return settings.ALARM_TO
    staff = get_user_model().objects.filter(
        Q(groups__name="Marketing") | Q(is_superuser=True),
        is_active=True,
        is_staff=True,
    )
    found = staff.exclude(email="").order_by("pk").values_list("email", flat=True)
    return list(dict.fromkeys(found))
