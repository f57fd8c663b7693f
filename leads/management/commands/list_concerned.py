"""List the people whom a breach concerns: how many, and where to write to them."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from leads.models import Lead
from outbox.models import Message
from reports.models import Copy

WHAT = {
    "contacts": "contacts connus alors, avec tout ce qui en est gardé",
    "copies": "contacts dont un exemplaire était rangé alors",
    "messages": "contacts à qui un message est parti alors",
}


class Command(BaseCommand):
    help = (
        "Compte les personnes concernées par une violation, et avec --addresses les "
        "liste\u00a0: numéro, adresse, nom. Les personnes effacées n’y sont plus."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("what", choices=WHAT, help="ce qui a été lu ou perdu")
        for name in ("--since", "--until"):
            parser.add_argument(
                name, metavar="AAAA-MM-JJTHH:MM", help="heure de Paris ; sinon, tout"
            )
        parser.add_argument("--addresses", action="store_true")

    def handle(
        self,
        *args: Any,
        what: str,
        since: str | None,
        until: str | None,
        addresses: bool,
        **options: Any,
    ) -> None:
        found = concerned(what, _instant(since), _instant(until))
        if addresses:
            for lead in found.order_by("pk").iterator():
                self.stdout.write(f"{lead.pk};{lead.email};{lead.full_name}")
        else:
            self.stdout.write(f"{found.count()} {WHAT[what]}")


def concerned(
    what: str, since: datetime | None, until: datetime | None
) -> QuerySet[Lead]:
    """Return who is concerned, between two instants where they are known."""
    there = Lead.objects.filter(erased_at=None)
    match what:
        case "copies":  # Whatever stood in the store before it ended.
            rows = Copy.objects.rendered().filter(_between("rendered_at", None, until))
        case "messages":
            sent = Message.objects.filter(accepted_at__isnull=False)
            rows = sent.filter(_between("accepted_at", since, until))  # type: ignore[assignment]
        case _:
            return there.filter(_between("created_at", None, until))
    return there.filter(pk__in=rows.filter(lead__isnull=False).values("lead"))


def _between(field: str, since: datetime | None, until: datetime | None) -> Q:
    kept = Q()
    if since:
        kept &= Q(**{f"{field}__gte": since})
    if until:
        kept &= Q(**{f"{field}__lte": until})
    return kept


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        at = parse_datetime(text)
    except ValueError:
        at = None
    if at is None:
        raise CommandError(f"{text}\u00a0: AAAA-MM-JJTHH:MM attendu.")
    return at if timezone.is_aware(at) else timezone.make_aware(at)
