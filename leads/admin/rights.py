"""Requests of rights: what is to be answered, by when, and what was done."""

from __future__ import annotations

import logging
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from leads import dossier, journal, rights
from leads.assigning import name_of
from leads.models import DataLink, Lead, PrivacyEvent, RightsRequest
from leads.models.lead import email_key
from outbox.admin import NOTHING, OwnLeads, Paged, Titled, instant

logger = logging.getLogger(__name__)
Right, Channel = RightsRequest.Right, RightsRequest.Channel
UNKNOWN = "Aucun contact n’a cette adresse\u00a0: dites qui demande dans l’autre champ."
HINTS = {
    "who": "Si ce n’est pas un contact\u00a0: son nom, et comment lui répondre.",
    "said": "N’y notez aucune donnée de santé.",
}
ERASED = "Effacé par l’équipe, à la demande de la personne."


class RightsForm(forms.ModelForm[RightsRequest]):
    """What somebody asked by mail or telephone, then what was done."""

    address = forms.EmailField(
        label="Adresse électronique",
        required=False,
        help_text="Celle du contact, s’il est connu.",
    )
    done = forms.BooleanField(
        label="Traitée",
        required=False,
        help_text="Close pour de bon\u00a0: dites au-dessus ce qui a été fait.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "channel" in self.fields:
            field: Any = self.fields["channel"]
            said = [c for c in Channel.choices if c[0] != Channel.SITE]
            field.choices = [("", "Choisissez"), *said]
        for name, words in HINTS.items():
            if name in self.fields:
                self.fields[name].help_text = words
        if "answer" in self.fields and self.instance.pk is None:
            self.fields["answer"].required = False

    def clean_address(self) -> str:
        """Find the contact of an address. Raises ValidationError if there is none."""
        typed: str = self.cleaned_data["address"].strip()
        if typed:
            found = Lead.objects.filter(email_key=email_key(typed), erased_at=None)
            self.instance.lead = found.first()
            if self.instance.lead is None:
                raise ValidationError(UNKNOWN)
        return typed

    def clean_received_on(self) -> Any:
        day = self.cleaned_data["received_on"]
        if day > timezone.localdate():
            raise ValidationError("Une demande est reçue aujourd’hui au plus tard.")
        return day

    def clean(self) -> Any:
        data = super().clean() or {}
        if data.get("done") and not data.get("answer"):
            self.add_error("answer", "Dites ce qui a été fait.")
        adding = self.instance.pk is None
        if adding and not self.errors and not (data["address"] or data.get("who")):
            self.add_error("who", "Dites qui demande.")
        return data


class StandingFilter(admin.SimpleListFilter):
    title = "état"
    parameter_name = "etat"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("a-traiter", "À traiter"),
            ("retard", "En retard"),
            ("close", "Closes"),
        ]

    def queryset(
        self, request: HttpRequest, queryset: QuerySet[RightsRequest]
    ) -> QuerySet[RightsRequest]:
        rows: Any = queryset
        match self.value():
            case "a-traiter":
                return rows.waiting()  # type: ignore[no-any-return]
            case "retard":
                return rows.overdue()  # type: ignore[no-any-return]
            case "close":
                return queryset.filter(closed_at__isnull=False)
        return queryset


