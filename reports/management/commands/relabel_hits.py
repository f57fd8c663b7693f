"""Judge past requests on mailed links by today's rules, and say what moved."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime, time
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.dateparse import parse_date

from reports.models import Hit
from reports.relabelling import BATCH, Label, Moves, relabel, waiting


class Command(BaseCommand):
    help = __doc__

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since", metavar="AAAA-MM-JJ", help="Requests from that day on, in Paris."
        )
        parser.add_argument(
            "--after", type=int, default=0, metavar="N", help="Go on after that copy."
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="Say what would move, move nothing."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        since = _day(options["since"])
        copies = waiting(since, options["after"])
        moves = Moves()
        for start in range(0, len(copies), BATCH):
            batch = copies[start : start + BATCH]
            relabel(batch, moves, since, dry_run=options["dry_run"])
            self.stderr.write(
                f"{moves.copies} / {len(copies)} exemplaires"
                f" (reprise : --after {moves.last})"
            )
        for line in report(moves):
            self.stdout.write(line)
        if options["dry_run"]:
            self.stdout.write("Essai à blanc : rien n’a été écrit.")


def report(moves: Moves) -> list[str]:
    """Say in French what moved, the most frequent first."""
    lines = [
        f"{sum(moves.moved.values())} requêtes changent de libellé, "
        f"sur {moves.requests} de {moves.copies} exemplaires."
    ]
    for (old, new), count in moves.moved.most_common():
        lines.append(f"{count:>8}  {_words(old)} → {_words(new)}")
    lost, won = moves.retrievals
    lines.append(f"Retraits probables : {won} de plus, {lost} de moins.")
    return lines


def _words(label: Label) -> str:
    counted = ", compté" if label.counted else ""
    return f"{Hit.Confidence(label.confidence).label} ({label.rule}){counted}"


def _day(text: str | None) -> datetime | None:
    """Return the first instant of a day in Europe/Paris."""
    if text is None:
        return None
    try:
        day = parse_date(text)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"--since {text} : AAAA-MM-JJ attendu.")
    return datetime.combine(day, time.min, timezone.get_default_timezone())
