"""Leads: the list that staff live in, and the page of one person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.formats import date_format

from leads import assigning
from leads.admin import gestures
from leads.admin.bulk import BOTH_PLACES, BulkActions
from leads.admin.columns import LeadColumns
from leads.admin.filters import (
    CampaignFilter,
    ConsentFilter,
    DeliveredFilter,
    LeadScopeFilter,
    OrganisationFilter,
    OriginFilter,
    OwnerFilter,
    RetrievedFilter,
    with_delivery,
)
from leads.admin.page import LeadPages
from leads.admin.proofs import Proofs
from leads.admin.searching import found
from leads.admin.sheets import CallSheets
from leads.admin.views import tabs
from leads.batches import PIECE
from leads.models import Lead
from leads.models.lead import email_key
from outbox.admin import NOTHING, OwnLeads, Paged, instant
from reports.admin import LongFilter


class LeadForm(forms.ModelForm[Lead]):
    def clean_email(self) -> str:
        """Keep one lead per address."""
        address: str = self.cleaned_data["email"]
        others = Lead.objects.exclude(pk=self.instance.pk)
        if others.filter(email_key=email_key(address)).exists():
            raise ValidationError("Un autre contact a déjà cette adresse.")
        return address


@admin.register(Lead)
class LeadAdmin(
    Proofs, CallSheets, BulkActions, LeadColumns, OwnLeads, Paged, LeadPages
):
    form = LeadForm
    lead_path = ""
    list_display = [
        "who",
        "place",
        "standing",
        "responsible",
        "planned",
        "promise",
        "delivered_on",
        "retrieved_on",
        "created_on",
        "sheet",
    ]
    list_filter = [
        OrganisationFilter,
        LeadScopeFilter,
        OwnerFilter,
        ("status", LongFilter),
        DeliveredFilter,
        RetrievedFilter,
        ConsentFilter,
        OriginFilter,
        CampaignFilter,
        ("organisation_type", LongFilter),
        ("job_function", LongFilter),
        ("region", LongFilter),
    ]
    list_select_related = ["owner"]
    search_fields = ["search"]  # For the box to show; see get_search_results.
    search_help_text = (
        "Nom, adresse ou établissement, dans n’importe quel ordre\u202f; "
        "ou référence d’un exemplaire (SC26-…)"
    )
    fieldsets = [
        (
            "Identité",
            {
                "fields": [
                    ("first_name", "last_name"),
                    ("email", "phone"),
                    "organisation",
                    ("organisation_type", "region"),
                    "job_function",
                    "is_test",
                ]
            },
        ),
        (
            "Synthèse",
            {
                "fields": [
                    ("delivered", "retrieved"),
                    ("created_at", "suspected_at", "merged_into"),
                ]
            },
        ),
    ]
    readonly_fields = [
        "delivered",
        "retrieved",
        "created_at",
        "suspected_at",
        "merged_into",
    ]
    actions = [
        "take",
        "assign_to",
        "change_status",
        "send_again",
        "send_new_edition",
        "mark_as_test",
        "mark_as_real",
        "suspect",
        "release",
        "call_sheets",
    ]

    def get_urls(self) -> list[Any]:
        return [*gestures.urls(self), *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return with_delivery(super().get_queryset(request).filter(erased_at=None))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        return found(queryset, search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # A lead comes from a submission.

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave alone whoever asked that nothing be done with what is held (R26)."""
        return super().has_change_permission(request, obj) and not (
            obj is not None and obj.frozen_at
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Erasure is a right, with a path of its own.

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(
            request, {**tabs(request), **(extra_context or {})}
        )

    def save_model(
        self, request: HttpRequest, obj: Lead, form: Any, change: bool
    ) -> None:
        alive = Lead.objects.filter(pk=obj.pk, erased_at=None, frozen_at=None)
        if not alive.select_for_update(no_key=True).values_list("pk"):
            raise PermissionDenied("erased while this page was open")
        changed = list(form.changed_data)
        if "email" in changed:
            obj.email_key = email_key(obj.email)
            changed.append("email_key")
        # Nothing else, which a colleague may have changed since.
        obj.save(update_fields=changed)

    @admin.display(description="remis le", ordering="delivered_at")
    def delivered(self, lead: Any) -> str:
        return instant(lead.delivered_at)

    @admin.display(description="retiré le", ordering="retrieval_day")
    def retrieved(self, lead: Any) -> str:
        """Return the day and no more: that is what the notice tells people."""
        if lead.retrieval_day is None:
            return NOTHING
        return date_format(lead.retrieval_day, "SHORT_DATE_FORMAT")

    @admin.action(
        description="S’attribuer", permissions=["change"], location=BOTH_PLACES
    )
    def take(self, request: HttpRequest, queryset: QuerySet[Lead]) -> None:
        user = request.user
        keys = list(queryset.values_list("pk", flat=True)[: PIECE + 1])
        if len(keys) > PIECE:
            words = (
                f"On s’attribue {PIECE} contacts au plus à la fois\u00a0: rien n’a été "
                "fait."
            )
            self.message_user(request, words, messages.ERROR)
            return
        why = assigning.said_of(user, user)
        # Locked before they are looked at: whoever was quicker keeps theirs.
        rows = Lead.objects.filter(pk__in=keys).select_for_update(no_key=True)
        try:
            with transaction.atomic():
                locked = [lead.pk for lead in rows.only("pk").order_by("pk")]
                free = Lead.objects.visible_to(user).filter(pk__in=locked)
                keys = list(free.values_list("pk", flat=True))
                given = assigning.assign(keys, user, by=user, why=why)
        except ValidationError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, f"Contacts attribués\u00a0: {len(given)}.")
