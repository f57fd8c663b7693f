"""Gestures on several leads: chosen in a list, confirmed on a page of their own."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import ActionLocation
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from leads import batches
from leads.models import Batch, Lead
from leads.outcomes import told
from reports.templatetags.staff_french import french_number

Action = Batch.Action
BOTH_PLACES = [ActionLocation.CHANGE_LIST, ActionLocation.CHANGE_FORM]


def tell(model_admin: Any, request: HttpRequest, batch: Batch) -> None:
    """Say what came of a batch, sentence by sentence."""
    for level, words in told(batch.outcomes):
        model_admin.message_user(request, words, level)


def begin(
    model_admin: Any, request: HttpRequest, leads: QuerySet[Any], action: str
) -> HttpResponse | None:
    """Freeze what is selected and ask for confirmation.

    From somebody's own page there is nothing to confirm: it is done.
    """
    most = batches.most_of(action)
    keys = list(leads.values_list("pk", flat=True)[: most + 1])
    if len(keys) > most:
        bound = french_number(most)
        words = (
            f"Ce geste porte sur {bound} contacts au plus à la fois\u00a0: filtrez la "
            "liste. Rien n’a été fait."
        )
        model_admin.message_user(request, words, messages.ERROR)
        return None
    if not keys:
        words = "Ces contacts ne sont plus dans la liste. Rien n’a été fait."
        model_admin.message_user(request, words, messages.WARNING)
        return None
    opts = model_admin.opts
    changelist = reverse(f"admin:{opts.app_label}_{opts.model_name}_changelist")
    if request.path != changelist:
        tell(model_admin, request, batches.at_once(request.user, action, keys))
        left = model_admin.get_queryset(request).filter(pk__in=keys)
        return None if left.exists() else redirect(changelist)
    back = request.get_full_path()
    batch = batches.draft(
        request.user, action, keys, back=back if len(back) <= 2000 else changelist
    )
    return redirect("admin:leads_batch_confirm", batch.pk)


class BulkActions:
    """The gestures of the list of leads. Each asks for its permission."""

    def has_assign_permission(self, request: HttpRequest) -> bool:
        return batches.may(request.user, Action.ASSIGN)

    def has_send_again_permission(self, request: HttpRequest) -> bool:
        return batches.may(request.user, Action.RESEND)

    def has_release_permission(self, request: HttpRequest) -> bool:
        return batches.may(request.user, Action.RELEASE)

    @admin.action(description="Confier à…", permissions=["assign"])
    def assign_to(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        return begin(self, request, queryset, Action.ASSIGN)

    @admin.action(description="Changer le statut…", permissions=["change"])
    def change_status(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        return begin(self, request, queryset, Action.STATUS)

    @admin.action(
        description="Renvoyer la synthèse",
        permissions=["send_again"],
        location=BOTH_PLACES,
    )
    def send_again(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        """Owe each lead the copy of its latest submission that has one."""
        return begin(self, request, queryset, Action.RESEND)

    @admin.action(
        description="Envoyer la nouvelle édition",
        permissions=["send_again"],
        location=BOTH_PLACES,
    )
    def send_new_edition(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        """Make each lead a copy in the current edition, for the same reader."""
        return begin(self, request, queryset, Action.NEW_EDITION)

    @admin.action(
        description="Marquer comme essai", permissions=["change"], location=BOTH_PLACES
    )
    def mark_as_test(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        return begin(self, request, queryset, Action.TEST)

    @admin.action(
        description="Ne plus tenir pour un essai",
        permissions=["change"],
        location=BOTH_PLACES,
    )
    def mark_as_real(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        return begin(self, request, queryset, Action.REAL)

    @admin.action(
        description="Tenir pour suspect", permissions=["release"], location=BOTH_PLACES
    )
    def suspect(self, request: HttpRequest, queryset: QuerySet[Lead]) -> Any:
        return begin(self, request, queryset, Action.SUSPECT)

    @admin.action(
        description="Ce n’est pas un robot",
        permissions=["release"],
        location=BOTH_PLACES,
    )
    def release(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Let go of whom a robot was mistaken for, and send what was owed."""
        return begin(self, request, queryset, Action.RELEASE)
