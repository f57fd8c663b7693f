from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.urls import path, reverse


class StaffAdminSite(AdminSite):
    """Django's own admin, with our names on it and our pages in it."""

    site_header = "Santéscopie 2026"
    site_title = "Santéscopie 2026"
    index_title = "Suivi des demandes"
    site_url = "/"

    def get_urls(self) -> list[Any]:
        from leads.admin.measure import urls as measure_urls
        from reports.admin import downloads_page  # It registers itself on this site.
        from santescopie.guide import guide

        page: Any = self.admin_view(downloads_page)
        help_page: Any = self.admin_view(guide)
        return [
            path("aide/", help_page, name="guide"),
            path("telechargements/", page, name="downloads"),
            *measure_urls(),
            *super().get_urls(),
        ]

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Add our page to the models of its app."""
        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            if app["app_label"] == "leads" and request.user.has_perm("leads.view_lead"):
                measure: dict[str, Any] = {
                    "name": "Mesure",
                    "object_name": "Measure",
                    "admin_url": reverse("admin:mesure"),
                    "add_url": None,
                    "view_only": True,
                    "perms": {},
                }
                app["models"].insert(0, measure)
            if app["app_label"] == "reports" and request.user.has_perm(
                "reports.view_hit"
            ):
                page: dict[str, Any] = {
                    "name": "Téléchargements",
                    "object_name": "Downloads",
                    "admin_url": reverse("admin:downloads"),
                    "add_url": None,
                    "view_only": True,
                    "perms": {},
                }
                app["models"].insert(0, page)
        return apps
