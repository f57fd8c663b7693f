"""« Actions groupées »: confirmed on a page; watched and stopped on another."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.text import capfirst

from leads import batches
from leads.admin.bulk import tell
from leads.admin.bulk_forms import form_for
from leads.assigning import name_of
from leads.models import Batch, Lead
from leads.outcomes import told
from outbox.admin import Paged, ReadOnly, short
from reports.templatetags.staff_french import french_number

Action = Batch.Action
SHOWN = 10  # Leads that a confirmation names.
REFRESH = 5  # Seconds between two looks of a browser without scripts.
TITLES: dict[str, str] = {
    Action.ASSIGN: "Confier {}",
    Action.STATUS: "Changer le statut de {}",
    Action.RESEND: "Renvoyer la synthèse à {}",
    Action.NEW_EDITION: "Envoyer la nouvelle édition à {}",
    Action.TEST: "Marquer comme essai {}",
    Action.REAL: "Ne plus tenir pour un essai {}",
    Action.SUSPECT: "Tenir pour suspect {}",
    Action.RELEASE: "Lever le soupçon de {}",
}
# What will come of it, said before.
NOTES: dict[str, str] = {
    Action.ASSIGN: "La personne reçoit un courriel par tranche de 50 contacts. Ceux "
    "qu’elle a déjà ne changent pas.",
    Action.STATUS: "Ce qui est gagné, perdu ou hors cible n’attend plus rien\u00a0: "
    "la prochaine action est retirée.",
    Action.RESEND: "Chacun reçoit de nouveau son dernier exemplaire, à la même "
    "adresse. Au-delà des quotas, l’envoi est retenu.",
    Action.NEW_EDITION: "Qui a un exemplaire d’une édition antérieure en reçoit un de "
    "l’édition en cours.",
    Action.TEST: "Les essais ne sont ni comptés ni montrés par défaut.",
    Action.REAL: "Ces contacts sont de nouveau comptés et montrés.",
    Action.SUSPECT: "Ce qui n’est pas encore parti est retenu. Le soupçon peut être "
    "levé.",
    Action.RELEASE: "Chaque demande retenue reçoit sa synthèse, sauf si la personne "
    "l’a déjà reçue depuis.",
}


def state_of(batch: Batch) -> str:
    if batch.finished_at:
        return "terminée"
    if batch.stopped_at:
        return "arrêtée"
    return "en cours" if batch.done or batch.lease_until else "en attente"


def without_search(url: str) -> str:
    """Return a list's address without what was searched: it may name somebody."""
    path, _, query = url.partition("?")
    asked = QueryDict(query, mutable=True)
    asked.pop(SEARCH_VAR, None)
    return f"{path}?{asked.urlencode()}" if asked else path


def counted(count: int) -> str:
    """Return « 1 contact », « 1 100 contacts »."""
    return f"{french_number(count)}\u00a0contact{'s' if count > 1 else ''}"


def said(batch: Batch) -> str:
    """Return the gesture with what was chosen: « Confier à Dominique Exemple »."""
    words = str(capfirst(batch.get_action_display()))
    params = batch.params
    if batch.action == Action.STATUS and "status" in params:
        words += f"\u00a0: {Lead.Status(params['status']).label}"
        if params.get("reason"):
            words += f" ({Lead.Reason(params['reason']).label})"
    if batch.action == Action.ASSIGN and "to" in params:
        if params["to"] is None:
            return "Retirer le responsable"
        to = get_user_model().objects.filter(pk=params["to"]).first()
        words += f" à {name_of(to)}"
    return words


