"""What the list of leads can be cut by, beyond its own columns."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.auth import get_user_model
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce, TruncDate
from django.http import HttpRequest

from leads import sources
from leads.assigning import name_of
from leads.channels import last_word
from leads.models import ConsentEvent, Lead, Submission
from leads.models.folding import Folded, fold
from outbox.admin import ScopeFilter
from outbox.models import Message
from reports.admin import LongFilter
from reports.models import Hit

MOST_CHOICES = 200  # Of a filter whose choices are what was typed.
CLOSED = LongFilter.template


def with_delivery(leads: QuerySet[Lead]) -> QuerySet[Lead]:
    """Add `delivered_at` and `retrieval_day`: the first of each, or None.

    The retrieval of a person who objects to that measure is nobody's business here;
    that of others is known to the day (Europe/Paris), so that not even the order of a
    list says more.
    """
    accepted = (
        Message.objects.accepted()
        .filter(copies__lead=OuterRef("pk"))
        .order_by("accepted_at")
        .values("accepted_at")[:1]
    )
    word = last_word(ConsentEvent.Purpose.MEASURE, "copy__lead")
    retrieved = (
        Hit.objects.probable()
        .filter(copy__lead=OuterRef("pk"))
        .alias(agrees=Coalesce(word, True))
        .filter(agrees=True)
        .order_by("at")
        .values(day=TruncDate("at"))[:1]
    )
    return leads.annotate(
        delivered_at=Subquery(accepted), retrieval_day=Subquery(retrieved)
    )


class LeadScopeFilter(ScopeFilter):
    path = ""

    def genuine(self, queryset: Any) -> Any:
        return queryset.genuine()


class HappenedFilter(admin.SimpleListFilter):
    """Cut by whether an instant is known."""

    template = CLOSED
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
    title = "remise"
    parameter_name = "remis"
    field = "delivered_at"


class RetrievedFilter(HappenedFilter):
    title = "retrait"
    parameter_name = "retire"
    field = "retrieval_day"


class OwnerFilter(admin.SimpleListFilter):
    """Cut by who has them; « moi » is whoever looks, so that a view can be shared."""

    title = "responsable"
    parameter_name = "responsable"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        User = get_user_model()
        visible = Lead.objects.visible_to(request.user)
        owners = User.objects.filter(pk__in=visible.values("owner"))
        others = sorted(
            (name_of(user), str(user.pk)) for user in owners if user != request.user
        )
        fixed = [("moi", "Moi"), ("personne", "Sans responsable")]
        return fixed + [(key, name) for name, key in others[:MOST_CHOICES]]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> QuerySet[Lead] | None:
        match self.value():
            case None:
                return None
            case "moi":
                return queryset.filter(owner=request.user.pk)
            case "personne":
                return queryset.filter(owner=None)
            case value if value.isascii() and value.isdecimal() and len(value) < 10:
                return queryset.filter(owner=int(value))
        raise IncorrectLookupParameters


class TypedFilter(admin.SimpleListFilter):
    """Cut by what came in a request; its choices are what did come, one query.

    All writings of one name are that name, as in the figures; others stay as they came.
    What robots typed is no choice: enough of it would hide the others.
    """

    template = CLOSED
    field: str

    def names(self) -> dict[str, str]:
        """Return every known writing → its name."""
        raise NotImplementedError

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Submission.objects.exclude(**{self.field: ""}).filter(suspicion="")
        if not request.user.has_perm("leads.view_all_lead"):
            rows = rows.filter(lead__in=Lead.objects.visible_to(request.user))
        values = rows.order_by(self.field).values_list(self.field, flat=True)
        names = self.names()
        came = values.distinct()[:MOST_CHOICES]
        found = sorted({names.get(value, value) for value in came})
        if (asked := self.value()) and asked not in found:
            found.insert(0, asked)
        return [(value, value) for value in found]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> QuerySet[Lead] | None:
        if not (value := self.value()):
            return None
        names = self.names()
        name = names.get(value, value)
        writings = {value, *(key for key, known in names.items() if known == name)}
        typed = Submission.objects.filter(
            lead=OuterRef("pk"), **{f"{self.field}__in": sorted(writings)}
        )
        return queryset.filter(Exists(typed))


class OriginFilter(TypedFilter):
    title = "source"
    parameter_name = "source"
    field = "origin"

    def names(self) -> dict[str, str]:
        return sources.ORIGINS


class CampaignFilter(TypedFilter):
    title = "campagne"
    parameter_name = "campagne"
    field = "campaign"

    def names(self) -> dict[str, str]:
        return sources.known_campaigns()


class OrganisationFilter(admin.SimpleListFilter):
    """Keep one establishment, as its name is typed; a row of the list leads here."""

    title = "établissement"
    parameter_name = "etablissement"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        value = self.value()
        return [(value, value)] if value else []

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> QuerySet[Lead] | None:
        if not (value := self.value()):
            return None
        named = queryset.alias(place=Folded("organisation"))
        # The index finds those whose words hold it; the name itself decides.
        return named.filter(search__contains=fold(value), place=fold(value))


class ConsentFilter(admin.SimpleListFilter):
    """Cut by what the person last said, as `leads/channels.py` reads it."""

    title = "consentement"
    parameter_name = "consentement"
    template = CLOSED

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("actualites", "Actualités\u00a0: oui"),
            ("sans-actualites", "Actualités\u00a0: jamais demandées"),
            ("actualites-retirees", "Actualités\u00a0: accord retiré"),
            ("rappel", "Rappel demandé"),
            ("rappel-refuse", "Appels refusés"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> QuerySet[Lead] | None:
        purposes = (ConsentEvent.Purpose.NEWS, ConsentEvent.Purpose.CALL)
        news, calls = (
            queryset.alias(said=last_word(purpose, "pk")) for purpose in purposes
        )
        match self.value():
            case "actualites":
                return news.filter(said=True)
            case "sans-actualites":
                return news.filter(said=None)
            case "actualites-retirees":
                return news.filter(said=False)
            case "rappel":
                number = Submission.objects.filter(
                    lead=OuterRef("pk"), suspicion="", phone__gt=""
                )
                return calls.filter(Exists(number), said=True)
            case "rappel-refuse":
                return calls.filter(said=False)
        return None
