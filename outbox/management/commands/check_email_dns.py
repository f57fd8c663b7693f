from __future__ import annotations

from argparse import ArgumentParser
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import mailers
from django.core.management.base import BaseCommand, CommandError

from outbox import dns_records
from outbox.dns_records import Level, Records


def domain_of(address: str) -> str:
    """Return the domain of an address, as DNS writes it."""
    domain = parseaddr(address)[1].rpartition("@")[2].lower()
    return domain.encode("idna").decode() if domain else ""


class Command(BaseCommand):
    help = (
        "Dit si le DNS laisse nos messages arriver (SPF, DKIM, DMARC, MX, PTR). "
        "Sort en erreur s’il reste une chose à corriger."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--selector", action="append", default=[], help="sélecteur DKIM, répétable"
        )
        parser.add_argument("--domain", help="par défaut : celui de MAIL_FROM")
        parser.add_argument("--server", help="par défaut : l’hôte de MAIL_URL")
        parser.add_argument("--nameserver", default="", help="adresse, ou adresse#port")

    def handle(self, *args: Any, **options: Any) -> None:
        domain = options["domain"] or domain_of(settings.DEFAULT_FROM_EMAIL)
        server = options["server"] or getattr(mailers["default"], "host", "")
        records = Records(dns_records.resolver(options["nameserver"]))
        reply_to = domain_of(settings.REPLY_TO)
        selectors = options["selector"]
        self.stdout.write(f"Messages de {domain}, par {server}\n\n")
        wrong = 0
        try:
            for finding in dns_records.findings(
                records, domain, selectors, reply_to, server
            ):
                wrong += finding.level is Level.ERROR
                self.stdout.write(
                    f"[{finding.level}] {finding.subject} : {finding.said}"
                )
                if finding.to_do:
                    self.stdout.write(f"    → {finding.to_do}")
        except dns_records.Unanswered as silence:
            raise CommandError(f"Le DNS ne répond pas : {silence}") from silence
        if wrong:
            things = "une chose" if wrong == 1 else f"{wrong} choses"
            raise CommandError(f"Il reste {things} à corriger.")
        self.stdout.write("\nRien à corriger.")
