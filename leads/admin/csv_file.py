"""Hand over the rows of a figure as a file, and write down that it was done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone

from leads import journal
from leads.analytics.export import csv_lines
from leads.models import LeadFacts


@dataclass(frozen=True, slots=True)
class Export:
    title: str  # As the log says it,
    sentence: str  # with the filters.
    count: int
    name: str  # Of the file, before its day.
    heads: list[str]
    rows: Iterable[list[str]]


def handed_over(request: HttpRequest, export: Export) -> StreamingHttpResponse:
    journal.record(
        journal.Act.EXPORTED,
        request.user,
        about=LeadFacts,
        count=export.count,
        page=export.title,
        filters=export.sentence,
    )
    name = f"{export.name}-{timezone.localdate().isoformat()}.csv"
    return StreamingHttpResponse(
        csv_lines(export.heads, export.rows),
        content_type="text/csv; charset=utf-8",
        headers={
            "Content-Disposition": f'attachment; filename="{name}"',
            "Cache-Control": "no-store",
        },
    )
