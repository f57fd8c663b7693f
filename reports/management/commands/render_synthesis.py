"""Write the synthesis as fictitious readers would receive it."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from reports import editions, pdf
from reports.personalisation import PERSONAS

REFERENCE = "SC26-DEMO-DEMO"


class Command(BaseCommand):
    help = "Write the synthesis as fictitious readers would receive it."
    requires_system_checks: list[str] = []  # Needs neither database nor services.

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--persona", help="a name, or all")
        parser.add_argument("--output", type=Path, help="a folder")
        parser.add_argument("--edition", default=editions.PRESENT.version)
        parser.add_argument(
            "--fingerprint",
            action="store_true",
            help="print the fingerprint of this tree, for reports/editions.py",
        )

    def handle(
        self,
        *,
        persona: str | None,
        output: Path | None,
        edition: str,
        fingerprint: bool,
        **options: Any,
    ) -> None:
        if fingerprint:
            self.stdout.write(editions.fingerprint())
            return
        if persona is None or output is None:
            raise CommandError("--persona and --output are needed.")
        if persona != "all" and persona not in PERSONAS:
            names = ", ".join(PERSONAS)
            raise CommandError(f"No persona {persona!r}. There are: {names}, or all.")
        try:
            output.mkdir(parents=True, exist_ok=True)
        except FileExistsError as error:
            raise CommandError(f"{output} is not a folder.") from error
        for name in PERSONAS if persona == "all" else [persona]:
            self.write(name, output / f"{name}.pdf", edition)

    def write(self, name: str, path: Path, edition: str) -> None:
        start = time.perf_counter()
        written = pdf.compose(
            PERSONAS[name],
            edition=edition,
            reference=REFERENCE,
            date=timezone.localdate(),
            site=settings.SITE_URL,
        )
        path.write_bytes(written.content)
        seconds = time.perf_counter() - start
        self.stdout.write(
            f"{path}: {written.pages} pages, {len(written.content) / 1000:.0f} kB, "
            f"{seconds:.2f} s"
        )
