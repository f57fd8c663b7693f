"""Import an extract of the open FINESS register."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads.establishments import importing, register

SHOWN = 20  # Changes of name that are listed one by one.
BAR = 30  # Characters.


class Command(BaseCommand):
    help = (
        "Importe un extrait du registre FINESS (etalab-cs1100502, publié en données "
        "ouvertes). Tout est lu et vérifié avant d’être écrit\u00a0; deux fois de "
        "suite ne change rien."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, metavar="FICHIER", help="csv ou csv.gz")
        parser.add_argument(
            "--registre-entier",
            action="store_true",
            dest="whole",
            help="ferme les établissements que le fichier ne contient pas",
        )
        parser.add_argument(
            "--essai", action="store_true", dest="dry_run", help="dit, et n’écrit rien"
        )

    def handle(self, *, file: Path, whole: bool, dry_run: bool, **options: Any) -> None:
        begun = time.monotonic()
        try:
            content = file.read_bytes()
        except OSError as error:
            raise CommandError(f"{file}\u00a0: {error.strerror or error}") from error
        try:
            extract = register.read(content, self._bar)
            changes = importing.apply(
                extract,
                file_name=file.name,
                content=content,
                whole=whole,
                dry_run=dry_run,
            )
        except register.Unreadable as error:
            self.stderr.write("")
            raise CommandError(str(error)) from error
        self._report(extract, changes, dry_run)
        self.stdout.write(f"{time.monotonic() - begun:.1f} s")

    def _bar(self, done: int, total: int) -> None:
        if self.stderr.isatty() or done == total:
            filled = BAR * done // max(total, 1)
            bar = "█" * filled + "·" * (BAR - filled)
            end = "\n" if done == total else ""
            self.stderr.write(f"\r{bar} {done}/{total} lignes", ending=end)

    def _report(
        self, extract: register.Extract, changes: importing.Changes, dry_run: bool
    ) -> None:
        say = self.stdout.write
        say(
            f"Extrait du {extract.as_of:%d/%m/%Y}\u00a0: "
            f"{extract.read} établissements lus."
        )
        for label, count in extract.left_out.most_common():
            say(f"  hors du champ des soins\u00a0: {count} « {label} »")
        if changes.older:
            say(
                f"  {changes.older} connus par un extrait plus récent, "
                "laissés tels quels"
            )
        if changes.nothing:
            say("Rien ne change.")
            return
        say(f"  {len(changes.created)} ajoutés, {len(changes.changed)} modifiés, "
            f"{len(changes.closed)} fermés, {changes.unchanged} inchangés")  # fmt: skip
        for column, count in changes.columns.most_common():
            say(f"  {column}\u00a0: {count}")
        self._names(changes)
        if dry_run:
            say("Essai\u00a0: rien n’a été écrit.")

    def _names(self, changes: importing.Changes) -> None:
        renamed = [
            (finess, *columns[name])
            for finess, columns in changes.changed.items()
            for name in ("short_name", "long_name")
            if name in columns
        ]
        for finess, before, after in renamed[:SHOWN]:
            self.stdout.write(f"  {finess}\u00a0: « {before} » devient « {after} »")
        if len(renamed) > SHOWN:
            self.stdout.write(f"  … et {len(renamed) - SHOWN} autres noms")
