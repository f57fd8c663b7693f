"""The ledger of consents: read, never written, from here."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from leads.models import ConsentEvent
from outbox.admin import (
    NOTHING,
    DayFilter,
    OwnLeads,
    Paged,
    ReadOnly,
    ScopeFilter,
    Titled,
    short,
)


@admin.register(ConsentEvent)
class ConsentEventAdmin(
    Titled, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[ConsentEvent]
):
    title = "Consentement"
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
        "asked",
    ]

    @admin.display(description="contact")
    def who(self, event: ConsentEvent) -> str:
        return str(event.lead)

    @admin.display(description="demande")
    def asked(self, event: ConsentEvent) -> str:
        if event.submission_id is None:
            return NOTHING
        url = reverse("admin:leads_submission_change", args=[event.submission_id])
        return format_html('<a href="{}">n°\u00a0{}</a>', url, event.submission_id)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ConsentEvent]:
        return super().get_queryset(request).filter(lead__erased_at=None)
