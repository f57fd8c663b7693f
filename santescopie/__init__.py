"""Settings, URLs, Celery and embedded services: imported by nobody but Django."""

from __future__ import annotations

from santescopie.celery import app as celery_app

__all__ = ["celery_app"]
