"""Make the facts of all leads, and the days that sum them up, anew from the events."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand
from django.db.models import Max

from leads.analytics import facts
from leads.models import Lead, MeasureRun


class Command(BaseCommand):
    help = "Recompte toute la mesure depuis les événements. Les pages restent lisibles."

    def handle(self, *args: Any, **options: Any) -> None:
        last = Lead.objects.aggregate(last=Max("pk"))["last"] or 0

        def tell(done: int) -> None:
            self.stdout.write(f"contact {done} sur {last}")

        facts.rebuild(tell)
        facts.refresh_all()
        MeasureRun.note(MeasureRun.Kind.REFRESH)
        self.stdout.write("Tout est recompté.")
