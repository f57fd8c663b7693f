"""One PostgreSQL and one Valkey for the whole run, started before Django is set up.

pytest-django gives each worker a database of its own; here each gets a numbered
database of Valkey. Set DATABASE_URL or REDIS_URL to test on other servers.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from santescopie.embedded import Unavailable, services

VALKEY_DATABASES = 16  # What a server offers by default.
SETTINGS = {
    "SECRET_KEY": "a key for tests, long enough for the checks of Django to pass",
    "SITE_URL": "https://santescopie.exemple.fr",
    "LOG_FORMAT": "line",
    "ALLOWED_HOSTS": "santescopie.exemple.fr,testserver,localhost,127.0.0.1",
    "MAIL_URL": "smtp://127.0.0.1:1",
}


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config,
) -> Generator[None, None, None]:
    """Name the services in the environment: a wrapper runs before pytest-django.

    The workers of pytest-xdist inherit the environment of the process they come from.
    """
    if worker := os.environ.get("PYTEST_XDIST_WORKER"):
        os.environ["REDIS_URL"] = _numbered(os.environ["REDIS_URL"], worker)
    else:
        stack = ExitStack()
        early_config.add_cleanup(stack.close)
        _start(stack)
    yield


def _start(stack: ExitStack) -> None:
    for name, value in SETTINGS.items():
        os.environ.setdefault(name, value)
    var = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="santescopie-")))
    for name in ("COPIES_DIR", "PDF_BASES_DIR", "STATIC_ROOT"):
        (var / name).mkdir()  # WhiteNoise warns where its folder is missing.
        os.environ.setdefault(name, str(var / name))
    try:
        os.environ.update(stack.enter_context(services(var, durable=False)))
    except Unavailable as reason:
        raise pytest.UsageError(str(reason)) from reason


def _numbered(url: str, worker: str) -> str:
    """Return the address of this worker's own database: gw0 has 1, and so on."""
    number = int(worker.removeprefix("gw")) % (VALKEY_DATABASES - 1) + 1
    return urlsplit(url)._replace(path=f"/{number}").geturl()
