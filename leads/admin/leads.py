"""Leads: the list that staff live in, and the page of one person."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format

from leads import assigning
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
from leads.admin.history import (
    ActivityInline,
    ConsentInline,
    CopyInline,
    MessageInline,
    SubmissionInline,
)
from leads.admin.searching import found
from leads.admin.views import tabs
from leads.models import Activity, Lead
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


def assigned_by(user: Any, to: Any) -> str:
    """Say in words who gave a lead to whom."""
    by = assigning.name_of(user)
    if to is None:
        return f"Repris par {by}"
    return f"Pris par {by}" if to == user else f"Confié par {by}"


@admin.register(Lead)
class LeadAdmin(BulkActions, LeadColumns, OwnLeads, Paged, admin.ModelAdmin[Lead]):
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
    save_on_top = True
    fieldsets = [
        (
            "Suivi",
            {
                "fields": [
                    ("status", "closed_because"),
                    "owner",
                    ("next_action", "next_action_on"),
                    "is_test",
                ]
            },
        ),
        (
            "Identité",
            {
                "fields": [
                    ("first_name", "last_name"),
                    ("email", "phone"),
                    "organisation",
                    ("organisation_type", "region"),
                    "job_function",
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
    inlines = [
        ActivityInline,
        SubmissionInline,
        CopyInline,
        MessageInline,
        ConsentInline,
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
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        return with_delivery(super().get_queryset(request).filter(erased_at=None))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Lead], search_term: str
    ) -> tuple[QuerySet[Lead], bool]:
        return found(queryset, search_term), False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False  # A lead comes from a submission.

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # Erasure is a right, with a path of its own.

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return super().changelist_view(
            request, {**tabs(request), **(extra_context or {})}
        )

    def save_model(
        self, request: HttpRequest, obj: Lead, form: Any, change: bool
    ) -> None:
        alive = Lead.objects.filter(pk=obj.pk, erased_at=None)
        if not alive.select_for_update(no_key=True).values_list("pk"):
            raise PermissionDenied("erased while this page was open")
        if "email" in form.changed_data:
            obj.email_key = email_key(obj.email)
        owner, obj.owner_id = obj.owner, form.initial.get("owner")
        super().save_model(request, obj, form, change)
        if "owner" in form.changed_data:
            why = assigned_by(request.user, owner)
            assigning.assign([obj.pk], owner, by=request.user, why=why)

    def save_formset(
        self, request: HttpRequest, form: Any, formset: Any, change: bool
    ) -> None:
        """Sign new notes with whoever is signed in."""
        if formset.model is Activity:
            for row in formset.extra_forms:
                row.instance.author = request.user
        super().save_formset(request, form, formset, change)

    @admin.display(description="remis le", ordering="delivered_at")
    def delivered(self, lead: Any) -> str:
        return instant(lead.delivered_at)

    @admin.display(description="retiré le", ordering="retrieved_at")
    def retrieved(self, lead: Any) -> str:
        """Return the day and no more: that is what the notice tells people."""
        if lead.retrieved_at is None:
            return NOTHING
        return date_format(timezone.localdate(lead.retrieved_at), "SHORT_DATE_FORMAT")

    @admin.action(
        description="S’attribuer", permissions=["change"], location=BOTH_PLACES
    )
    def take(self, request: HttpRequest, queryset: QuerySet[Lead]) -> None:
        user = request.user
        keys = list(queryset.values_list("pk", flat=True))
        why = assigned_by(user, user)
        try:
            given = assigning.assign(keys, user, by=user, why=why)
        except ValidationError as error:
            self.message_user(request, error.message, messages.ERROR)
        else:
            self.message_user(request, f"Contacts attribués\u00a0: {len(given)}.")
