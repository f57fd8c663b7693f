from __future__ import annotations

import logging

from celery import shared_task

from leads import batches
from leads.models import Batch, Quota

logger = logging.getLogger(__name__)


@shared_task(name="leads.forget_quotas")
def forget_quotas() -> None:
    """Delete yesterday's counters. Running it again finds none."""
    logger.info("quotas: %s forgotten", Quota.forget())


@shared_task(name="leads.work_batch")
def work_batch(pk: int, lease_no: int) -> None:
    """Do what is left of a gesture on many leads. Running it again does no lead twice.

    Dying anywhere leaves what a piece had begun undone, and the rest owed.
    """
    batch = Batch.objects.claim(pk, lease_no)
    if batch is not None:  # Else: done, stopped, or another worker is on it.
        batches.work(batch)
