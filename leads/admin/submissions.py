"""Submissions as they were typed: read here, and their copy sent again."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import ActionLocation
from django.db.models import OuterRef, Prefetch, QuerySet, Subquery
from django.http import HttpRequest
from django.utils.html import format_html

from leads.admin.sending import send_all_again, send_all_new_edition, too_many
from leads.calling import shown
from leads.models import ConsentEvent, Submission
from outbox.admin import NOTHING, OwnLeads, Paged, ReadOnly, ScopeFilter, short
from outbox.models import Message
from reports.admin import LongFilter, copy_state

BOTH_PLACES = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


def with_messages(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """Fetch what `state` reads, for a whole list at once."""
    messages = Message.objects.defer("text", "html")
    return submissions.select_related("copy", "correction").prefetch_related(
        Prefetch("messages", messages)
    )


def with_refusals(submissions: QuerySet[Submission]) -> QuerySet[Submission]:
    """Add `may_call`: what their author last said of calls, or None."""
    acts = ConsentEvent.objects.filter(
        lead=OuterRef("lead"), purpose=ConsentEvent.Purpose.CALL
    )
    latest = acts.order_by("-at", "-pk").values("granted")[:1]
    return submissions.annotate(may_call=Subquery(latest))


class SubmissionColumns:
    """Say where a submission comes from and where it stands."""

    @admin.display(description="état")
    def state(self, submission: Submission) -> str:
        """Name the state of its newest message, or else of its copy."""
        if hasattr(submission, "correction"):
            return "adresse corrigée"
        if submission.copy is None:
            return "non envoyée"
        newest = next(iter(submission.messages.all()), None)
        return str(newest.state.label) if newest else copy_state(submission.copy)

    @admin.display(description="rappel demandé au")
    def call(self, submission: Any) -> str:
        """Show the number left in this submission, to be pressed on a telephone.

        Not that of somebody who has refused calls since.
        """
        if not submission.phone:
            return NOTHING
        if submission.may_call is False:
            return "numéro retiré\u00a0: ne veut pas, ou plus, être appelé"
        number = submission.phone
        return format_html('<a href="tel:{}">{}</a>', number, shown(number))

    @admin.display(description="provenance")
    def origin(self, submission: Submission) -> str:
        """Show the campaign's raw parameters."""
        pairs = [f"{name} : {', '.join(v)}" for name, v in submission.source.items()]
        return " · ".join(pairs) or NOTHING


@admin.register(Submission)
class SubmissionAdmin(
    SubmissionColumns, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[Submission]
):
    list_display = [
        short("created_at", "reçue le"),
        "full_name",
        "organisation",
        "email",
        "organisation_type",
        "job_function",
        "state",
        "suspicion",
    ]
    list_filter = [
        ScopeFilter,
        "suspicion",
        "news_consent",
        "created_at",
        ("organisation_type", LongFilter),
        ("job_function", LongFilter),
    ]
    search_fields = ["last_name", "first_name", "email", "organisation"]
    search_help_text = "Nom, adresse ou établissement"
    fieldsets = [
        (None, {"fields": ["created_at", "lead", "state", "copy", "corrects", "call"]}),
        (
            "Ce qui a été saisi",
            {
                "fields": [
                    "first_name",
                    "last_name",
                    "email",
                    "organisation",
                    "organisation_type",
                    "job_function",
                    "region",
                    "news_consent",
                ]
            },
        ),
        ("Origine", {"fields": ["origin", "suspicion"]}),
    ]
    actions = ["send_again", "send_new_edition"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        submissions = super().get_queryset(request).filter(lead__erased_at=None)
        rows = with_refusals(with_messages(submissions))
        return rows.select_related("lead", "corrects")

    @admin.display(description="nom", ordering="last_name")
    def full_name(self, submission: Submission) -> str:
        return submission.full_name

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("leads.send_again")

    @admin.action(
        description="Renvoyer la synthèse",
        permissions=["send_again"],
        location=BOTH_PLACES,
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Submission]) -> None:
        """Owe the very copy of each submission, to the address typed in it."""
        if not too_many(self, request, queryset.count()):
            pairs = [(submission, submission) for submission in queryset]
            send_all_again(self, request, pairs)

    @admin.action(
        description="Envoyer la nouvelle édition",
        permissions=["send_again"],
        location=BOTH_PLACES,
    )
    def send_new_edition(
        self, request: HttpRequest, queryset: QuerySet[Submission]
    ) -> None:
        """Make each submission a copy in the current edition, for the same reader."""
        if not too_many(self, request, queryset.count()):
            pairs = [(submission, submission) for submission in queryset]
            send_all_new_edition(self, request, pairs)
