"""« Vues »: lists of leads under a name, kept for oneself or shared."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html

from leads.assigning import name_of
from leads.models import Lead, SavedView
from outbox.admin import Paged

TABS = 20  # Above the list; the others are one page further.
MOST_VALUES = 20  # Of one filter.
TOO_LONG = 200  # Characters of a value.


def known_parameters() -> set[str]:
    """Return what the list of leads can be asked for, but for its page."""
    names = {SEARCH_VAR, ORDER_VAR}
    model_admin: Any = admin.site.get_model_admin(Lead)
    for filtered in model_admin.list_filter:
        if isinstance(filtered, tuple):
            names |= {f"{filtered[0]}__exact", f"{filtered[0]}__isnull"}
        else:
            names.add(filtered.parameter_name)
    return names


def sanitised(query: str) -> str:
    """Return the parameters that the list knows, written one way.

    Whatever else the address held (a page, a pop-up, what nobody knows) is dropped.
    """
    try:
        asked = QueryDict(query[:5000])
    except ValueError:  # More parameters than any list has.
        return ""
    known = known_parameters()
    kept = [
        (name, value)
        for name, values in sorted(asked.lists())
        if name in known
        for value in values[:MOST_VALUES]
        if value.strip() and "\x00" not in value and len(value) <= TOO_LONG
    ]
    return urlencode(kept)


def list_url(query: str) -> str:
    url = reverse("admin:leads_lead_changelist")
    return f"{url}?{query}" if query else url


def tabs(request: HttpRequest) -> dict[str, Any]:
    """Return what the list shows above itself. One query."""
    if not request.user.has_perm("leads.view_savedview"):
        return {}
    current = sanitised(request.META.get("QUERY_STRING", ""))
    found = SavedView.objects.for_user(request.user).select_related("owner")
    views = sorted(found[: TABS + 1], key=lambda view: view.owner_id != request.user.pk)
    here = next((view for view in views if view.query == current), None)
    return {
        "views": [
            {
                "view": view,
                "url": list_url(view.query),
                "current": view is here,
                "by": "" if view.owner_id == request.user.pk else name_of(view.owner),
            }
            for view in views[:TABS]
        ],
        "more_views": len(views) > TABS,
        "whole_list": not current,
        "current_view": here,
        "may_change_view": here is not None and here.owner_id == request.user.pk,
        "view_query": current,
    }


class SavedViewForm(forms.ModelForm[SavedView]):
    asked = forms.CharField(required=False, widget=forms.HiddenInput)
    user: Any  # Set by the page.

    class Meta:
        model = SavedView
        fields = ("name", "is_shared")

    def clean_asked(self) -> str:
        if self.instance.pk:
            return ""  # What a view shows is settled when it is kept.
        query = sanitised(self.cleaned_data["asked"])
        if not query:
            raise forms.ValidationError(
                "Cette liste n’a ni filtre ni recherche\u00a0: choisissez-en d’abord."
            )
        if len(query) > 1000:
            raise forms.ValidationError("Cette liste a trop de filtres pour une vue.")
        return query

    def clean(self) -> dict[str, Any]:
        """Keep one view per name; saved twice, it is the same view."""
        data = super().clean() or {}
        mine = SavedView.objects.filter(owner=self.user, name=data.get("name", ""))
        other = mine.exclude(pk=self.instance.pk).first()
        if other is None:
            return data
        if self.instance.pk is None and data.get("asked") == other.query:
            self.instance = other
        else:
            self.add_error("name", "Vous avez déjà une vue de ce nom.")
        return data


@admin.register(SavedView)
class SavedViewAdmin(Paged, admin.ModelAdmin[SavedView]):
    form = SavedViewForm
    list_display = ["name", "author", "is_shared", "opened"]
    list_select_related = ["owner"]
    actions = None
    when_empty = (
        "Pour en garder une\u00a0: filtrez la liste des contacts ou cherchez-y, puis "
        "choisissez «\u00a0Garder cette liste\u00a0»."
    )

    def get_model_perms(self, request: HttpRequest) -> dict[str, bool]:
        """Offer no empty form in the side bar: a view is kept from a list."""
        return {**super().get_model_perms(request), "add": False}

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        """Offer none above the list either."""
        none = {"has_add_permission": False}
        return super().changelist_view(request, {**none, **(extra_context or {})})

    def get_queryset(self, request: HttpRequest) -> QuerySet[SavedView]:
        rows = super().get_queryset(request)
        return rows.filter(
            pk__in=SavedView.objects.for_user(request.user).values("pk")
        ).select_related("owner")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["name", "is_shared", *(["author"] if obj else ["asked"])]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["author"] if obj else []

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.user = request.user  # type: ignore[attr-defined]
        return form

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Leave a view to its author."""
        mine = obj is None or obj.owner_id == request.user.pk
        return mine and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Let its author delete a view, and who sees all leads a shared one."""
        may = super().has_delete_permission(request, obj)
        if obj is None or obj.owner_id == request.user.pk:
            return may
        everybody = request.user.has_perm("leads.view_all_lead")
        return may and obj.is_shared and everybody

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Send whoever comes with no list to where one is chosen."""
        if request.method == "POST" or not self.has_add_permission(request):
            return super().add_view(request, form_url, extra_context)
        words = (
            "Filtrez la liste ou cherchez, puis choisissez «\u00a0Garder cette "
            "liste\u00a0»."
        )
        messages.info(request, words)
        return redirect(list_url(""))

    def save_model(
        self, request: HttpRequest, obj: SavedView, form: Any, change: bool
    ) -> None:
        if not change:
            obj.owner = request.user  # type: ignore[assignment]
            obj.query = form.cleaned_data["asked"]
        try:
            with transaction.atomic():
                super().save_model(request, obj, form, change)
        except IntegrityError:  # Pressed twice at once.
            obj.pk = SavedView.objects.get(owner=obj.owner, name=obj.name).pk

    def response_add(
        self, request: HttpRequest, obj: SavedView, post_url_continue: Any = None
    ) -> HttpResponse:
        return self._shown(request, obj, "enregistrée")

    def response_change(self, request: HttpRequest, obj: SavedView) -> HttpResponse:
        return self._shown(request, obj, "modifiée")

    def response_delete(
        self, request: HttpRequest, obj_display: str, obj_id: Any
    ) -> HttpResponse:
        messages.success(request, f"Vue «\u00a0{obj_display}\u00a0» supprimée.")
        return redirect(list_url(""))

    def _shown(self, request: HttpRequest, view: SavedView, done: str) -> HttpResponse:
        messages.success(request, f"Vue «\u00a0{view.name}\u00a0» {done}.")
        return redirect(list_url(view.query))

    @admin.display(description="auteur", ordering="owner")
    def author(self, view: SavedView) -> str:
        return name_of(view.owner)

    @admin.display(description="liste")
    def opened(self, view: SavedView) -> str:
        template = (
            '<a href="{}">Ouvrir<span class="visually-hidden"> la vue {}</span></a>'
        )
        return format_html(template, list_url(view.query), view.name)
