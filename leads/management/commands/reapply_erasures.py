"""Erase again who was erased after the backup that has just been restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads import privacy, tombstones
from leads.models import PrivacyEvent


class Command(BaseCommand):
    help = (
        "Efface de nouveau, après la restauration d’une sauvegarde, les personnes "
        "effacées depuis. Peut être relancée."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "files",
            nargs="*",
            default=[str(settings.ERASURES_FILE)],
            help="fichiers d’effacements, un par machine (ERASURES_FILE)",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="compter seulement, sans effacer"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        erasures = []
        for name in options["files"]:
            try:
                lines = Path(name).read_text(encoding="utf-8").splitlines()
                erasures += list(tombstones.read(lines))
            except (OSError, ValueError) as error:
                raise CommandError(f"{name}\u00a0: {error}") from error
        found = tombstones.to_erase(erasures)
        if not options["dry_run"]:
            for lead, _ in found:
                privacy.erase(lead, PrivacyEvent.Kind.RESTORED)
            tombstones.remember(erasures)
        verb = "à effacer" if options["dry_run"] else "effacées"
        self.stdout.write(
            f"Effacements lus\u00a0: {len(erasures)}. "
            f"Personnes {verb} de nouveau\u00a0: {len(found)}."
        )
