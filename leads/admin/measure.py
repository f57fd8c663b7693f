"""The measure: its dashboard, the rows of each figure, as a file and on paper."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    StreamingHttpResponse,
)
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.http import require_POST, require_safe

from leads.admin import action, csv_file
from leads.analytics import anonymous, one_page, paging, words
from leads.analytics.dashboard import Dashboard, Freshness, dashboard
from leads.analytics.filters import NAMES, NONE, Filters
from leads.analytics.labels import NOTHING, TITLES, Labels
from leads.analytics.lines import Listing, listing
from leads.analytics.tiles import BY_KEY, Kind, Tile
from reports.downloads import rule_of

PERIODS = (7, 28, 90)
PER_PAGE = 50
# The columns that hold moments, which are not broken, and numbers.
KINDS = {
    **dict.fromkeys(("Demande", "Remise", "Rendue", "Premier retrait"), "when"),
    **dict.fromkeys(("Premier contact", "Rendez-vous", "Gagné", "Reçue"), "when"),
    **dict.fromkeys(("Heure", "Jour", "Exemplaire"), "when"),
    "Nombre": "num",
}


def _filters(request: HttpRequest) -> Filters:
    """Read what is asked for. Raises PermissionDenied to who may see no lead."""
    if not request.user.has_perm("leads.view_lead"):
        raise PermissionDenied
    return Filters.parse(request.GET.dict(), request.user)


@require_safe
def measure(request: HttpRequest) -> TemplateResponse:
    """Show how far people have come, over a period and the one before it."""
    filters = _filters(request)
    found = dashboard(filters, request.user)
    context = {
        **admin.site.each_context(request),
        "title": "Tableau de bord",
        "board": found,
        "choices": _choices(found),
        "periods": _periods(filters),
        "query": filters.query(),
        **action.grids(filters, found.owners),
    }
    return TemplateResponse(request, "admin/measure/dashboard.html", context)


def _choices(found: Dashboard) -> list[dict[str, Any]]:
    """Return the filters of the form, each with what it may be."""
    choices = []
    for cut, name in NAMES.items():
        current = found.filters.cuts.get(cut, "")
        names = found.labels.names[cut]
        options = [("", "Tous" if cut in ("organisation_type", "owner") else "Toutes")]
        options += [(NONE, NOTHING[cut].capitalize()), *names.items()]
        if current not in dict(options):
            options.append((current, found.labels.of(cut, current)))
        choices.append(
            {
                "name": name,
                "title": TITLES[cut],
                "options": [(v, label, v == current) for v, label in options],
            }
        )
    return choices


def _periods(filters: Filters) -> list[dict[str, Any]]:
    """Return the shortcuts: so many days up to today, the other filters kept."""
    today = timezone.localdate()
    found = []
    for days in PERIODS:
        first = today - timedelta(days=days - 1)
        asked = Filters(first, today, filters.cuts, filters.owner)
        found.append(
            {"days": days, "query": asked.query(), "is_this": asked == filters}
        )
    return found


def _tile(request: HttpRequest) -> tuple[Tile, str]:
    """Return the tile whose rows are asked for, and perhaps one rule of it."""
    tile = BY_KEY.get(request.GET.get("tuile", ""))
    if tile is None:
        raise Http404("no such tile")
    if tile.kind is Kind.HITS and not request.user.has_perm("reports.view_hit"):
        raise PermissionDenied
    rule = request.GET.get("regle", "")[:40]
    by_rule = tile.key in ("set_aside", "served_aside") and "\x00" not in rule
    return tile, rule if by_rule else ""


class Rows:
    """The rows of a tile, as somebody may read them."""

    def __init__(self, request: HttpRequest) -> None:
        self.filters = _filters(request)
        self.tile, self.rule = _tile(request)
        if self.tile.is_anonymous:
            self.filters = anonymous.applying(self.filters)
        asked = self.filters.cuts.get("owner", "")
        self.labels = Labels.read(request.user, [asked])
        rows = self.tile.rows(self.filters, self.rule)
        self.listing: Listing = listing(self.tile, rows, request.user, self.labels)

    @cached_property
    def paginator(self) -> Paginator[Any]:
        if self.tile.is_anonymous:
            return Paginator(self.listing.rows, PER_PAGE)
        of = (self.tile, self.filters, self.rule)
        return paging.pages(*of, self.listing.rows, PER_PAGE)

    @cached_property
    def total(self) -> int:
        if self.tile.is_anonymous:
            return self.tile.count(self.filters)
        return self.paginator.count

    @cached_property
    def apart(self) -> int:
        """How many more the figure counts: of people anonymised since.

        That they were of this region, say, is kept apart from all else (`KeptDay`).
        """
        return max(0, sum(paging.apart(self.tile, self.filters).values()))

    @property
    def sentence(self) -> str:
        words_ = self.labels.sentence(self.filters)
        if self.rule:
            words_ += f", règle\u00a0: {rule_of(self.rule).name}"
        return words_

    @property
    def query(self) -> str:
        rule = {"regle": self.rule} if self.rule else {}
        return self.filters.query(tuile=self.tile.key, **rule)


@require_safe
def lines(request: HttpRequest) -> TemplateResponse:
    """List the rows that make a figure, as many as it says."""
    rows = Rows(request)
    page = rows.paginator.get_page(request.GET.get("page"))
    context = {
        **admin.site.each_context(request),
        "title": rows.tile.title,
        "tile": rows.tile,
        "rows": rows,
        "total": words.number(rows.total + rows.apart),
        "apart": words.number(rows.apart) if rows.apart else "",
        "page": page,
        "pages": page.paginator.get_elided_page_range(page.number),
        "count": words.number(page.paginator.count),
        "heads": [(head, KINDS.get(head, "")) for head in rows.listing.heads],
        "lines": [
            {"url": line.url, "cells": _cells(rows.listing.heads, line.cells)}
            for line in rows.listing.lines(page.object_list)
        ],
        "at": timezone.now(),
        "freshness": Freshness.read(),
        "of": BY_KEY.get(rows.tile.of),
    }
    return TemplateResponse(request, "admin/measure/lines.html", context)


def _cells(heads: list[str], cells: list[str]) -> list[tuple[str, str, str]]:
    return [
        (cell, head, KINDS.get(head, ""))
        for head, cell in zip(heads, cells, strict=True)
    ]


@require_POST
def lines_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Hand over the same rows as a file, and write down that it was done."""
    rows = Rows(request)
    found = rows.listing.rows.iterator(chunk_size=2000)
    return csv_file.handed_over(
        request,
        csv_file.Export(
            f"Mesure\u00a0: {rows.tile.title}",
            rows.sentence,
            rows.total,
            f"mesure-{rows.tile.key}",
            rows.listing.heads,
            (line.cells for line in rows.listing.lines(found)),
        ),
    )


@require_safe
def measure_pdf(request: HttpRequest) -> HttpResponse:
    """Hand over the dashboard on one page, with nobody's name on it."""
    found = dashboard(_filters(request), request.user)
    return HttpResponse(
        one_page.write(found).content,
        content_type="application/pdf",
        headers={
            "Content-Disposition": 'inline; filename="mesure.pdf"',
            "Cache-Control": "no-store",
        },
    )


def urls() -> list[Any]:
    """Return the addresses of the measure, behind the door of the admin."""

    def behind(view: Any) -> Any:
        return admin.site.admin_view(view)

    return [
        path("mesure/", behind(measure), name="mesure"),
        path("mesure/lignes/", behind(lines), name="mesure_lines"),
        path("mesure/lignes.csv", behind(lines_csv), name="mesure_csv"),
        path("mesure/tableau.pdf", behind(measure_pdf), name="mesure_pdf"),
    ]
