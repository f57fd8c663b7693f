"""The page of one person: what a salesperson keeps open during a call."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone

from leads import interest, retention, timeline
from leads.admin import page_words
from leads.admin.filters import with_delivery
from leads.admin.page_forms import AssignForm, LogForm, PlanForm, StatusForm
from leads.admin.page_posts import Forms, LeadPosts, planned
from leads.channels import Channels, channels_of, with_consents
from leads.colleagues import colleagues_of
from leads.models import Activity, Assignment, Lead

MOST = 1000  # Rows of the past on a page, at most.
# What somebody must be allowed to see for entries of a kind to be shown to them.
SHOWN_TO = {
    "demande": "leads.view_submission",
    "accord": "leads.view_consentevent",
    "echange": "leads.view_activity",
    "affectation": "leads.view_assignment",
    "signalement": "leads.view_escalation",
    "changement": "leads.view_leadevent",
    "exemplaire": "reports.view_copy",
    "retrait": "reports.view_hit",
    "envoi": "outbox.view_message",
}


class LeadPages(LeadPosts):
    """The page of a person, what is posted from it, and the form of its record."""

    def get_urls(self) -> list[URLPattern]:
        def page(view: Any) -> Any:
            return self.admin_site.admin_view(view)

        own = [
            path("<int:pk>/noter/", page(self.log_view), name="leads_lead_log"),
            path("<int:pk>/prevoir/", page(self.plan_view), name="leads_lead_plan"),
            path("<int:pk>/statut/", page(self.status_view), name="leads_lead_status"),
            path(
                "<int:pk>/responsable/", page(self.owner_view), name="leads_lead_owner"
            ),
            path(
                "<path:object_id>/modifier/",
                page(self.edit_view),
                name="leads_lead_edit",
            ),
        ]
        return [*own, *super().get_urls()]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Lead]:
        leads: Any = super().get_queryset(request)
        visible: QuerySet[Lead] = leads.visible_to(request.user)
        return visible

    # --- Reading ------------------------------------------------------------------

    def change_view(
        self,
        request: HttpRequest,
        object_id: str,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show the page. What Django's own form did here is at `edit_view`."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        if request.method not in ("GET", "HEAD"):
            if not self.has_change_permission(request):
                raise PermissionDenied
            return HttpResponseNotAllowed(["GET", "HEAD"])
        try:
            lead = self._person(request, int(unquote(object_id)))
        except ValueError:
            lead = None
        if lead is None:
            return self._nobody(request, object_id)
        return self._render(request, lead, {}, extra_context)

    def edit_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the form of the record: who the person is, and how they are called."""
        return super().change_view(
            request, object_id, extra_context={"title": "Modifier la fiche"}
        )

    def response_post_save_change(
        self, request: HttpRequest, obj: Lead
    ) -> HttpResponseRedirect:
        return redirect("admin:leads_lead_change", obj.pk)

    def _person(self, request: HttpRequest, pk: int) -> Any:
        """Return a lead with all that its page reads of it, if it may be seen."""
        latest = Assignment.objects.filter(lead=OuterRef("pk")).order_by("-at", "-pk")
        exchanged = Activity.objects.filter(lead=OuterRef("pk")).order_by("-pk")
        leads: QuerySet[Any] = Lead.objects.visible_to(request.user).filter(
            pk=pk, erased_at=None
        )
        leads = interest.with_acts(with_consents(with_delivery(leads)))
        leads = retention.with_last_contact(leads)
        return (
            leads.annotate(
                assignment=Subquery(latest.values("sentence")[:1]),
                assignment_to=Subquery(latest.values("to")[:1]),
                seen=Subquery(exchanged.values("pk")[:1]),
            )
            .select_related("owner", "merged_into")
            .first()
        )

    def _render(
        self,
        request: HttpRequest,
        lead: Any,
        bound: Forms,
        extra_context: dict[str, Any] | None = None,
    ) -> TemplateResponse:
        channels = channels_of([lead])[lead.pk]
        limit = _limit(request)
        entries, more = timeline.latest(lead, limit)
        may = request.user.has_perm
        entries = [entry for entry in entries if may(SHOWN_TO[entry.kind])]
        context = {
            **self.admin_site.each_context(request),
            "title": str(lead),
            "opts": self.opts,
            "original": lead,
            "lead": lead,
            "channels": channels,
            "why": lead.assignment if lead.assignment_to == lead.owner_id else "",
            "overdue": bool(lead.next_action_on)
            and lead.next_action_on < timezone.localdate(),
            "promise": page_words.promise_words(lead),
            "mailbox": page_words.mailbox_words(lead),
            "erasure": page_words.erasure_words(lead),
            "typed": page_words.typed_later(lead),
            "days": [(day, list(rows)) for day, rows in groupby(entries, _day)],
            "more": min(limit * 2, MOST) if more and limit < MOST else 0,
            "cut": MOST if more and limit >= MOST else 0,
            "readings": _readings(lead),
            "colleagues": self._colleagues(request, lead),
            **self._forms(request, lead, channels, bound),
            **(extra_context or {}),
        }
        request.current_app = self.admin_site.name
        status = 422 if bound else 200
        template = "admin/leads/lead/page.html"
        return TemplateResponse(request, template, context, status=status)

    def _forms(
        self, request: HttpRequest, lead: Any, channels: Channels, bound: Forms
    ) -> dict[str, Any]:
        """Return the forms that this person may use, those posted as they were."""
        if lead.frozen_at or not self.has_change_permission(request):
            return {"may_change": False}
        user: Any = request.user
        unbound: dict[str, Any] = {
            "plan": PlanForm(initial=planned(lead)),
            "status": StatusForm(
                initial={"status": lead.status, "reason": lead.closed_because}
            ),
        }
        if self._may_log(request):
            unbound["log"] = LogForm(
                may_call=channels.phone.allowed, initial={"seen": lead.seen or 0}
            )
        if user.has_perm("leads.assign_lead"):
            unbound["assign"] = AssignForm(initial={"to": lead.owner_id})
        return {
            "may_change": True,
            "forms": {**unbound, **bound},
            "bound": bound,
            "may_take": lead.owner_id != user.pk and self._may_take(user, lead),
            "may_give_back": lead.owner_id == user.pk,
        }

    def _colleagues(self, request: HttpRequest, lead: Any) -> list[tuple[Lead, bool]]:
        """Return each colleague, and whether their page may be opened."""
        found = colleagues_of(lead)
        if request.user.has_perm("leads.view_all_lead"):
            return [(other, True) for other in found]
        visible = Lead.objects.visible_to(request.user).filter(
            pk__in=[other.pk for other in found]
        )
        keys = set(visible.values_list("pk", flat=True)) if found else set()
        return [(other, other.pk in keys) for other in found]


def _readings(lead: Any) -> list[tuple[str, interest.Reading]]:
    return [
        ("Profil", interest.profile(lead)),
        ("Intérêt", interest.interest(interest.acts_of(lead))),
    ]


def _day(entry: Any) -> Any:
    return entry.day


def _limit(request: HttpRequest) -> int:
    """Return how many rows of the past are asked for; anything odd is the least."""
    asked = request.GET.get("lignes", "")
    if asked.isascii() and asked.isdecimal() and len(asked) < 6:
        return min(max(int(asked), timeline.LATEST), MOST)
    return timeline.LATEST
