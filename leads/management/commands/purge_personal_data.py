"""Take what has been kept long enough, or tell what would go, clock by clock."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads import purging, retention
from leads.register import clock

EVERY = 5.0  # Seconds between two lines of progress.


class Command(BaseCommand):
    help = (
        "Anonymise les personnes et efface les données dont la durée de conservation "
        "est atteinte. Peut être arrêtée, relancée et lancée deux fois sans dommage. "
        "Code de sortie : 0, tout est fait ; 1, des lignes n’ont pas pu l’être et le "
        "seront au prochain passage ; 130, arrêtée."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="dit ce qui partirait, durée par durée, et ne change rien",
        )

    def handle(self, *args: Any, dry_run: bool, **options: Any) -> None:
        if dry_run:
            self._tell(purging.waiting())
            self.stdout.write("Essai à blanc\u00a0: rien n’a été changé.")
        else:
            self._purge()
        if frozen := retention.frozen().count():
            self.stdout.write(
                f"Contacts gelés, laissés en l’état\u00a0: {frozen}. Au DPO de lever "
                "le gel ou d’effacer."
            )

    def _purge(self) -> None:
        said = time.monotonic()

        def progress(key: str, gone: int) -> None:
            nonlocal said
            if time.monotonic() - said > EVERY:
                said = time.monotonic()
                self.stderr.write(f"{clock(key).data}\u00a0: {gone}")

        try:
            done = purging.purge(progress)
        except KeyboardInterrupt:
            self.stderr.write("Arrêtée\u00a0: ce qui est fait est fait, relancez-la.")
            sys.exit(130)
        self._tell(done.gone)
        if done.failed:
            failed = ", ".join(f"{key} ({n})" for key, n in done.failed.items())
            raise CommandError(
                f"Des lignes n’ont pas pu être traitées\u00a0: {failed}. Le journal "
                "dit pourquoi\u202f; elles le seront au prochain passage."
            )

    def _tell(self, counts: dict[str, int]) -> None:
        for key, count in counts.items():
            self.stdout.write(f"{count:>8}  {clock(key).data}")
