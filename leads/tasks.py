from __future__ import annotations

import logging
import time
from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from leads.analytics import checks, facts
from leads.models import MeasureRun, Quota

logger = logging.getLogger(__name__)


@shared_task(name="leads.forget_quotas")
def forget_quotas() -> None:
    """Delete yesterday's counters. Running it again finds none."""
    logger.info("quotas: %s forgotten", Quota.forget())


@shared_task(name="leads.refresh_facts")
def refresh_facts() -> None:
    """Count what has changed, half a minute at most. Running it again finds less."""
    until = time.monotonic() + 25
    while facts.refresh() and time.monotonic() < until:
        pass
    MeasureRun.note(MeasureRun.Kind.REFRESH)


@shared_task(name="leads.recount_recent")
def recount_recent() -> None:
    """Mark the leads of these two days once more: a net under the triggers."""
    facts.mark_recent(timezone.localdate() - timedelta(days=1))


@shared_task(name="leads.check_measure")
def check_measure() -> None:
    """Compare the figures with the events; what disagrees shows on the dashboard."""
    checks.run()