@admin.register(RightsRequest)
class RightsRequestAdmin(Titled, OwnLeads, Paged, admin.ModelAdmin[RightsRequest]):
    """Note what was asked, answer within the month (art. 12(3) GDPR), and say how."""

    new_title, title = "Noter une demande", "Demande d’exercice de droit"
    form = RightsForm
    list_display = ["received", "right", "channel", "contact", "due", "closed"]
    list_filter = [StandingFilter, "right", "channel"]
    list_select_related = ["lead"]
    ordering = [F("closed_at").desc(nulls_first=True), "due_on", "-pk"]
    actions = None
    change_form_template = "admin/leads/rightsrequest/change_form.html"
    when_empty = "Notez ici ce qui est demandé par courrier, courriel ou téléphone."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        if obj is None:
            return [
                ("right", "channel"),
                "address",
                "who",
                "received_on",
                "said",
                "answer",
                "done",
            ]
        # Of somebody we do not know, the name that was given is all there is.
        of = ["contact", "who_said"] if obj.lead_id and obj.who else ["contact"]
        asked = ["right", "channel", "received", "due", *of, "asked"]
        if not self.has_change_permission(request, obj):
            return [*asked, "answer", "closed", "closer"]
        return [*asked, "answer", "done"]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        """Name the contact whose page one comes from: its number, no address."""
        said = super().get_changeform_initial_data(request)
        number = request.GET.get("contact", "")
        if number.isascii() and number.isdecimal() and len(number) < 19:
            there = Lead.objects.visible_to(request.user).filter(erased_at=None)
            if lead := there.filter(pk=int(number)).first():
                said["address"] = lead.email
        return said

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        shown = ["received", "due", "contact", "who_said", "asked", "closed"]
        return shown if obj is None else [*shown, "right", "channel", "closer"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and not (
            obj is not None and obj.closed_at
        )

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self, request: HttpRequest, obj: RightsRequest, form: Any, change: bool
    ) -> None:
        if not change:
            obj.noted_by_id = request.user.pk
        if form.cleaned_data.get("done"):
            obj.closed_at, obj.closed_by_id = timezone.now(), request.user.pk
        super().save_model(request, obj, form, change)

    # --- Columns ----------------------------------------------------------------------

    @admin.display(description="reçue le", ordering="received_on")
    def received(self, row: RightsRequest) -> str:
        return date_format(row.received_on, "SHORT_DATE_FORMAT")

    @admin.display(description="échéance", ordering="due_on")
    def due(self, row: RightsRequest) -> str:
        """Tell the last day, a month after; and that it is over (R25)."""
        day = date_format(row.due_on, "SHORT_DATE_FORMAT")
        if row.is_overdue:
            return format_html("<strong>en retard depuis le {}</strong>", day)
        return day

    @admin.display(description="close le", ordering="closed_at")
    def closed(self, row: RightsRequest) -> str:
        return instant(row.closed_at) if row.closed_at else "à traiter"

    @admin.display(description="close par")
    def closer(self, row: RightsRequest) -> str:
        return name_of(row.closed_by) if row.closed_by else NOTHING

    @admin.display(description="contact")
    def contact(self, row: RightsRequest) -> str:
        if row.lead is None:
            return row.who or NOTHING
        if row.lead.erased_at:
            return f"contact n°\u00a0{row.lead_id}, effacé"
        url = reverse("admin:leads_lead_change", args=[row.lead_id])
        return format_html('<a href="{}">{}</a>', url, row.lead)

    @admin.display(description="qui demande")
    def who_said(self, row: RightsRequest) -> str:
        return row.who or NOTHING

    @admin.display(description="ce qui est demandé")
    def asked(self, row: RightsRequest) -> str:
        return row.said or NOTHING

    # --- What answers a request -------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def post(view: Any) -> Any:
            return self.admin_site.admin_view(require_POST(view))

        own = [
            path("<int:pk>/lien/", post(self.link_view), name="rights_link"),
            path("<int:pk>/donnees/", post(self.export_view), name="rights_export"),
            path("<int:pk>/effacer/", post(self.erase_view), name="rights_erase"),
        ]
        return [*own, *super().get_urls()]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> Any:
        row = context.get("original")
        answerable = bool(
            row and row.lead and not row.lead.erased_at and not row.closed_at
        )
        context["answers"] = answerable and self.has_change_permission(request, row)
        context["erasure"] = row is not None and row.right == Right.ERASURE
        return super().render_change_form(request, context, *args, **kwargs)

    def _row(self, request: HttpRequest, pk: int) -> RightsRequest:
        """Return an open request of somebody we have. Raises PermissionDenied."""
        row: RightsRequest = get_object_or_404(
            self.get_queryset(request).select_related("lead"), pk=pk
        )
        if row.lead is None or row.lead.erased_at:
            raise PermissionDenied("nobody")
        if not self.has_change_permission(request, row):
            raise PermissionDenied
        return row

    def link_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Mail their own link to the person: they do the rest alone."""
        row = self._row(request, pk)
        assert row.lead
        DataLink(address=row.lead.email).save()
        messages.success(request, "Le lien personnel part vers l’adresse du contact.")
        return _back(row)

    def export_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give the file to be sent to the person (R22); the log keeps who took it."""
        row = self._row(request, pk)
        assert row.lead
        log(request, row, "Données exportées.")
        as_csv = request.POST.get("format") == "csv"
        journal.record(
            journal.Act.EXPORTED,
            request.user,
            about=row,
            lead=row.lead_id,
            count=1,
            page="rights_export (csv)" if as_csv else "rights_export (json)",
        )
        if as_csv:
            content, kind = "".join(dossier.as_csv(row.lead)), "csv; charset=utf-8"
            return _file(content, f"text/{kind}", f"contact-{row.lead_id}.csv")
        content = dossier.as_json(row.lead)
        return _file(content, "application/json", f"contact-{row.lead_id}.json")

    def erase_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Erase the person who asked for it, once their identity was checked."""
        row = self._row(request, pk)
        assert row.lead
        if row.right != Right.ERASURE or "verifie" not in request.POST:
            messages.error(request, "Vérifiez d’abord l’identité de la personne.")
            return _back(row)
        try:
            rights.erase(row.lead, PrivacyEvent.Kind.STAFF)
        except Exception:  # The store is away, whatever its client raises.
            logger.exception("contact %s: not erased", row.lead_id)
            messages.error(
                request,
                "Le stockage ne répond pas\u00a0: rien n’est effacé, réessayez.",
            )
            return _back(row)
        RightsRequest.objects.filter(pk=row.pk).update(
            answer=ERASED, closed_at=timezone.now(), closed_by=request.user.pk
        )
        log(request, row, "Contact effacé.")
        journal.record(
            journal.Act.RIGHT,
            request.user,
            about=row,
            lead=row.lead_id,
            page="rights_erase",
        )
        messages.success(request, ERASED)
        return _back(row)


def log(request: HttpRequest, row: RightsRequest, words: str) -> None:
    LogEntry.objects.log_actions(str(request.user.pk), [row], CHANGE, words)


def _file(content: str, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


def _back(row: RightsRequest) -> HttpResponse:
    response = redirect("admin:leads_rightsrequest_change", row.pk)
    response.status_code = 303
    return response
