from __future__ import annotations

import logging
import time
from contextlib import suppress
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from leads import (
    alarm,
    batches,
    data_links,
    escalation,
    morning,
    probing,
    purging,
    routing,
    tombstones,
    weekly,
)
from leads.analytics import audience_days, checks, facts
from leads.models import AudienceCount, Batch, DataLink, MeasureRun, Probe, Quota
from outbox import watching
from outbox.claims import LeaseLost
from outbox.tasks import send_message

logger = logging.getLogger(__name__)


@shared_task(name="leads.forget_quotas")
def forget_quotas() -> None:
    """Delete yesterday's counters. Running it again finds none."""
    logger.info("quotas: %s forgotten", Quota.forget())


@shared_task(name="leads.mail_data_link")
def mail_data_link(pk: int, lease_no: int) -> None:
    """Mail the link to their data to whoever asked, if the address is somebody's.

    Running it again mails nothing more. Dying here leaves it owed.
    """
    link = DataLink.objects.claim(pk, lease_no)
    if link is None:
        return
    with suppress(LeaseLost):
        data_links.mail(link)


@shared_task(name="leads.forget_data_links")
def forget_data_links() -> None:
    """Delete links that closed long ago. Running it again finds none."""
    DataLink.objects.forget()


@shared_task(name="leads.keep_erasures")
def keep_erasures() -> None:
    """Write outside of the database who was erased. Running it again adds nothing."""
    while tombstones.keep():
        pass


@shared_task(name="leads.route_new")
def route_new() -> None:
    """Give new leads to somebody. Running it again, or twice at once, gives no more."""
    if count := routing.route_new():
        logger.info("routing: %s leads", count)


@shared_task(name="leads.escalate")
def escalate() -> None:
    """Tell managers of promises that broke. Running it again tells nobody twice."""
    if count := escalation.escalate():
        logger.info("escalation: %s leads", count)


@shared_task(name="leads.owe_morning_letters")
def owe_morning_letters() -> None:
    """Owe the letters of today. Running it again owes those that are missing."""
    logger.info("morning letters: %s owed", morning.owe_all())


@shared_task(name="leads.work_batch")
def work_batch(pk: int, lease_no: int) -> None:
    """Do what is left of a gesture on many leads. Running it again does no lead twice.

    Dying anywhere leaves what a piece had begun undone, and the rest owed.
    """
    batch = Batch.objects.claim(pk, lease_no)
    if batch is not None:  # Else: done, stopped, or another worker is on it.
        batches.work(batch)


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


@shared_task(name="leads.forget_audience")
def forget_audience() -> None:
    """Delete the audience of 25 months ago. Running it again finds none."""
    logger.info("audience: %s rows forgotten", AudienceCount.forget())


@shared_task(name="leads.refresh_facts")
def refresh_facts() -> None:
    """Count what has changed, half a minute at most. Running it again finds less."""
    until = time.monotonic() + 25
    while (taken := facts.refresh()) and time.monotonic() < until:
        pass
    audience_days.sum_up()
    if taken is not None:  # Else another is at it, and will say so itself.
        MeasureRun.note(MeasureRun.Kind.REFRESH)


@shared_task(name="leads.recount_recent")
def recount_recent() -> None:
    """Mark the leads of these two days once more: a net under the triggers."""
    facts.mark_recent(timezone.localdate() - timedelta(days=1))


@shared_task(name="leads.check_measure")
def check_measure() -> None:
    """Compare the figures with the events; what disagrees shows on the dashboard."""
    checks.run()


@shared_task(name="leads.purge_personal_data")
def purge_personal_data() -> None:
    """Take what has been kept long enough, half a minute of it, and hand on the rest.

    Running it again finds less; `manage.py purge_personal_data` is the same work. What
    fails is left to tomorrow.
    """
    if not purging.purge(seconds=25).finished:
        purge_personal_data.delay()
