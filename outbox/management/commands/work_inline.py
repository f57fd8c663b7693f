from __future__ import annotations

import logging
import os
import sys
from typing import Any

from celery import current_app
from django.core.management.base import BaseCommand

from outbox.inline import READY

logger = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Do tasks read from standard input (the relay's child; not for people)."

    def handle(self, *args: Any, **options: Any) -> None:
        # Whatever a library prints goes to stderr: stdout is the relay's.
        answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", buffering=1)
        os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
        current_app.loader.import_default_modules()
        print(READY, file=answers)
        for line in sys.stdin:
            task_name, pk, lease_no = line.split()
            try:
                current_app.tasks[task_name](int(pk), int(lease_no))
            except Exception:
                logger.exception("inline %s %s", task_name, pk)
            print(READY, file=answers)
