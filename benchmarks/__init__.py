"""Ratios against what others would do, measured in one run: `python -m benchmarks`.

A figure here is CPU time (user and system) and a ratio between two ways that took
turns on the same machine; clocks of the wall and absolute times travel badly.
"""

from __future__ import annotations

import logging
import os

import django

# What the settings insist on; nothing is sent and nothing is connected to.
ENVIRONMENT = {
    "DJANGO_SETTINGS_MODULE": "santescopie.settings",
    "SECRET_KEY": "benchmarks-sign-nothing",
    "SITE_URL": "http://localhost",
    "MAIL_URL": "smtp://127.0.0.1:1",
    "DATABASE_URL": "postgres://127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "SANTESCOPIE_VAR": "var/bench",
}


def prepare() -> None:
    """Set Django up where nothing has: no service is needed."""
    for name, value in ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    django.setup()
    logging.getLogger().setLevel(logging.WARNING)
