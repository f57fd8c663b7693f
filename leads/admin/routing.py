"""Routing rules: the ordered list, the form, and what a change would do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, Max, OuterRef, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST, require_safe

from leads import assigning, dry_run, routing
from leads.admin.people import followers, person_field
from leads.models import RoutingRule
from outbox.admin import Paged, Titled
from reports.vocabulary import (
    JOB_FUNCTION_GROUPS,
    ORGANISATION_TYPE_GROUPS,
    JobFunction,
    OrganisationType,
    Region,
)

SIMULATE = "_simulate"  # The button beside « Enregistrer ».


def choices_field(label: str, choices: Any) -> forms.TypedMultipleChoiceField:
    return forms.TypedMultipleChoiceField(
        label=label,
        choices=choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucune case cochée : pas de condition.",
    )


class RuleForm(forms.ModelForm[RoutingRule]):
    types = choices_field("Types d’établissement", ORGANISATION_TYPE_GROUPS)
    regions = choices_field("Régions", Region.choices)
    functions = choices_field("Fonctions", JOB_FUNCTION_GROUPS)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk is None:
            self.instance.position = next_position()

    def clean_campaign(self) -> str:
        """Keep the name as names are compared."""
        return routing.named_campaign(self.cleaned_data["campaign"])

    def is_valid(self) -> bool:
        """Let nothing be saved where the question is what it would change."""
        return super().is_valid() and SIMULATE not in self.data


def next_position() -> int:
    last = RoutingRule.objects.aggregate(last=Max("position"))["last"]
    return (last or 0) + 1


def in_words(rule: RoutingRule) -> list[str]:
    """Return the conditions of a rule, each as a phrase."""
    phrases = [
        " ou ".join(str(vocabulary(value).label) for value in values)
        for values, vocabulary in (
            (rule.types, OrganisationType),
            (rule.regions, Region),
            (rule.functions, JobFunction),
        )
        if values
    ]
    if rule.campaign:
        phrases.append(f"campagne {rule.campaign}")
    return phrases or ["Tous les contacts"]


@admin.register(RoutingRule)
class RoutingRuleAdmin(Titled, Paged, admin.ModelAdmin[RoutingRule]):
    new_title, title = "Nouvelle règle d’affectation", "Règle d’affectation"
    form = RuleForm
    list_display = ["number", "conditions", "name", "in_force", "moves"]
    list_display_links = ["number"]
    list_select_related = ["person"]
    ordering = ["position"]
    sortable_by = ()
    actions = None
    readonly_fields = ["number", "conditions", "name", "in_force"]
    save_on_top = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[RoutingRule]:
        """Say of each whether another stands above, and below."""
        rows = super().get_queryset(request).select_related("person")
        others = RoutingRule.objects.order_by()
        return rows.annotate(
            has_above=Exists(others.filter(position__lt=OuterRef("position"))),
            has_below=Exists(others.filter(position__gt=OuterRef("position"))),
        )

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is not None and not self.has_change_permission(request, obj):
            return [
                (None, {"fields": ["number", "conditions", "name", "in_force"]}),
            ]
        return [
            (None, {"fields": ["person", "is_active"]}),
            ("Conditions", {"fields": ["types", "regions", "functions", "campaign"]}),
        ]

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "person":  # Staff may not open accounts: no links.
            return person_field(db_field, queryset=followers())
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_list_display(self, request: HttpRequest) -> Any:
        columns = list(super().get_list_display(request))
        if not self.has_change_permission(request):
            columns.remove("moves")
        return columns

    def get_urls(self) -> list[URLPattern]:
        """Add the pages of the rules, each bound to this admin."""

        def page(view: Callable[..., HttpResponseBase], allow: Any = None) -> Any:
            bound: Any = partial(view, self)
            return self.admin_site.admin_view(allow(bound) if allow else bound)

        own = [
            path("<int:pk>/deplacer/", page(move, require_POST), name="rule_move"),
            path("simuler/", page(current, require_safe), name="rules_simulate"),
            path("<int:pk>/sans/", page(without, require_safe), name="rule_without"),
            path("orienter/", page(route_left_over), name="rules_route"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(
        self, request: HttpRequest, extra_context: Any = None
    ) -> HttpResponse:
        response: HttpResponse = super().changelist_view(
            request, {"may_simulate": may_simulate(request), **(extra_context or {})}
        )
        return response

    def save_model(
        self, request: HttpRequest, obj: RoutingRule, form: Any, change: bool
    ) -> None:
        """Put a new rule last, whoever adds another at the same time."""
        if not change:
            routing.one_at_a_time()
            obj.position = next_position()
        super().save_model(request, obj, form, change)

    def render_change_form(
        self, request: HttpRequest, context: Any, *args: Any, **kwargs: Any
    ) -> HttpResponse:
        form = context["adminform"].form
        asked = SIMULATE in request.POST and may_simulate(request)
        if asked and not form.errors:
            before = routing.rules_in_force()
            after = dry_run.with_rule(before, form.instance)
            context["simulation"] = dry_run.simulate(after, before)
        context["may_simulate"] = may_simulate(request)
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description="n°")
    def number(self, rule: RoutingRule) -> str:
        return str(rule.position)

    @admin.display(description="conditions")
    def conditions(self, rule: RoutingRule) -> str:
        return "\u00a0; ".join(in_words(rule))

    @admin.display(description="personne")
    def name(self, rule: RoutingRule) -> str:
        name = assigning.name_of(rule.person)
        if assigning.may_be_given(rule.person):
            return name
        return f"{name} (ne peut rien recevoir)"

    @admin.display(description="en vigueur")
    def in_force(self, rule: RoutingRule) -> str:
        return "oui" if rule.is_active else "non"

    @admin.display(description="ordre")
    def moves(self, rule: Any) -> SafeString:
        ways = [("monter", "Monter")] if rule.has_above else []
        ways += [("descendre", "Descendre")] if rule.has_below else []
        url = reverse("admin:rule_move", args=[rule.pk])
        return format_html_join(
            " ",
            '<button formaction="{0}" name="{1}" value="{3}">{2}'
            '<span class="visually-hidden"> la règle n°\u00a0{3}</span></button>',
            [(url, way, label, rule.position) for way, label in ways],
        )


def may_simulate(request: HttpRequest) -> bool:
    """Tell whether somebody may read of everybody's leads what rules make of them."""
    return request.user.has_perms(["leads.view_routingrule", "leads.view_all_lead"])


