"""The ledger of consents: read, never written, from here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from leads.models import ConsentEvent
from outbox.admin import DayFilter, OwnLeads, Paged, ReadOnly, ScopeFilter, short


@admin.register(ConsentEvent)
class ConsentEventAdmin(OwnLeads, ReadOnly, Paged, admin.ModelAdmin[ConsentEvent]):
    list_display = [
        short("at", "le"),
        "who",
        "purpose",
        "granted",
        "channel",
        "wording_version",
    ]
    list_filter = ["purpose", "granted", "channel", ScopeFilter, ("at", DayFilter)]
    list_select_related = ["lead"]
    search_fields = ["lead__last_name", "lead__email"]
    search_help_text = "Nom ou adresse"
    fields = [
        "at",
        "who",
        "purpose",
        "granted",
        "wording",
        "wording_version",
        "wording_sha256",
        "page",
        "channel",
        "submission",
    ]

    @admin.display(description="contact")
    def who(self, event: ConsentEvent) -> str:
        return str(event.lead)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConsentEvent]:
        return super().get_queryset(request).filter(lead__erased_at=None)
