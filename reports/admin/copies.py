"""Copies, and what became of each."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timezone import localtime

from outbox.admin import (
    NOTHING,
    OwnLeads,
    Paged,
    ReadOnly,
    ScopeFilter,
    instant,
    last_step,
    short,
)
from reports import downloads
from reports.admin.filters import LongFilter, PeriodFilter
from reports.models import Copy, CopyEvent


class DeliveredFilter(PeriodFilter):
    title = "remise"
    parameter_name = "remis"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        periods = super().lookups(request, model_admin)
        return [
            *((days, f"Remis, {label}") for days, label in periods),
            ("oui", "Remis, depuis toujours"),
            ("non", "Non remis"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        if self.value() in ("oui", "non"):
            return queryset.filter(delivered_at__isnull=self.value() == "non")
        if period := self.period():
            start, end = period.bounds
            return queryset.filter(delivered_at__gte=start, delivered_at__lt=end)
        return None


class CopyEventInline(ReadOnly, admin.TabularInline[CopyEvent, Copy]):
    model = CopyEvent
    template = "admin/steps.html"
    extra = 0
    fields = ["at", "kind", "attempt", "cause", "worker"]
    verbose_name_plural = "étapes"


def copy_state(copy: Copy) -> str:
    """Name what became of a copy; its link is another matter."""
    if copy.damaged_at:
        return "fichier altéré"
    if copy.rendered_at:
        return "rendu"
    return "abandonné" if copy.failed_at else "demandé"


class CopyColumns:
    """Name where a copy stands; `with_delivery` has been there."""

    @admin.display(description="état")
    def state(self, copy: Copy) -> str:
        return copy_state(copy)

    @admin.display(description="remis le", ordering="delivered_at")
    def delivered(self, copy: Any) -> str:
        return instant(copy.delivered_at)

    @admin.display(description="édition")
    def version(self, copy: Copy) -> str:
        """Say it without a link: not everybody may open editions."""
        return copy.edition.version

    @admin.display(description="lien")
    def link(self, copy: Copy) -> str:
        if copy.revoked_at:
            return "révoqué"
        return "ouvert" if copy.is_open else "expiré"


@admin.register(Copy)
class CopyAdmin(CopyColumns, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[Copy]):
    list_display = [
        "reference",
        "reader",
        "organisation",
        "organisation_type",
        short("requested_at", "demandé le"),
        "state",
        "delivered",
        "link",
    ]
    list_filter = [
        DeliveredFilter,
        ScopeFilter,
        "edition",
        ("organisation_type", LongFilter),
    ]
    search_fields = ["reference", "last_name", "recipient", "organisation"]
    search_help_text = "Référence, nom, adresse ou établissement"
    fieldsets = [
        (None, {"fields": ["reference", "version", "lead", "recipient"]}),
        (
            "Lecteur, tel qu’il s’est présenté",
            {
                "fields": [
                    "reader",
                    "organisation",
                    "organisation_type",
                    "job_function",
                    "region",
                ]
            },
        ),
        (
            "Chronologie",
            {
                "fields": [
                    "requested_at",
                    "rendered_at",
                    "failed_at",
                    "delivered",
                    "state",
                ]
            },
        ),
        (
            "Lien et fichier",
            {
                "fields": [
                    "link",
                    "link_expires_at",
                    "revoked_at",
                    "size",
                    "sha256",
                    "fingerprint",
                    "damaged_at",
                ]
            },
        ),
        ("Envois", {"fields": ["sendings"]}),
    ]
    inlines = [CopyEventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Copy]:
        copies = super().get_queryset(request).filter(lead__erased_at=None)
        return downloads.with_delivery(copies).select_related("edition", "lead")

    @admin.display(description="lecteur", ordering="last_name")
    def reader(self, copy: Copy) -> str:
        return copy.reader.full_name

    @admin.display(description="envois")
    def sendings(self, copy: Copy) -> str:
        rows = [
            (
                reverse("admin:outbox_message_change", args=[message.pk]),
                date_format(localtime(message.created_at), "SHORT_DATE_FORMAT"),
                last_step(message),
            )
            for message in copy.messages.prefetch_related("events")
        ]
        items = format_html_join("", '<li><a href="{}">{}</a> : {}</li>', rows)
        return format_html("<ul>{}</ul>", items) if rows else NOTHING
