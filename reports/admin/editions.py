"""Editions: who holds each, what the next one looks like, and its publication."""

from __future__ import annotations

from django.contrib import admin

from outbox.admin import Paged, ReadOnly
from reports.models import Edition


@admin.register(Edition)
class EditionAdmin(ReadOnly, Paged, admin.ModelAdmin[Edition]):
    list_display = ["version", "published_at", "note"]
    fields = ["version", "published_at", "note"]
