from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from leads import fictitious
from leads.models import Lead


class Command(BaseCommand):
    help = "Add N obviously fictitious leads over the last 60 days."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("count", metavar="N", type=int)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument(
            "--force", action="store_true", help="even beside real people"
        )

    def handle(self, *, count: int, seed: int, force: bool, **options: Any) -> None:
        if count < 0:
            raise CommandError("N is a number of leads, 0 or more.")
        real = Lead.objects.exclude(email_key__endswith=f"@{fictitious.DOMAIN}")
        if not force and real.filter(erased_at=None).exists():
            raise CommandError(
                "This database holds people who are not fictitious, and leads are "
                "never deleted: --force mixes them all the same."
            )
        begun = time.monotonic()
        fictitious.generate(count, seed=seed, progress=self._progress(count))
        self.stdout.write(f"{count} leads in {time.monotonic() - begun:.1f} s")

    def _progress(self, count: int) -> Any:
        def show(done: int) -> None:
            if done < count:
                self.stdout.write(f"{done}/{count}")
                self.stdout.flush()

        return show
