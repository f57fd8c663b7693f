"""What the list of leads can be cut by, beyond its own columns."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest

from leads.models import ConsentEvent, Lead
from outbox.admin import ScopeFilter
from outbox.models import Message
from reports.models import Hit


def with_delivery(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add `delivered_at` and `retrieved_at`: the first of each, or None.

    The retrieval of a person who objects to that measure is nobody's business here.
    """
    accepted = (
        Message.objects.accepted()
        .filter(copies__lead=OuterRef("pk"))
        .order_by("accepted_at")
        .values("accepted_at")[:1]
    )
    latest = (
        ConsentEvent.objects.filter(
            lead=OuterRef(OuterRef("copy__lead")), purpose=ConsentEvent.Purpose.MEASURE
        )
        .order_by("-at", "-pk")
        .values("pk")[:1]
    )
    objection = ConsentEvent.objects.filter(pk=Subquery(latest), granted=False)
    retrieved = (
        Hit.objects.probable()
        .filter(~Exists(objection), copy__lead=OuterRef("pk"))
        .order_by("at")
        .values("at")[:1]
    )
    return leads.annotate(
        delivered_at=Subquery(accepted), retrieved_at=Subquery(retrieved)
    )


class LeadScopeFilter(ScopeFilter):
    path = ""

    def genuine(self, queryset: Any) -> Any:
        return queryset.genuine()


class HappenedFilter(admin.SimpleListFilter):
    """Cut by whether an instant is known."""

    field: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("oui", "Oui"), ("non", "Non")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> QuerySet[Lead] | None:
        if self.value() not in {"oui", "non"}:
            return None
        return queryset.filter(**{f"{self.field}__isnull": self.value() == "non"})


class DeliveredFilter(HappenedFilter):
    title = "remis"
    parameter_name = "remis"
    field = "delivered_at"


class RetrievedFilter(HappenedFilter):
    title = "retiré"
    parameter_name = "retire"
    field = "retrieved_at"
