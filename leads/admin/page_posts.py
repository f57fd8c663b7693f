"""What is posted from a person's page: exchanges, what comes next, status, owner."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.text import capfirst

from leads import assigning, exchanges
from leads.admin.page_forms import (
    AssignForm,
    LogForm,
    PlanForm,
    StatusForm,
    first_error,
)
from leads.channels import channels_of
from leads.models import Activity, Lead
from reports.templatetags.staff_french import french_day

GONE = "Cette personne vient d’être effacée\u00a0: rien n’a été écrit."
FROZEN = (
    "Usage suspendu à la demande de la personne\u00a0: rien n’a été écrit, ni changé."
)
Forms = dict[str, forms.Form]


class LeadPosts(admin.ModelAdmin[Lead]):
    """What may be written from the page; `_person` and `_render` are the page's."""

    def _person(self, request: HttpRequest, pk: int) -> Any:
        raise NotImplementedError

    def _render(self, request: HttpRequest, lead: Any, bound: Forms) -> HttpResponse:
        raise NotImplementedError

    def _may_log(self, request: HttpRequest) -> bool:
        return self.has_change_permission(request) and request.user.has_perm(
            "leads.add_activity"
        )

    def _may_take(self, user: Any, lead: Lead) -> bool:
        """Tell whether a lead is nobody's, or anybody's for who assigns them."""
        return lead.owner_id is None or user.has_perm("leads.assign_lead")

    def _posted(self, request: HttpRequest, pk: int) -> Any:
        """Return the lead that is posted to; or the answer, where nothing is."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        if request.method != "POST":
            return redirect("admin:leads_lead_change", pk)
        if lead := self._person(request, pk):
            if lead.frozen_at:
                messages.error(request, FROZEN)
                return _see("admin:leads_lead_change", pk)
            return lead
        gone = Lead.objects.filter(pk=pk, erased_at__isnull=False).exists()
        if gone:
            return self._say_gone(request)
        return self._nobody(request, str(pk))

    def _nobody(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer as Django's admin does where there is no such row, or not for them."""
        admin_: Any = self
        answer: HttpResponse = admin_._get_obj_does_not_exist_redirect(
            request, self.opts, object_id
        )
        return answer

    def _say_gone(self, request: HttpRequest) -> HttpResponse:
        messages.error(request, GONE)
        return _see("admin:leads_lead_changelist")

    def log_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Write an exchange down, and what comes next."""
        lead = self._posted(request, pk)
        if isinstance(lead, HttpResponse):
            return lead
        if not self._may_log(request):
            raise PermissionDenied
        may_call = channels_of([lead])[lead.pk].phone.allowed
        form = LogForm(request.POST, may_call=may_call)
        if not form.is_valid():
            return self._render(request, lead, {"log": form})
        try:
            write_once(pk, request.user, form.cleaned_data)
        except exchanges.Gone:
            return self._say_gone(request)
        messages.success(request, _written(form.cleaned_data))
        return _see("admin:leads_lead_change", pk)

    def plan_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Set what comes next, or drop it."""
        lead = self._posted(request, pk)
        if isinstance(lead, HttpResponse):
            return lead
        form = PlanForm(request.POST, initial=planned(lead))
        if not form.is_valid():
            return self._render(request, lead, {"plan": form})
        action, on = (form.cleaned_data[name] for name in ("next_action", "next_on"))
        try:
            exchanges.plan(pk, request.user, action, on)
        except exchanges.Gone:
            return self._say_gone(request)
        done = f"À faire\u00a0: {_next_said(action, on)}." if on else "Rien de prévu."
        messages.success(request, done)
        return _see("admin:leads_lead_change", pk)

    def status_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        lead = self._posted(request, pk)
        if isinstance(lead, HttpResponse):
            return lead
        form = StatusForm(request.POST)
        if not form.is_valid():
            return self._render(request, lead, {"status": form})
        status, reason = form.cleaned_data["status"], form.cleaned_data["reason"]
        if exchanges.move([pk], request.user, status, reason):
            label = Lead.Status(status).label
            messages.success(request, f"Statut\u00a0: {label}.")
        elif not Lead.objects.filter(pk=pk, erased_at=None).exists():
            return self._say_gone(request)
        else:
            messages.info(request, "Le statut était déjà celui-là.")
        return _see("admin:leads_lead_change", pk)

    def owner_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take a lead, give it back, or give it to somebody."""
        lead = self._posted(request, pk)
        if isinstance(lead, HttpResponse):
            return lead
        user: Any = request.user
        to, only_from = user, lead.owner_id
        if "rendre" in request.POST:
            if lead.owner_id != user.pk:
                return self._not_yours(request, lead)
            to = None
        elif "prendre" in request.POST:
            if lead.owner_id != user.pk and not self._may_take(user, lead):
                return self._not_yours(request, lead)
        else:
            if not user.has_perm("leads.assign_lead"):
                raise PermissionDenied
            form = AssignForm(request.POST)
            if not form.is_valid():
                messages.error(request, first_error(form))
                return _see("admin:leads_lead_change", pk)
            to = form.cleaned_data["to"]
        return self._give(request, lead, to, only_from)

    def _give(
        self, request: HttpRequest, lead: Lead, to: Any, only_from: int | None
    ) -> HttpResponse:
        """Give a lead, unless somebody did meanwhile."""
        user: Any = request.user
        try:
            with transaction.atomic():
                rows = Lead.objects.select_for_update(no_key=True, of=("self",))
                row = rows.filter(pk=lead.pk, erased_at=None, frozen_at=None).first()
                if row is None:
                    return self._say_gone(request)
                if row.owner_id not in (only_from, to and to.pk):
                    return self._not_yours(request, row)
                why = assigning.said_of(user, to)
                given = assigning.assign([lead.pk], to, by=user, why=why)
        except ValidationError as error:
            messages.error(request, error.messages[0])
        else:
            name = assigning.name_of(to)
            done = f"Responsable\u00a0: {name}." if given else "Rien n’a changé."
            messages.success(request, done)
        # Given to another, it may be out of sight.
        if not Lead.objects.visible_to(user).filter(pk=lead.pk).exists():
            return _see("admin:leads_lead_changelist")
        return _see("admin:leads_lead_change", lead.pk)

    def _not_yours(self, request: HttpRequest, lead: Lead) -> HttpResponse:
        owner = assigning.name_of(lead.owner)
        messages.error(
            request, f"Rien n’a changé\u00a0: le responsable est {owner} désormais."
        )
        if Lead.objects.visible_to(request.user).filter(pk=lead.pk).exists():
            return _see("admin:leads_lead_change", lead.pk)
        return _see("admin:leads_lead_changelist")


@transaction.atomic
def write_once(pk: int, by: Any, data: dict[str, Any]) -> None:
    """Log an exchange, unless the same form was pressed twice. Raises Gone.

    The same words by the same author, after what the page showed, are the same press;
    a day that was changed between the two is still set.
    """
    rows = Lead.objects.select_for_update(no_key=True, of=("self",))
    if rows.filter(pk=pk, erased_at=None, frozen_at=None).first() is None:
        raise exchanges.Gone
    said = {name: data[name] for name in ("kind", "outcome", "body")}
    action, on = data["next_action"], data["next_on"]
    seen = data["seen"]
    again = Activity.objects.filter(lead=pk, author=by, pk__gt=seen or 0, **said)
    if seen is None or not again.exists():
        exchanges.log(pk, by, **said, next_action=action, next_on=on)
    elif on:
        exchanges.plan(pk, by, action, on)


def _written(data: dict[str, Any]) -> str:
    words = capfirst(str(Activity.Kind(data["kind"]).label))
    if outcome := data["outcome"]:
        words += f"\u00a0: {Activity.Outcome(outcome).label}"
    words = f"Noté. {words}."
    if data["next_on"]:
        words += f" À faire\u00a0: {_next_said(data['next_action'], data['next_on'])}."
    return words


def _next_said(action: str, on: Any) -> str:
    day = french_day(on)
    return f"{action}, {day}" if action else day


def planned(lead: Lead) -> dict[str, Any]:
    day = lead.next_action_on
    return {"next_action": lead.next_action, "when": day.isoformat() if day else ""}


def _see(name: str, *args: Any) -> HttpResponse:
    """Lead the browser on after a post (RFC 9110, 15.4.4)."""
    response = redirect(name, *args)
    response.status_code = 303
    return response
