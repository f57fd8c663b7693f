from __future__ import annotations

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps


class StaffAdminConfig(admin_apps.AdminConfig):
    default = False
    default_site = "santescopie.site.StaffAdminSite"


class ProjectConfig(AppConfig):
    default = True
    name = "santescopie"

    def ready(self) -> None:
        from santescopie import checks  # noqa: F401  (registers itself)
        from santescopie.accounts import events, journal, mail  # noqa: F401  (the same)

        events.connect()
        journal.connect()
