"""Erase again who was erased after the backup that has just been restored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from leads import privacy, tombstones
from leads.models import Lead, PrivacyEvent
from leads.tombstones import Erasure


class Command(BaseCommand):
    help = (
        "Efface de nouveau, après la restauration d’une sauvegarde, les personnes "
        "effacées depuis. Peut être relancée. Code de sortie : 1 si une ligne est "
        "illisible ou si quelqu’un n’a pas pu être effacé ; le reste est fait."
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
        self.wrong: list[str] = []
        erasures = [one for name in options["files"] for one in self._read(name)]
        found = tombstones.to_erase(erasures)
        done = len(found)
        if not options["dry_run"]:
            tombstones.remember(erasures)
            done = sum(self._erase(lead) for lead, _ in found)
        verb = "à effacer" if options["dry_run"] else "effacées"
        self.stdout.write(
            f"Effacements lus\u00a0: {len(erasures)}. "
            f"Personnes {verb} de nouveau\u00a0: {done}."
        )
        if self.wrong:
            raise CommandError(
                "\n".join(["Le reste n’est pas fait\u00a0:", *self.wrong])
            )

    def _read(self, name: str) -> list[Erasure]:
        """Return what a file says: a line that is broken hides none of the others."""

        def broken(number: int, error: ValueError) -> None:
            self.wrong.append(f"{name}, ligne {number}\u00a0: {error}")

        try:
            lines = Path(name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise CommandError(f"{name}\u00a0: {error}") from error
        return list(tombstones.read(lines.split("\n"), broken))

    def _erase(self, lead: Lead) -> bool:
        """Erase somebody; where their files' store is away, the others all the same."""
        try:
            return privacy.erase(lead, PrivacyEvent.Kind.RESTORED)
        except Exception as error:  # The store's client raises errors of its own.
            self.wrong.append(f"contact {lead.pk}\u00a0: {type(error).__name__}")
            return False
