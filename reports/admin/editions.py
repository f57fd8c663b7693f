"""Editions: who holds each, and what may be done with it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from outbox.admin import NOTHING, Paged, ReadOnly, short
from reports import editions
from reports.admin import gallery, publication
from reports.admin.downloads import copy_list
from reports.models import Copy, Edition


@admin.register(Edition)
class EditionAdmin(ReadOnly, Paged, admin.ModelAdmin[Edition]):
    list_display = [
        "version",
        short("published_at", "publiée le"),
        "holders",
        "note",
    ]
    fieldsets = [
        (None, {"fields": ["version", "published_at", "note", "fingerprint"]}),
        ("Détenteurs", {"fields": ["holders", "errata"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Edition]:
        held = (
            Copy.objects.held()
            .genuine()
            .filter(edition=OuterRef("pk"))
            .order_by()
            .values("edition")
            .annotate(n=Count("pk"))
        )
        count = Coalesce(Subquery(held.values("n")), 0)
        return super().get_queryset(request).annotate(held=count)

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of an edition, each bound to this admin."""

        def page(view: Callable[..., HttpResponseBase]) -> Any:
            return self.admin_site.admin_view(partial(view, self))

        own = [
            path("<int:pk>/epreuves/", page(gallery.proofs), name="edition_proofs"),
            path(
                "<int:pk>/epreuves/<slug:persona>/<int:number>/",
                page(gallery.comparison),
                name="edition_comparison",
            ),
            path(
                "<int:pk>/epreuves/<slug:persona>/<str:name>",
                page(gallery.file),
                name="edition_file",
            ),
            path(
                "<int:pk>/publier/", page(publication.publish), name="edition_publish"
            ),
            path(
                "<int:pk>/erratum/", page(publication.erratum), name="edition_erratum"
            ),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        self._warn(request)
        response: HttpResponse = super().changelist_view(request, extra_context)
        return response

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        self._warn(request)
        return super().change_view(
            request, object_id, form_url, {"title": "Édition", **(extra_context or {})}
        )

    def _warn(self, request: HttpRequest) -> None:
        """Say that visitors wait, where this tree does not make the live edition."""
        live = Edition.objects.filter(published_at__isnull=False).first()
        if live and not live.is_made_here:
            waiting = Copy.objects.filter(next_attempt_at__isnull=False).count()
            here = editions.PRESENT.version
            why = (
                f"Ce déploiement porte l’édition\u00a0{here}, qui n’est pas "
                "publiée\u00a0: tant qu’elle ne l’est pas, "
                if editions.is_intact()
                else f"Le document de ce déploiement n’est plus l’édition\u00a0{here} "
                "qu’il déclare\u00a0: tant qu’il ne l’est pas, "
            )
            words = f"les nouvelles demandes attendent. En attente\u00a0: {waiting}."
            messages.warning(request, why + words)

    @admin.display(description="exemplaires remis", ordering="held")
    def holders(self, edition: Any) -> str:
        """Open the list of who holds it: the copies that a mail server accepted."""
        url = copy_list(edition__id__exact=edition.pk, remis="oui")
        words = f"Qui détient cette édition\u202f? ({edition.held})"
        return format_html('<a href="{}">{}</a>', url, words)

    @admin.display(description="errata envoyés")
    def errata(self, edition: Edition) -> str:
        rows = [
            (
                date_format(localtime(erratum.created_at), "SHORT_DATETIME_FORMAT"),
                f"{erratum.count} envoi{'s' if erratum.count > 1 else ''}",
                erratum.note,
            )
            for erratum in edition.errata.annotate(count=Count("letters"))
        ]
        items = format_html_join("", "<li>{}, {}\u00a0: {}</li>", rows)
        return format_html("<ul>{}</ul>", items) if rows else NOTHING
