"""The team: what each carries, who is above, who is away."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from leads import assigning
from leads.admin.people import person_field
from leads.availability import carried
from leads.models import Absence, StaffProfile
from outbox.admin import NOTHING, Paged, Titled

KEEPS_THE_TEAM = "leads.change_staffprofile"  # Marketing: everybody's, not their own.


def keeps_the_team(user: Any) -> bool:
    return bool(user.has_perm(KEEPS_THE_TEAM))


class ProfileForm(forms.ModelForm[StaffProfile]):
    def clean_manager(self) -> Any:
        """Say it here too: the constraint is not asked where the person is fixed."""
        manager = self.cleaned_data["manager"]
        if manager and manager.pk == self.instance.user_id:
            raise ValidationError("Une personne n’est pas sa propre responsable.")
        return manager


@admin.register(StaffProfile)
class StaffProfileAdmin(Titled, Paged, admin.ModelAdmin[StaffProfile]):
    new_title, title = "Nouveau profil de suivi", "Profil de suivi"
    form = ProfileForm
    list_display = ["name", "cap", "load", "above", "morning_letter"]
    list_select_related = ["user", "manager"]
    when_empty = (
        "Sans profil, une personne reçoit des contacts sans limite et la lettre du "
        "matin, et c’est le Marketing qui est prévenu d’une promesse non tenue."
    )
    actions = None
    ordering = ["user__last_name", "user__username"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StaffProfile]:
        rows = (
            super()
            .get_queryset(request)
            .select_related("user", "manager")
            .annotate(carried=carried("user"))
        )
        mine = rows.filter(user=request.user.pk)
        return rows if keeps_the_team(request.user) else mine

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if not self.has_change_permission(request, obj):
            return ["name", "cap", "load", "above", "morning_letter"]
        who = ["user"] if obj is None else ["name"]
        return [*who, "load_cap", "manager", "morning_letter"]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> tuple[str, ...]:
        return ("name", "cap", "load", "above")

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.is_relation:  # No links beside it: staff may not open accounts.
            return person_field(db_field)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="personne", ordering="user__last_name")
    def name(self, profile: StaffProfile) -> str:
        return assigning.name_of(profile.user)

    @admin.display(
        description="contacts ouverts au plus",
        ordering=F("load_cap").asc(nulls_last=True),
    )
    def cap(self, profile: StaffProfile) -> str:
        return "sans limite" if profile.load_cap is None else str(profile.load_cap)

    @admin.display(description="contacts ouverts", ordering="carried")
    def load(self, profile: Any) -> int:
        return int(profile.carried)

    @admin.display(description="responsable hiérarchique")
    def above(self, profile: StaffProfile) -> str:
        return assigning.name_of(profile.manager) if profile.manager else NOTHING


class AbsenceForm(forms.ModelForm[Absence]):
    def clean(self) -> dict[str, Any]:
        """Refuse days that are over, and those that another absence covers."""
        values: dict[str, Any] = super().clean() or {}
        first, last = values.get("first_day"), values.get("last_day")
        user = values.get("user") or getattr(self.instance, "user", None)
        if first is None or last is None or last < first or user is None:
            return values  # Said by the field, or by the constraint.
        if last < timezone.localdate():
            self.add_error(
                "last_day",
                "Ces jours sont passés\u00a0: cette absence ne changerait rien à ce "
                "qui a été confié.",
            )
        others = Absence.objects.filter(
            user=user, first_day__lte=last, last_day__gte=first
        ).exclude(pk=self.instance.pk)
        if other := others.first():
            raise ValidationError(
                "Une autre absence couvre une partie de ces jours, "
                f"{other}\u00a0: modifiez-la plutôt."
            )
        return values


class WhenFilter(admin.SimpleListFilter):
    title = "période"
    parameter_name = "periode"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("en-cours", "Aujourd’hui"), ("a-venir", "À venir"), ("fin", "Passées")]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[Absence]
    ) -> QuerySet[Absence]:
        today = timezone.localdate()
        match self.value():
            case "en-cours":
                return queryset.filter(first_day__lte=today, last_day__gte=today)
            case "a-venir":
                return queryset.filter(first_day__gt=today)
            case "fin":
                return queryset.filter(last_day__lt=today)
        return queryset


@admin.register(Absence)
class AbsenceAdmin(Titled, Paged, admin.ModelAdmin[Absence]):
    """A person declares their own absences; who keeps the team, everybody's."""

    new_title, title = "Déclarer une absence", "Absence"
    form = AbsenceForm
    list_display = ["name", "first_day", "last_day"]
    list_filter = [WhenFilter]
    when_empty = (
        "Déclarez une absence avant qu’elle commence\u00a0: les règles ne confient "
        "rien à qui est absent."
    )
    list_select_related = ["user"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Absence]:
        rows = super().get_queryset(request).select_related("user")
        user = request.user
        # Who may change none (the DPO) reads them all.
        if keeps_the_team(user) or not user.has_perm("leads.change_absence"):
            return rows
        return rows.filter(user=user.pk)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["user" if self._chooses(request, obj) else "name", *DAYS]

    def get_readonly_fields(
        self, request: HttpRequest, obj: Any = None
    ) -> tuple[str, ...]:
        return ("name",)

    def _chooses(self, request: HttpRequest, obj: Any) -> bool:
        return obj is None and keeps_the_team(request.user)

    def get_form(
        self,
        request: HttpRequest,
        obj: Any = None,
        change: bool = False,
        **kwargs: Any,
    ) -> Any:
        """Give the form whose absence it is, where it is not to be chosen."""
        form: Any = super().get_form(request, obj, change, **kwargs)
        if obj is None and not keeps_the_team(request.user):

            class Mine(form):  # type: ignore[misc]
                def __init__(self, *args: Any, **kwargs: Any) -> None:
                    super().__init__(*args, **kwargs)
                    self.instance.user = request.user

            return Mine
        return form

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.is_relation:  # No links beside it: staff may not open accounts.
            return person_field(db_field, initial=request.user.pk)
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    @admin.display(description="personne", ordering="user__last_name")
    def name(self, absence: Absence) -> str:
        return assigning.name_of(absence.user) if absence.user_id else "vous"


DAYS = ("first_day", "last_day")