@admin.register(Batch)
class BatchAdmin(ReadOnly, Paged, admin.ModelAdmin[Batch]):
    when_empty = (
        "Cochez des contacts dans la liste et choisissez une action\u00a0: son "
        "avancement se suit ici."
    )
    list_display = [
        short("created_at", "demandée le"),
        "gesture",
        "author",
        "progress",
        "state",
    ]
    list_display_links = ["gesture"]
    list_select_related = ["user"]
    list_filter = ["action"]
    actions = None

    def get_queryset(self, request: HttpRequest) -> QuerySet[Batch]:
        rows = super().get_queryset(request)
        begun = Batch.objects.begun().visible_to(request.user)
        return rows.filter(pk__in=begun.values("pk"))

    def get_urls(self) -> list[Any]:
        page: Any = self.admin_site.admin_view(self.confirm_view)
        return [
            path("<int:pk>/confirmer/", page, name="leads_batch_confirm"),
            *super().get_urls(),
        ]

    @admin.display(description="geste", ordering="action")
    def gesture(self, batch: Batch) -> str:
        return str(capfirst(batch.get_action_display()))

    @admin.display(description="par", ordering="user")
    def author(self, batch: Batch) -> str:
        return name_of(batch.user)

    @admin.display(description="faits")
    def progress(self, batch: Batch) -> str:
        return f"{batch.done} sur {batch.total}"

    @admin.display(description="état")
    def state(self, batch: Batch) -> str:
        return state_of(batch)

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Show what will be done to how many, and do it once confirmed."""
        batch = get_object_or_404(Batch.objects.filter(user=request.user.pk), pk=pk)
        if not batches.may(request.user, batch.action):
            raise PermissionDenied
        if not Batch.objects.drafts().filter(pk=pk).exists():
            messages.info(request, "Ce geste a déjà été confirmé.")
            return redirect("admin:leads_batch_change", pk)
        form = form_for(batch, request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            return self._confirmed(request, batch, form.params)
        found = Lead.objects.visible_to(request.user).filter(erased_at=None)
        some = {lead.pk: lead for lead in found.filter(pk__in=batch.leads[:SHOWN])}
        context = {
            **self.admin_site.each_context(request),
            "title": TITLES[batch.action].format(counted(batch.total)),
            "gesture": capfirst(batch.get_action_display()),
            "opts": self.opts,
            "batch": batch,
            "form": form,
            "some": [some[key] for key in batch.leads if key in some],
            "more": max(0, batch.total - SHOWN),
            "note": NOTES[batch.action],
            "back": batch.params.get("back"),
        }
        return TemplateResponse(request, "admin/leads/batch/confirm.html", context)

    def _confirmed(
        self, request: HttpRequest, batch: Batch, params: dict[str, Any]
    ) -> HttpResponse:
        back = batch.params.get("back")
        batches.confirm(batch, back=back and without_search(back), **params)
        batch.refresh_from_db()
        if batch.finished_at is None:
            return redirect("admin:leads_batch_change", batch.pk)
        tell(self, request, batch)
        return redirect(back or "admin:leads_lead_changelist")

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: Any = None,
    ) -> HttpResponse:
        """Show how far a batch has come; stop it or go on, as the button says."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        batch = self.get_object(request, object_id)
        if batch is None:
            raise Http404
        if request.method == "POST":
            self._order(request, batch)
            return redirect("admin:leads_batch_change", batch.pk)
        running = not (batch.finished_at or batch.stopped_at)
        context = {
            **self.admin_site.each_context(request),
            "title": said(batch),
            "opts": self.opts,
            "batch": batch,
            "state": state_of(batch),
            "author": name_of(batch.user),
            "outcomes": [words for _, words in told(batch.outcomes)],
            "running": running,
            "refresh": REFRESH if running and "figer" not in request.GET else None,
            "back": batch.params.get("back") or reverse("admin:leads_lead_changelist"),
        }
        return TemplateResponse(request, "admin/leads/batch/progress.html", context)

    def _order(self, request: HttpRequest, batch: Batch) -> None:
        rows = Batch.objects.filter(pk=batch.pk)
        match request.POST.get("ordre"):
            case "arreter" if rows.stop():
                messages.info(request, "Arrêtée. Ce qui est fait reste fait.")
            case "reprendre" if rows.resume():
                messages.info(request, "Reprise.")
