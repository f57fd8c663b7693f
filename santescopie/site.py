from __future__ import annotations

from typing import Any

from django.contrib.admin import AdminSite
from django.http import HttpRequest
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

# The side bar in the order of a day's work: titles, and models by their object names.
# What is not named here stands at the end, under the name of its app.
GROUPS: dict[str, tuple[str, ...]] = {
    "Suivi": ("Queue", "Lead", "Suspect", "Submission", "SavedView", "Batch"),
    "Répartition": ("RoutingRule", "Absence", "StaffProfile"),
    "Mesure": ("Measure", "Action", "Campaign", "Downloads"),
    "Synthèse": ("Copy", "Hit", "Edition"),
    "Envois": ("Message", "Undelivered", "Suppression"),
    "Droits des personnes": (
        "RightsRequest",
        "ConsentEvent",
        "PrivacyEvent",
        "JournalEntry",
    ),
    "Comptes": ("User", "Group"),
}


class StaffAdminSite(AdminSite):
    """Django's own admin, with our names on it and our pages in it."""

    site_header = "Santéscopie 2026"
    site_title = "Santéscopie 2026"
    index_title = "Suivi des demandes"
    site_url = "/"
    logout_template = "account/signed_out.html"

    def get_urls(self) -> list[Any]:
        from leads.admin import action
        from leads.admin.measure import urls as measure_urls
        from reports.admin import downloads_page  # It registers itself on this site.
        from santescopie.guide import guide

        page: Any = self.admin_view(downloads_page)
        help_page: Any = self.admin_view(guide)
        return [
            path("aide/", help_page, name="guide"),
            path("telechargements/", page, name="downloads"),
            *(
                path(f"mesure/action/{end}", self.admin_view(view), name=name)
                for end, view, name in action.PAGES
            ),
            *measure_urls(),
            *super().get_urls(),
        ]

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        title = {"title": "Session fermée"}
        return super().logout(request, {**title, **(extra_context or {})})

    def login(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Lead to the one page to sign in: it stands at the same address."""
        from santescopie.accounts.views import SignIn

        return SignIn.as_view()(request)

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_change_password")

    def index(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> TemplateResponse:
        """Show their queue to those who follow people up, and the apps to others."""
        from leads.admin import queue

        if queue.has_queue(request.user):
            return queue.page(self, request)
        return super().index(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        """Add the part of the guide that speaks of this page."""
        from santescopie.guide import section_of

        context: dict[str, Any] = super().each_context(request)
        return {**context, "guide_section": section_of(request.path)}

    def get_app_list(
        self, request: HttpRequest, app_label: str | None = None
    ) -> list[Any]:
        """Add our pages to the models; without a label, order them by a day's work."""
        from leads.admin import queue

        apps: list[Any] = super().get_app_list(request, app_label)
        for app in apps:
            if app["app_label"] == "leads" and request.user.has_perm("leads.view_lead"):
                app["models"][:0] = [
                    _entry("Measure", "Tableau de bord", "admin:mesure"),
                    _entry("Action", "Preuve d’action", "admin:measure-action"),
                ]
            if app["app_label"] == "reports" and request.user.has_perm(
                "reports.view_hit"
            ):
                app["models"].insert(
                    0, _entry("Downloads", "Téléchargements", "admin:downloads")
                )
            if app["app_label"] == "leads" and queue.has_queue(request.user):
                app["models"].insert(0, _entry("Queue", "Ma file", "admin:index"))
        if app_label is None:
            apps = _grouped(apps)
        _mark_current(apps, request.path)
        return apps


def _entry(object_name: str, name: str, url_name: str) -> dict[str, Any]:
    return {
        "name": name,
        "object_name": object_name,
        "admin_url": reverse(url_name),
        "add_url": None,
        "view_only": True,
        "perms": {},
    }


def _grouped(apps: list[Any]) -> list[Any]:
    """Return the models of all apps under our own titles."""
    models = {model["object_name"]: model for app in apps for model in app["models"]}
    groups: list[Any] = []
    for number, (title, names) in enumerate(GROUPS.items(), start=1):
        found = [models.pop(name) for name in names if name in models]
        if found:
            groups.append(
                {
                    "name": title,
                    "app_label": f"groupe{number}",
                    "app_url": found[0]["admin_url"],
                    "has_module_perms": True,
                    "models": found,
                }
            )
    for app in apps:  # What nobody has named above.
        left = [model for model in app["models"] if model["object_name"] in models]
        if left:
            groups.append({**app, "models": left})
    return groups


def _mark_current(apps: list[Any], path: str) -> None:
    """Mark the entry of the page that is open, by the longest address it begins with.

    Every address begins with that of the home page, which stands for itself alone.
    """
    home = reverse("admin:index")
    entries = [model for app in apps for model in app["models"] if model["admin_url"]]
    matching = [
        model
        for model in entries
        if model["admin_url"] == path
        or (model["admin_url"] != home and path.startswith(model["admin_url"]))
    ]
    if matching:
        max(matching, key=lambda model: len(model["admin_url"]))["current"] = True
