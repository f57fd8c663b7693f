"""The proof of a person's choices, for whoever answers for it."""

from __future__ import annotations

import logging
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import path
from django.views.decorators.csp import csp_override
from django.views.decorators.http import require_safe

from leads import proof
from leads.admin.sheets import VIEWER, pdf_answer
from leads.models import Lead
from reports.pdf import engine

logger = logging.getLogger(__name__)

MAY_PROVE = "leads.prove_consent"
NAME = "preuve-des-choix.pdf"  # Nobody's name: neither a history nor a log has one.


class Proofs:
    """Add the proof of a person's choices to the ModelAdmin of leads."""

    def get_urls(self: Any) -> list[Any]:
        shown = csp_override(VIEWER)(require_safe(self.proof_view))
        page = self.admin_site.admin_view(shown)
        url = path(f"<int:pk>/{NAME}", page, name="leads_lead_proof")
        return [url, *super().get_urls()]  # type: ignore[misc]

    def proof_view(self: Any, request: HttpRequest, pk: int) -> HttpResponse:
        return _prove(self, request, pk)


def _prove(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    if not request.user.has_perm(MAY_PROVE):
        raise PermissionDenied
    if not model_admin.has_view_permission(request):
        raise PermissionDenied
    found = Lead.objects.visible_to(request.user).filter(pk=pk).exists()
    facts = proof.proof_of(pk) if found else None
    if facts is None:  # Erased meanwhile, or never was.
        gone: HttpResponse = model_admin._get_obj_does_not_exist_redirect(
            request, model_admin.opts, str(pk)
        )
        return gone
    try:
        content = proof.write(facts).content
    except engine.FontsLost:
        logger.exception("the proof of a contact's choices cannot be made")
        text = "La preuve ne peut pas être faite\u00a0: prévenez l’équipe technique."
        model_admin.message_user(request, text, messages.ERROR)
        return redirect("admin:leads_lead_change", pk)
    return pdf_answer(content, "inline", NAME)
