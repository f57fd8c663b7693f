"""The pages of accounts: invite, close, and let in again."""

from __future__ import annotations

from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django import forms
from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse

from outbox.admin import Paged, Titled
from santescopie.accounts import events, factors, links, sessions
from santescopie.accounts.forms import LABELS, InvitationForm
from santescopie.accounts.models import AccountLink

User = get_user_model()

# What the page of an account's access does, and what it says once done.
GESTURES = {
    "inviter": "Le lien est en route. Il sert une fois.",
    "retirer": "Ses seconds facteurs sont retirés et ses sessions fermées\u00a0: à la "
    "prochaine connexion, un nouveau facteur sera demandé.",
    "fermer": "Ses sessions sont fermées.",
}
NOBODY_ELSE = "Il doit rester un administrateur actif."


class AccountForm(forms.ModelForm[Any]):
    class Meta:
        model = User
        fields = (
            "first_name",
            "last_name",
            "email",
            "username",
            "is_active",
            "groups",
            "is_superuser",
        )
        widgets = {"groups": forms.CheckboxSelectMultiple}
        labels = LABELS
        help_texts = {"is_superuser": "", "groups": "", "is_active": "", "username": ""}

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        others = User.objects.exclude(pk=self.instance.pk)
        if email and others.filter(email__iexact=email).exists():
            raise forms.ValidationError("Un autre compte a cette adresse.")
        return email

    def clean(self) -> dict[str, Any]:
        """Keep one administrator who can still sign in."""
        values = super().clean() or {}
        was = self.instance
        if was.pk and was.is_superuser and was.is_active:
            stays = values.get("is_superuser", was.is_superuser)
            if not (stays and values.get("is_active", was.is_active)):
                others = User.objects.filter(
                    is_superuser=True, is_active=True, is_staff=True
                ).exclude(pk=was.pk)
                if not others.exists():
                    raise forms.ValidationError(NOBODY_ELSE)
        return values


