"""The Celery application: distributes work that PostgreSQL already remembers."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "santescopie.settings")

app = Celery("santescopie")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
