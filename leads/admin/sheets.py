"""Call sheets: one page to have in hand, of one contact or of those selected."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.utils.cache import add_never_cache_headers
from django.utils.csp import CSP
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from leads import call_sheet, journal
from leads.admin.page_posts import FROZEN
from leads.models import Lead
from reports.pdf import engine

logger = logging.getLogger(__name__)

LIMIT = 20  # Sheets at once: each takes a fifth of a second, or half of one.
# The file says nobody's name: neither a history of the browser nor a log does.
NAME = "fiche-d-appel.pdf"
NAMES = "fiches-d-appel.pdf"
# A PDF runs nothing of ours: browsers show it as an object, in a frame of their own
# that they style inline.
VIEWER = {
    "default-src": [CSP.NONE],
    "object-src": [CSP.SELF],
    "style-src": [CSP.UNSAFE_INLINE],
    "frame-ancestors": [CSP.NONE],
    "form-action": [CSP.NONE],
    "base-uri": [CSP.NONE],
}


class CallSheets:
    """Add the call sheet of a lead, and an action for several, to a ModelAdmin."""

    def get_urls(self: Any) -> list[Any]:
        shown = csp_override(VIEWER)(require_safe(self.call_sheet_view))
        page = self.admin_site.admin_view(shown)
        url = path(f"<int:pk>/{NAME}", page, name="leads_lead_call_sheet")
        return [url, *super().get_urls()]  # type: ignore[misc]

    def call_sheet_view(self: Any, request: HttpRequest, pk: int) -> HttpResponse:
        return _one(self, request, pk)

    @admin.action(description="Fiches d’appel (PDF)", permissions=["view"])
    def call_sheets(
        self, request: HttpRequest, queryset: QuerySet[Lead]
    ) -> HttpResponse | None:
        return _several(self, request, queryset)


def _one(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the sheet of a lead to who may open the lead."""
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    there = Lead.objects.filter(pk=pk, erased_at=None)
    visible = list(there.visible_to(request.user).values_list("frozen_at", flat=True))
    if any(visible):
        messages.error(request, FROZEN)
        return redirect("admin:leads_lead_change", pk)
    if visible:
        try:
            content = call_sheet.render([pk])
        except engine.FontsLost:
            _say_impossible(model_admin, request)
            return redirect("admin:leads_lead_change", pk)
    elif there.exists():
        raise PermissionDenied("another's lead")
    else:
        content = b""
    if not content:  # Erased meanwhile, or never was: Django's own way of saying so.
        gone: HttpResponse = model_admin._get_obj_does_not_exist_redirect(
            request, model_admin.opts, str(pk)
        )
        return gone
    return pdf_answer(content, "inline", NAME)


def _several(
    model_admin: Any, request: HttpRequest, queryset: QuerySet[Lead]
) -> HttpResponse | None:
    """Make one PDF of the leads selected, in the order of the list."""
    visible = Lead.objects.visible_to(request.user).values("pk")
    keys = list(queryset.filter(pk__in=visible).values_list("pk", flat=True))
    if len(keys) > LIMIT:
        text = f"Les fiches se font par {LIMIT} au plus\u00a0: {len(keys)} contacts "
        text += "sont sélectionnés, aucune n’a été faite."
        model_admin.message_user(request, text, messages.ERROR)
        return None
    try:
        content = call_sheet.render(keys)
    except engine.FontsLost:
        _say_impossible(model_admin, request)
        return None
    if not content:
        text = (
            "Aucune fiche\u00a0: ces contacts ne sont plus là, ou ne sont pas à vous."
        )
        model_admin.message_user(request, text, messages.WARNING)
        return None
    journal.record_sheets(request.user, keys, "leads_lead:call_sheets")
    return pdf_answer(content, "attachment", NAMES)


def _say_impossible(model_admin: Any, request: HttpRequest) -> None:
    logger.exception("call sheets cannot be made")
    text = "La fiche ne peut pas être faite\u00a0: prévenez l’équipe technique."
    model_admin.message_user(request, text, messages.ERROR)


def pdf_answer(content: bytes, disposition: str, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'{disposition}; filename="{name}"'
    add_never_cache_headers(response)
    return response
