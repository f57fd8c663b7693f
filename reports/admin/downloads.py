"""The page of what was delivered and retrieved; each figure opens its rows."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from reports import downloads

DEFAULT_DAYS = 30


def hit_list(**filters: Any) -> str:
    """Return the address of the requests behind a figure."""
    return f"{reverse('admin:reports_hit_changelist')}?{urlencode(filters)}"


def copy_list(**filters: Any) -> str:
    return f"{reverse('admin:reports_copy_changelist')}?{urlencode(filters)}"


def _linked(row: downloads.Row, days: str, **of_type: str) -> dict[str, Any]:
    """Return a row of figures, each with the address of what it counts."""
    hits = {f"copy__{name}": value for name, value in of_type.items()}
    return {
        "row": row,
        "delivered_url": copy_list(remis=days, **of_type),
        "probable_url": hit_list(jours=days, retrait="probable", **hits),
        "raw_url": hit_list(jours=days, retrait="brut", **hits),
    }


@require_safe
def downloads_page(request: HttpRequest) -> TemplateResponse:
    """Show what was delivered and retrieved over 7, 30 or 90 days."""
    if not request.user.has_perm("reports.view_hit"):
        raise PermissionDenied
    asked = request.GET.get("jours", "")
    days = asked if asked in map(str, downloads.CHOICES) else str(DEFAULT_DAYS)
    period = downloads.Period.parse(days)
    by_day = downloads.by_day(period)
    total = downloads.Row(
        None,
        "Total",
        sum(row.delivered for row in by_day),
        sum(row.probable for row in by_day),
        sum(row.raw for row in by_day),
    )
    context = {
        **admin.site.each_context(request),
        "title": "Téléchargements",
        "days": int(days),
        "choices": downloads.CHOICES,
        "period": period,
        "definitions": downloads.DEFINITIONS,
        "total": _linked(total, days),
        "by_day": [_linked(row, row.key.isoformat()) for row in by_day],
        "most_per_day": max([1, *(row.probable for row in by_day)]),
        "by_type": [
            _linked(row, days, organisation_type__exact=row.key)
            for row in downloads.by_type(period)
        ],
        "by_rule": [
            (rule, count, hit_list(jours=days, retrait="ecarte", regle=code))
            for code, rule, count in downloads.by_rule(period)
        ],
    }
    return TemplateResponse(request, "admin/reports/downloads.html", context)