def rule_list() -> HttpResponseRedirect:
    return HttpResponseRedirect(reverse("admin:leads_routingrule_changelist"))


@transaction.atomic
def move(model_admin: RoutingRuleAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Swap a rule with the one above or below.

    The button says where the rule stood: pressed twice, it moves once.
    """
    if not model_admin.has_change_permission(request):
        raise PermissionDenied
    routing.one_at_a_time()
    rules = list(RoutingRule.objects.order_by("position"))
    places = {rule.pk: place for place, rule in enumerate(rules)}
    up = "monter" in request.POST
    stood = request.POST.get("monter" if up else "descendre")
    place = places.get(pk)
    if place is None:
        messages.warning(request, "Cette règle vient d’être supprimée.")
        return rule_list()
    other = place - 1 if up else place + 1
    if stood == str(rules[place].position) and 0 <= other < len(rules):
        rule, neighbour = rules[place], rules[other]
        _swap(rule, neighbour)
        words = f"La {rule} devient la règle n°\u00a0{neighbour.position}."
        model_admin.log_change(request, rule, words)
        messages.success(request, words)
    return rule_list()


def _swap(one: RoutingRule, other: RoutingRule) -> None:
    """Exchange two places, which are unique: by one that is nobody's."""
    places = RoutingRule.objects
    places.filter(pk=one.pk).update(position=next_position())
    places.filter(pk=other.pk).update(position=one.position)
    places.filter(pk=one.pk).update(position=other.position)


def _page(
    model_admin: RoutingRuleAdmin,
    request: HttpRequest,
    template: str,
    title: str,
    **context: Any,
) -> HttpResponse:
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": model_admin.opts,
        "title": title,
        **context,
    }
    name = f"admin/leads/routingrule/{template}.html"
    return TemplateResponse(request, name, context)


def current(model_admin: RoutingRuleAdmin, request: HttpRequest) -> HttpResponse:
    """Show what today's rules would make of the last ninety days' leads."""
    if not may_simulate(request):
        raise PermissionDenied
    simulation = dry_run.simulate(routing.rules_in_force())
    return _page(
        model_admin,
        request,
        "simulation",
        "Simuler les règles actuelles",
        simulation=simulation,
        against_owners=True,
    )


def without(
    model_admin: RoutingRuleAdmin, request: HttpRequest, pk: int
) -> HttpResponse:
    """Show what would change if a rule were deleted."""
    if not (model_admin.has_delete_permission(request) and may_simulate(request)):
        raise PermissionDenied
    rule = get_object_or_404(RoutingRule.objects.select_related("person"), pk=pk)
    before = routing.rules_in_force()
    after = [other for other in before if other.pk != rule.pk]
    return _page(
        model_admin,
        request,
        "simulation",
        f"Simuler la suppression de la {rule}",
        simulation=dry_run.simulate(after, before),
        rule=rule,
    )


def route_left_over(
    model_admin: RoutingRuleAdmin, request: HttpRequest
) -> HttpResponse:
    """Ask the rules again about whom nobody has, once that was confirmed."""
    if not request.user.has_perms(["leads.assign_lead", "leads.view_routingrule"]):
        raise PermissionDenied
    if request.method == "POST":
        count = routing.route_left_over()
        if count:
            noun = "contact a été confié" if count == 1 else "contacts ont été confiés"
            words = f"{count} {noun}\u00a0: un courriel part à chaque responsable."
            messages.success(request, words)
        else:
            messages.warning(request, "Aucune règle n’a pu confier de contact.")
        return rule_list()
    would, total = routing.would_be_given()
    return _page(
        model_admin,
        request,
        "route",
        "Orienter les contacts sans responsable",
        would=would,
        total=total,
        at_once=routing.AGAIN,
    )
