from __future__ import annotations

import logging
from contextlib import suppress

from celery import shared_task

from leads import alarm, probing, weekly
from leads.models import Probe, Quota
from outbox import watching
from outbox.claims import LeaseLost
from outbox.tasks import send_message

logger = logging.getLogger(__name__)


@shared_task(name="leads.forget_quotas")
def forget_quotas() -> None:
    """Delete yesterday's counters. Running it again finds none."""
    logger.info("quotas: %s forgotten", Quota.forget())


@shared_task(name="leads.follow_probe")
def follow_probe(pk: int, lease_no: int) -> None:
    """Note how far one probe has come. Running it again notes the same.

    Dying here leaves the probe owed: it comes back when its lease has ended.
    """
    probe = Probe.objects.claim(pk, lease_no)
    if probe is None:
        return
    with suppress(LeaseLost):
        probing.follow(probe)


@shared_task(name="leads.watch")
def watch() -> None:
    """Tell of an alarm that a dead relay cannot tell. Running it again tells nobody."""
    for pk, lease_no in watching.owed_now(alarm.tell()):
        send_message(pk, lease_no)


@shared_task(name="leads.forget_probes")
def forget_probes() -> None:
    """Delete what old probes left. Running it again finds none."""
    probing.forget()


@shared_task(name="leads.owe_weekly_letters")
def owe_weekly_letters() -> None:
    """Owe the letter of the week, from Monday 8:30 on. Running it again owes none."""
    if count := weekly.owe_letters():
        logger.info("weekly: %s letters", count)
