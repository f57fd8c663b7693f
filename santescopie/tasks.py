from __future__ import annotations

import logging

from celery import shared_task

from santescopie.accounts import forgetting

logger = logging.getLogger(__name__)


@shared_task(name="santescopie.forget_sign_ins")
def forget_sign_ins() -> None:
    """Delete what sign-in leaves behind. Running it again finds nothing."""
    for what, count in forgetting.forget().items():
        if count:
            logger.info("%s: %s forgotten", what, count)
