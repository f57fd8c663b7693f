"""Copies, what was asked of their links, and what it amounts to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from outbox.admin import (
    NOTHING,
    Paged,
    ReadOnly,
    ScopeFilter,
    instant,
    last_step,
    short,
)
from reports import downloads
from reports.models import Copy, CopyEvent, Edition, Hit

DEFAULT_DAYS = 30


class HitScopeFilter(ScopeFilter):
    path = "copy__lead__"


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
        self, request: HttpRequest, queryset: QuerySet[Hit]
    ) -> QuerySet[Hit] | None:
        if period := self.period():
            start, end = period.bounds
            return queryset.filter(at__gte=start, at__lt=end)
        return None


class DeliveredFilter(PeriodFilter):
    title = "remise"
    parameter_name = "remis"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        periods = super().lookups(request, model_admin)
        return [(days, f"Remis, {label}") for days, label in periods] + [
            ("non", "Non remis")
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        if self.value() == "non":
            return queryset.filter(delivered_at=None)
        if period := self.period():
            start, end = period.bounds
            return queryset.filter(delivered_at__gte=start, delivered_at__lt=end)
        return None


class RetrievalFilter(admin.SimpleListFilter):
    title = "retrait"
    parameter_name = "retrait"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("probable", "Retraits probables"),
            ("brut", "Retraits bruts"),
            ("ecarte", "Requêtes écartées"),
        ]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        match self.value():
            case "probable":
                return queryset.probable()
            case "brut":
                return queryset.served()
            case "ecarte":
                return queryset.exclude(pk__in=Hit.objects.probable().values("pk"))
        return None


class RuleFilter(admin.SimpleListFilter):
    title = "règle"
    parameter_name = "regle"
    template = "admin/filter_closed.html"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(code, rule.name) for code, rule in downloads.RULES.items()]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        return queryset.filter(settled=self.value()) if self.value() else None


class LongFilter(admin.ChoicesFieldListFilter):
    """A long list of choices, closed until somebody wants it."""

    template = "admin/filter_closed.html"


@admin.register(Edition)
class EditionAdmin(ReadOnly, Paged, admin.ModelAdmin[Edition]):
    """Editions are declared in code and published by migration."""

    list_display = ["version", "published_at", "note"]
    fields = ["version", "published_at", "note"]


class CopyEventInline(ReadOnly, admin.TabularInline[CopyEvent, Copy]):
    model = CopyEvent
    extra = 0
    fields = ["at", "kind", "attempt", "cause", "worker"]
    verbose_name_plural = "étapes"


def copy_state(copy: Copy) -> str:
    """Name what became of a copy; its link is another matter."""
    if copy.rendered_at:
        return "rendu"
    return "abandonné" if copy.failed_at else "demandé"


class CopyColumns:
    """Name where a copy stands; `with_delivery` has been there."""

    @admin.display(description="état")
    def state(self, copy: Copy) -> str:
        return copy_state(copy)

    @admin.display(description="remis le", ordering="delivered_at")
    def delivered(self, copy: Any) -> str:
        return instant(copy.delivered_at)

    @admin.display(description="édition")
    def version(self, copy: Copy) -> str:
        """Say it without a link: not everybody may open editions."""
        return copy.edition.version

    @admin.display(description="lien")
    def link(self, copy: Copy) -> str:
        if copy.revoked_at:
            return "révoqué"
        return "ouvert" if copy.is_open else "expiré"


@admin.register(Copy)
class CopyAdmin(CopyColumns, ReadOnly, Paged, admin.ModelAdmin[Copy]):
    list_display = [
        "reference",
        "reader",
        "organisation",
        "organisation_type",
        short("requested_at", "demandé le"),
        "state",
        "delivered",
        "link",
    ]
    list_filter = [
        DeliveredFilter,
        ScopeFilter,
        "edition",
        ("organisation_type", LongFilter),
    ]
    search_fields = ["reference", "last_name", "recipient", "organisation"]
    search_help_text = "Référence, nom, adresse ou établissement"
    fieldsets = [
        (None, {"fields": ["reference", "version", "lead", "recipient"]}),
        (
            "Lecteur, tel qu’il s’est présenté",
            {
                "fields": [
                    "reader",
                    "organisation",
                    "organisation_type",
                    "job_function",
                    "region",
                ]
            },
        ),
        (
            "Chronologie",
            {
                "fields": [
                    "requested_at",
                    "rendered_at",
                    "failed_at",
                    "delivered",
                    "state",
                ]
            },
        ),
        (
            "Lien et fichier",
            {"fields": ["link", "link_expires_at", "revoked_at", "size"]},
        ),
        ("Envois", {"fields": ["sendings"]}),
    ]
    inlines = [CopyEventInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Copy]:
        copies = super().get_queryset(request).filter(lead__erased_at=None)
        return downloads.with_delivery(copies).select_related("edition", "lead")

    @admin.display(description="lecteur", ordering="last_name")
    def reader(self, copy: Copy) -> str:
        return copy.reader.full_name

    @admin.display(description="envois")
    def sendings(self, copy: Copy) -> str:
        rows = [
            (
                reverse("admin:outbox_message_change", args=[message.pk]),
                date_format(localtime(message.created_at), "SHORT_DATE_FORMAT"),
                last_step(message),
            )
            for message in copy.messages.prefetch_related("events")
        ]
        items = format_html_join("", '<li><a href="{}">{}</a> : {}</li>', rows)
        return format_html("<ul>{}</ul>", items) if rows else NOTHING


@admin.register(Hit)
class HitAdmin(ReadOnly, Paged, admin.ModelAdmin[Hit]):
    """Requests, without the people: by name, only the retrieval is shown, on the lead.

    To the day only: beside the instant a message was accepted, an exact one would
    tell whose request it is.
    """

    list_display = (
        "day",
        "method",
        "agent",
        "delay",
        "confidence",
        "words",
        "served",
        "counted",
        "organisation_type",
    )
    list_display_links = None
    list_filter = [
        PeriodFilter,
        RetrievalFilter,
        HitScopeFilter,
        "confidence",
        "agent",
        RuleFilter,
        ("copy__organisation_type", LongFilter),
    ]
    list_select_related = ["copy"]
    ordering = ["-at"]
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hit]:
        hits = super().get_queryset(request).annotate(day=TruncDate("at"))
        return downloads.with_settled(hits)

    @admin.display(description="jour", ordering="at")
    def day(self, hit: Any) -> str:
        return date_format(hit.day, "SHORT_DATE_FORMAT")

    @admin.display(description="après l’acceptation", ordering="since_acceptance")
    def delay(self, hit: Hit) -> str:
        """Return « 2 secondes » or « 3 jours »: one unit is enough."""
        if hit.since_acceptance is None:
            return NOTHING
        if hit.since_acceptance < 60:
            return f"{hit.since_acceptance:.0f} s"
        accepted = hit.at - timedelta(seconds=hit.since_acceptance)
        return str(timesince(accepted, hit.at, depth=1))

    @admin.display(description="règle")
    def words(self, hit: Any) -> str:
        return downloads.rule_of(hit.settled).name

    @admin.display(description="type d’établissement")
    def organisation_type(self, hit: Hit) -> str:
        return hit.copy.get_organisation_type_display() or NOTHING


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
