"""What was asked of the links of copies."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Case, Q, QuerySet, When
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.timesince import timesince

from outbox.admin import NOTHING, Paged, ReadOnly, ScopeFilter
from reports import downloads
from reports.admin.filters import LongFilter, PeriodFilter
from reports.models import Hit


class HitScopeFilter(ScopeFilter):
    path = "copy__lead__"


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


class TypeFilter(LongFilter):
    """Cut by type; who objects to the measure is of none."""

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        found: Any = super().queryset(request, queryset)
        return downloads.of_known_type(found) if self.used_parameters else found


@admin.register(Hit)
class HitAdmin(ReadOnly, Paged, admin.ModelAdmin[Hit]):
    """Requests, without the people: by name, only the retrieval is shown, on the lead.

    To the day only: beside the instant a message was accepted, an exact one would
    tell whose request it is. Everybody's, whoever looks: cut to the leads of somebody
    who has few, they would be known persons' requests, objectors' too. Of a request of
    who objects to the measure, nothing is told that could tell whose it is.
    """

    list_display = (
        "day",
        "link",
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
        ("copy__organisation_type", TypeFilter),
    ]
    list_select_related = ["copy"]
    ordering = ["-at"]
    fields = list_display

    def get_queryset(self, request: HttpRequest) -> QuerySet[Hit]:
        hits: Any = super().get_queryset(request)
        objects = Q(copy__lead__in=downloads.objecting())
        shown = downloads.told(hits).annotate(
            day=TruncDate("at"),
            unmeasured=Case(When(objects, then=True), default=False),
            delay=Case(When(objects, then=None), default="since_acceptance"),
        )
        return downloads.with_settled(shown)

    @admin.display(description="jour", ordering="at")
    def day(self, hit: Any) -> str:
        return date_format(hit.day, "SHORT_DATE_FORMAT")

    @admin.display(description="après l’acceptation", ordering="delay")
    def delay(self, hit: Any) -> str:
        """Return « 2 secondes » or « 3 jours »: one unit is enough."""
        if hit.delay is None:
            return NOTHING
        if hit.delay < 60:
            return f"{hit.delay:.0f} s"
        accepted = hit.at - timedelta(seconds=hit.delay)
        return str(timesince(accepted, hit.at, depth=1))

    @admin.display(description="règle")
    def words(self, hit: Any) -> str:
        return downloads.rule_of(hit.settled).name

    @admin.display(description="type d’établissement")
    def organisation_type(self, hit: Any) -> str:
        if hit.unmeasured:
            return NOTHING
        return hit.copy.get_organisation_type_display() or NOTHING
