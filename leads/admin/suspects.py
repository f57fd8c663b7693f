"""Who is taken for a robot: what they typed, why they are doubted, and the way out."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest

from leads.admin.bulk import BulkActions
from leads.admin.searching import found
from leads.admin.submissions import SubmissionColumns, with_refusals
from leads.models import Submission, Suspect
from outbox.admin import NOTHING, OwnLeads, Paged, ReadOnly, Titled, instant


class WhyFilter(admin.SimpleListFilter):
    title = "motif"
    parameter_name = "motif"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            *((str(s.value), str(s.label)) for s in Submission.Suspicion),
            ("equipe", "Par l’équipe"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Suspect]
    ) -> QuerySet[Suspect] | None:
        doubted = Submission.objects.exclude(suspicion="")
        if self.value() == "equipe":
            return queryset.exclude(pk__in=doubted.values("lead"))
        if self.value():
            posts = doubted.filter(suspicion=self.value())
            return queryset.filter(pk__in=posts.values("lead"))
        return None


class KnownFilter(admin.SimpleListFilter):
    title = "contact"
    parameter_name = "contact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("suspect", "Suspect"), ("connu", "Connu par ailleurs")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Suspect]
    ) -> QuerySet[Suspect] | None:
        if self.value() not in {"suspect", "connu"}:
            return None
        return queryset.filter(suspected_at__isnull=self.value() == "connu")


class HeldInline(SubmissionColumns, ReadOnly, admin.StackedInline[Submission, Suspect]):
    """The posts that are held, as they were typed."""

    model = Submission
    fk_name = "lead"
    extra = 0
    verbose_name_plural = "demandes retenues, telles que saisies"
    fields = [
        "created_at",
        "suspicion",
        "first_name",
        "last_name",
        "email",
        "organisation",
        "organisation_type",
        "job_function",
        "region",
        "news_consent",
        "call",
        "origin",
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Submission]:
        return with_refusals(super().get_queryset(request).exclude(suspicion=""))


@admin.register(Suspect)
class SuspectAdmin(
    Titled, BulkActions, OwnLeads, ReadOnly, Paged, admin.ModelAdmin[Suspect]
):
    title = "Suspect"
    lead_path = ""
    list_display = ["since", "typed", "address", "place", "why", "asked", "known"]
    list_display_links = ["typed"]
    list_filter = [WhyFilter, KnownFilter]
    search_fields = ["search"]
    search_help_text = "Nom, adresse ou établissement"
    ordering = ["-suspected_at", "-pk"]
    actions = ["release"]
    fields = ["since", "typed", "address", "place", "why", "asked", "known"]
    inlines = [HeldInline]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Suspect]:
        posts = Submission.objects.exclude(suspicion="").order_by("created_at", "pk")
        held: Any = super().get_queryset(request)
        rows: QuerySet[Suspect] = held.held()
        return rows.prefetch_related(Prefetch("submissions", posts, to_attr="posts"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Suspect], search_term: str
    ) -> tuple[QuerySet[Suspect], bool]:
        return found(queryset, search_term), False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.has_release_permission(request)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def _post(self, lead: Any) -> Any:
        """Return what was typed last and is held, or else the lead itself."""
        return lead.posts[-1] if lead.posts else lead

    @admin.display(description="reçue le", ordering="suspected_at")
    def since(self, lead: Suspect) -> str:
        return instant(self._post(lead).created_at)

    @admin.display(description="nom saisi", ordering="last_name")
    def typed(self, lead: Suspect) -> str:
        return self._post(lead).full_name or str(lead)

    @admin.display(description="adresse saisie", ordering="email")
    def address(self, lead: Suspect) -> str:
        return str(self._post(lead).email)

    @admin.display(description="établissement saisi", ordering="organisation")
    def place(self, lead: Suspect) -> str:
        post = self._post(lead)
        return f"{post.organisation}, {post.get_job_function_display()}"

    @admin.display(description="pourquoi")
    def why(self, lead: Any) -> str:
        reasons = {post.get_suspicion_display() for post in lead.posts}
        return ", ".join(sorted(reasons)) or "tenu pour suspect par l’équipe"

    @admin.display(description="a demandé")
    def asked(self, lead: Any) -> str:
        """Say what the box and the number left ask for, beyond the synthesis."""
        asked = ["synthèse"] if lead.posts else []
        if any(post.news_consent for post in lead.posts):
            asked.append("actualités")
        if any(post.phone for post in lead.posts):
            asked.append("rappel")
        return ", ".join(asked) or NOTHING

    @admin.display(description="contact", ordering="suspected_at")
    def known(self, lead: Suspect) -> str:
        return "suspect" if lead.suspected_at else "connu par ailleurs"
