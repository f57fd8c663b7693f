from __future__ import annotations

import os
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from leads import fictitious, fictitious_team
from reports.models import Copy

# Who signs in, the name they are shown by, and their group; None: superuser.
STAFF: dict[str, tuple[str, str | None]] = {
    "admin": ("Administration", None),
    "marketing": ("Marie-Modèle", "Marketing"),
    "commercial": ("Côme-Exemple", "Commercial"),
    "commerciale": ("Lise-Fictif", "Commercial"),
    "dpo": ("Délia-Témoin", "DPO"),
}


class Command(BaseCommand):
    help = "Create the demo's staff and, once, its fictitious leads and team."

    def handle(self, **options: Any) -> None:
        password = os.environ.get("DEMO_PASSWORD") or "santescopie"
        count = int(os.environ.get("DEMO_LEADS") or 300)
        with transaction.atomic():
            staff = {
                username: self._staff(username, name, group, password)
                for username, (name, group) in STAFF.items()
            }
            if Copy.objects.filter(file__startswith=fictitious.COPIES).exists():
                count = 0
            if count:  # Without leads, nothing but what a visitor asks for is sent.
                sales = staff["commercial"], staff["commerciale"]
                fictitious_team.write_rules(*sales)
                fictitious.generate(count)
                fictitious_team.write_the_rest(*sales, staff["marketing"])
        self.stdout.write(f"{len(STAFF)} accounts, {count} new leads")

    def _staff(self, username: str, name: str, group: str | None, password: str) -> Any:
        user, created = get_user_model().objects.get_or_create(
            username=username,
            defaults={
                "first_name": name,
                "email": f"{username}@{fictitious.DOMAIN}",
                "is_staff": True,
                "is_superuser": group is None,
            },
        )
        if created or not user.check_password(password):
            user.set_password(password)
            user.save()
        if group:
            user.groups.set([Group.objects.get(name=group)])
        return user
