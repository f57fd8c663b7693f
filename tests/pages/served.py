"""The states outside pytest, for the tools that look at them: on a port, or as files.

python -m tests.pages.served FOLDER    writes each state as FOLDER/NAME.html
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.services import SETTINGS


def prepare() -> None:
    """Set Django up with no database behind it: no state needs one."""
    nowhere = {"DATABASE_URL": "postgres://127.0.0.1:1/none", "REDIS_URL": "redis://"}
    for name, value in (SETTINGS | nowhere).items():
        os.environ.setdefault(name, value)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "santescopie.settings")

    import django
    from django.conf import settings

    settings.STATIC_ROOT = None
    settings.STORAGES["staticfiles"] = {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
    }
    settings.ROOT_URLCONF = "tests.pages.urls"
    django.setup()


@contextmanager
def served() -> Iterator[str]:
    """Serve the site and its states; yield the address."""
    from pytest_django.live_server_helper import LiveServer

    server = LiveServer("localhost")
    yield server.url
    server.stop()


def write(folder: Path) -> None:
    from tests.pages.states import STATES

    folder.mkdir(parents=True, exist_ok=True)
    for name, state in STATES.items():
        (folder / f"{name}.html").write_text(state.html)


if __name__ == "__main__":
    prepare()
    write(Path(sys.argv[1]))
