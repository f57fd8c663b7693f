"""Filters that several lists share."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest

from reports import downloads


class PeriodFilter(admin.SimpleListFilter):
    """Keep some days; an address may also name a single one, as 2026-11-20."""

    title = "période"
    parameter_name = "jours"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(days), f"{days} derniers jours") for days in downloads.CHOICES]

    def period(self) -> downloads.Period | None:
        value = self.value()
        try:
            return downloads.Period.parse(value) if value else None
        except ValueError as error:
            raise IncorrectLookupParameters(error) from error

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Any]
    ) -> QuerySet[Any] | None:
        if period := self.period():
            start, end = period.bounds
            return queryset.filter(at__gte=start, at__lt=end)
        return None


class LongFilter(admin.ChoicesFieldListFilter):
    """A long list of choices, closed until somebody wants it."""

    template = "admin/filter_closed.html"
