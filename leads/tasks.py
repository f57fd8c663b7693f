from __future__ import annotations

import logging

from celery import shared_task

from leads.models import AudienceCount, Quota

logger = logging.getLogger(__name__)


@shared_task(name="leads.forget_quotas")
def forget_quotas() -> None:
    """Delete yesterday's counters. Running it again finds none."""
    logger.info("quotas: %s forgotten", Quota.forget())


@shared_task(name="leads.forget_audience")
def forget_audience() -> None:
    """Delete the audience of 25 months ago. Running it again finds none."""
    logger.info("audience: %s rows forgotten", AudienceCount.forget())
