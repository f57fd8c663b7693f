from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.db.models import Q

from santescopie.accounts import events, factors, mail
from santescopie.accounts.models import LASTS, AccountLink


class Command(BaseCommand):
    help = (
        "Let somebody of the house in again, when nobody else can: take their second "
        "factors away, end their sessions, forget failed attempts, and print a link "
        "to choose a password. The link serves once, for half an hour."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("account", help="name or address of the account")
        parser.add_argument("--yes", action="store_true", help="do not ask")

    def handle(self, *, account: str, yes: bool, **options: Any) -> None:
        user = self._find(account)
        if not yes:
            self.stdout.write(
                f"{user.get_username()}: second factors will be taken away, sessions "
                "ended, and the person told by mail."
            )
            if input("Type yes to go on: ").strip().lower() != "yes":
                raise CommandError("Nothing was done.")
        with transaction.atomic():
            factors.reset(user)
            link = AccountLink.objects.open(user, AccountLink.Purpose.UNLOCK)
            events.record("unlock_link_made", user=user, by_command="unlock_account")
        minutes = round(LASTS[AccountLink.Purpose.UNLOCK].total_seconds() / 60)
        self.stdout.write(f"Open within {minutes} minutes, once:\n{mail.url_of(link)}")

    def _find(self, account: str) -> AbstractBaseUser | Any:
        """Return the account; raises CommandError unless it is one that may enter."""
        named = Q(username__iexact=account) | Q(email__iexact=account)
        found = list(get_user_model().objects.filter(named)[:2])
        if len(found) != 1:
            raise CommandError(f"{len(found) or 'no'} accounts are named {account!r}.")
        user = found[0]
        if not (user.is_active and user.is_staff):
            raise CommandError(
                f"{account!r} is closed: open it first (is_active and is_staff), with "
                "manage.py shell if no administrator is left."
            )
        return user
