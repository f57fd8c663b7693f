"""The journal of accesses: what the DPO reads, and nobody writes."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from leads.models import JournalEntry, PrivacyEvent
from outbox.admin import NOTHING, DayFilter, OwnLeads, Paged, ReadOnly, Titled, short

Act = JournalEntry.Act
# Of an account, what happened to it is said in the list too.
TOLD = {Act.SIGN_IN_FAILED, Act.SIGNED_IN, Act.ACCOUNT}


@admin.register(JournalEntry)
class JournalAdmin(Titled, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[JournalEntry]):
    title, counted = "Acte du journal", "actes"
    list_display = [short("at", "le"), "who", "act", "what", "contact", "count"]
    list_filter = ["act", ("at", DayFilter)]
    search_fields = ["=lead__pk", "user__username"]
    search_help_text = "Numéro d’un contact, ou compte"
    fields = ["at", "who", "act", "what", "contact", "count", "page", "filters"]

    @admin.display(description="par", ordering="user_id")
    def who(self, entry: JournalEntry) -> str:
        if entry.user_id is None:
            return NOTHING
        # Read with the row; none where the account is gone.
        return str(entry.user or f"compte n°\u00a0{entry.user_id}")

    @admin.display(description="sur")
    def what(self, entry: JournalEntry) -> str:
        if entry.act == JournalEntry.Act.RIGHT:
            return dict(PrivacyEvent.Kind.choices).get(entry.page, entry.page)
        kind = entry.content_type.name if entry.content_type else entry.page
        what = f"{kind} n°\u00a0{entry.object_id}" if entry.object_id else kind
        if entry.act in TOLD and entry.object_id:
            what += f"\u00a0: {entry.page}"
        return what or NOTHING

    @admin.display(description="contact", ordering="lead_id")
    def contact(self, entry: JournalEntry) -> str:
        return f"n°\u00a0{entry.lead_id}" if entry.lead_id else NOTHING

    def get_queryset(self, request: HttpRequest) -> QuerySet[JournalEntry]:
        return super().get_queryset(request).select_related("user", "content_type")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("leads.view_journalentry")
