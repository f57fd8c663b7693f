"""Write the tables of docs/privacy.md anew from the register in code."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from leads import register


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        path = settings.BASE_DIR / "docs" / "privacy.md"
        path.write_text(register.filled(path.read_text()))
