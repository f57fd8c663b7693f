"""The ledger of rights that people exercised: numbers, never names."""

from __future__ import annotations

from django.contrib import admin

from leads.models import PrivacyEvent
from outbox.admin import NOTHING, DayFilter, OwnLeads, Paged, ReadOnly, Titled, short


@admin.register(PrivacyEvent)
class PrivacyEventAdmin(
    Titled, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[PrivacyEvent]
):
    """Tell staff why a contact of theirs is gone, without saying who it was."""

    title = "Droit exercé"
    list_display = [short("at", "le"), "kind", "contact", "owner"]
    list_filter = ["kind", ("at", DayFilter)]
    list_select_related = ["lead__owner"]
    fields = ["at", "kind", "contact", "owner"]

    @admin.display(description="contact", ordering="lead_id")
    def contact(self, event: PrivacyEvent) -> str:
        return f"n° {event.lead_id}"

    @admin.display(description="responsable")
    def owner(self, event: PrivacyEvent) -> str:
        return str(event.lead.owner or NOTHING)