class AccountAdmin(Titled, Paged, UserAdmin[Any]):
    """Django's own accounts, without passwords: each person chooses theirs."""

    new_title, title = "Inviter quelqu’un", "Compte"
    form = AccountForm
    add_form = InvitationForm
    add_form_template = None
    change_form_template = "admin/auth/user/change_form.html"
    list_display = ("username", "first_name", "last_name", "email", "state")
    list_filter = ("is_active", "is_superuser", "groups")
    filter_horizontal = ()
    actions = None
    fieldsets = (
        (None, {"fields": ("first_name", "last_name", "email", "username")}),
        ("Accès", {"fields": ("is_active", "groups", "is_superuser")}),
    )
    add_fieldsets = (
        (None, {"fields": ("first_name", "last_name", "email")}),
        ("Accès", {"fields": ("groups", "is_superuser")}),
    )

    @admin.display(description="accès")
    def state(self, user: Any) -> str:
        if not user.is_active or not user.is_staff:
            return "fermé"
        return "ouvert" if user.has_usable_password() else "invité"

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(self.access)
        return [
            path("<int:pk>/acces/", page, name="auth_user_access"),
            *super().get_urls(),
        ]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep an account from whoever may do less: its address lets one in."""
        user: Any = request.user
        if obj is not None and not user.is_superuser and _is_above(obj, user):
            return False
        return bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Keep one's own account, and so an administrator; close the others rather."""
        if obj is not None and obj.pk == request.user.pk:
            return False
        if obj is not None and not self.has_change_permission(request, obj):
            return False
        return bool(super().has_delete_permission(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        user: Any = request.user
        return () if user.is_superuser else ("is_superuser", "groups")

    def formfield_for_dbfield(
        self, db_field: Any, request: HttpRequest, **kwargs: Any
    ) -> Any:
        if db_field.name == "groups":  # Few: boxes, without Django's links beside.
            return db_field.formfield(
                widget=forms.CheckboxSelectMultiple, label="Groupes", help_text=""
            )
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def save_model(
        self, request: HttpRequest, obj: Any, form: Any, change: bool
    ) -> None:
        if not change:
            obj.username = obj.email
            obj.is_staff = True
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if change and "email" in form.changed_data:
            AccountLink.objects.close(obj)  # It went to the address before.
        if change and not obj.is_active:
            sessions.end_all(obj)
            AccountLink.objects.close(obj)
            events.record("closed", user=obj, by=request.user, request=request)

    def save_related(
        self, request: HttpRequest, form: Any, formsets: Any, change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if not change:
            links.invite(form.instance, by=request.user)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: Any = None
    ) -> HttpResponse:
        """Say that the mail is on its way, in place of Django's two steps."""
        self.message_user(request, f"L’invitation est en route vers {obj.email}.")
        return redirect("admin:auth_user_changelist")

    def user_change_password(
        self, request: HttpRequest, id: str, form_url: str = ""
    ) -> HttpResponse:
        """Nobody chooses the password of somebody else."""
        return redirect("admin:auth_user_access", pk=int(id))

    def access(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show how somebody signs in, and let them in again."""
        user = self.get_object(request, str(pk))
        if user is None:
            self.message_user(request, "Ce compte n’existe pas.", messages.WARNING)
            return redirect("admin:auth_user_changelist")
        if not self.has_change_permission(request, user):
            raise PermissionDenied
        gesture = request.POST.get("geste")
        if request.method == "POST" and gesture in GESTURES:
            self._do(request, user, gesture)
            return redirect("admin:auth_user_access", pk=pk)
        kinds = list(Authenticator.objects.filter(user=user).order_by("type", "pk"))
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"Accès de {user.get_full_name() or user}",
            "account": user,
            "factors": [f for f in kinds if f.type in factors.SECOND],
            "codes": any(f.type == "recovery_codes" for f in kinds),
            "link": AccountLink.objects.usable().filter(user=user).first(),
            "back": reverse("admin:auth_user_change", args=[pk]),
            "open": user.is_active and user.is_staff,
        }
        return TemplateResponse(request, "admin/auth/user/access.html", context)

    def _do(self, request: HttpRequest, user: Any, gesture: str) -> None:
        with transaction.atomic():
            if gesture == "inviter":
                if not (user.is_active and user.is_staff and user.email):
                    why = "Ce compte est fermé, ou n’a pas d’adresse."
                    self.message_user(request, why, messages.ERROR)
                    return
                links.invite(user, by=request.user)
            elif gesture == "retirer":
                factors.reset(user, by=request.user)
            else:
                sessions.end_all(user)
                events.record("sessions_ended", user=user, by=request.user)
            self.log_change(request, user, GESTURES[gesture])
        self.message_user(request, GESTURES[gesture], messages.SUCCESS)


def _is_above(account: Any, user: Any) -> bool:
    """Tell whether an account may do what `user` may not. Asked once a request."""
    if account.is_superuser:
        return True
    told: dict[int, bool] = user.__dict__.setdefault("_is_below", {})
    if account.pk not in told:
        told[account.pk] = bool(_rights_of(account) - _rights_of(user))
    return told[account.pk]


def _rights_of(user: Any) -> set[tuple[str, str]]:
    """Return what an account may do once it is open."""
    given = Permission.objects.filter(Q(group__user=user) | Q(user=user))
    return set(given.values_list("content_type__app_label", "codename"))


class GroupsAdmin(GroupAdmin):
    """Who changes a group's rights may give themself all: administrators alone."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        rows = super().get_queryset(request)
        return rows.prefetch_related("permissions__content_type")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _is_administrator(request) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_administrator(request) and super().has_change_permission(
            request, obj
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return _is_administrator(request) and super().has_delete_permission(
            request, obj
        )


def _is_administrator(request: HttpRequest) -> bool:
    user: Any = request.user
    return bool(user.is_superuser)


def register() -> None:
    """Put accounts in place of Django's, and leave out what would show secrets."""
    for model in (User, Group, EmailAddress, Authenticator):
        admin.site.unregister(model)
    admin.site.register(User, AccountAdmin)
    admin.site.register(Group, GroupsAdmin)
