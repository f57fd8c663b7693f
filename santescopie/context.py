"""What every public template may print: the study, its publisher, the demo's banner."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from leads import register
from reports import study


def publication(request: HttpRequest | None = None) -> dict[str, Any]:
    return {
        "study": study,
        "register": register,
        "publisher": SimpleNamespace(**settings.PUBLISHER),
        "demo": settings.DEMO,
        "site_url": settings.SITE_URL,
    }
