"""What a lead's page shows of its past: rows that nobody edits, and notes to add."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin import widgets
from django.db.models import QuerySet, TextField
from django.http import HttpRequest

from leads.admin.submissions import SubmissionColumns, with_messages
from leads.models import Activity, ConsentEvent, Lead, Submission
from outbox.admin import NOTHING, MessageColumns, ReadOnly
from outbox.models import Message
from reports.admin import CopyColumns
from reports.downloads import with_delivery
from reports.models import Copy


class ActivityInline(admin.TabularInline[Activity, Lead]):
    """Notes are added, signed and dated by the house, and never rewritten."""

    model = Activity
    extra = 1
    fields = ["kind", "body", "signature", "at"]
    readonly_fields = ["signature", "at"]
    formfield_overrides = {
        TextField: {"widget": widgets.AdminTextareaWidget(attrs={"rows": 3})}
    }
    verbose_name_plural = "notes et échanges"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Activity]:
        return super().get_queryset(request).select_related("author")

    @admin.display(description="auteur")
    def signature(self, activity: Activity) -> str:
        """Say it without a link: staff may not open accounts."""
        return str(activity.author or NOTHING)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class SubmissionInline(
    SubmissionColumns, ReadOnly, admin.TabularInline[Submission, Lead]
):
    model = Submission
    extra = 0
    show_change_link = True
    fields = [
        "created_at",
        "email",
        "organisation",
        "job_function",
        "news_consent",
        "call",
        "origin",
        "state",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        return with_messages(super().get_queryset(request))


class CopyInline(CopyColumns, ReadOnly, admin.TabularInline[Copy, Lead]):
    model = Copy
    extra = 0
    show_change_link = True
    fields = [
        "requested_at",
        "recipient",
        "version",
        "state",
        "delivered",
        "link",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Copy]:
        copies = super().get_queryset(request).select_related("edition")
        return with_delivery(copies)


class MessageInline(MessageColumns, ReadOnly, admin.TabularInline[Message, Lead]):
    model = Message
    extra = 0
    show_change_link = True
    fields = ["created_at", "state", "step"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Message]:
        messages = super().get_queryset(request).defer("text", "html")
        return messages.prefetch_related("events")


class ConsentInline(ReadOnly, admin.TabularInline[ConsentEvent, Lead]):
    model = ConsentEvent
    extra = 0
    show_change_link = True
    fields = ["at", "purpose", "granted", "channel", "wording_version"]
