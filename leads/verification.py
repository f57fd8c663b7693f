"""`/v/<reference>/`: say that a copy is ours, and nothing of whom it was made for."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from leads.throttling import verifications_over_quota
from reports.models import Copy
from reports.references import recognised

TEMPLATE = "reports/verification.html"


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    """Show the form, or lead a typed reference to its page."""
    typed = request.GET.get("reference", "").strip()
    if reference := recognised(typed):
        return redirect("leads:verify", reference=reference)
    return _unknown(request, typed) if typed else render(request, TEMPLATE)


@require_safe
def verify(request: HttpRequest, reference: str) -> HttpResponse:
    """Tell whether a reference stands on a copy, of which edition and day.

    Only a document that was made has one. That its link was closed since, that it was a
    trial, or that its reader was erased changes nothing of where it comes from, and is
    somebody's affair. Known or not, it costs the same two statements.
    """
    if verifications_over_quota(request):
        page = render(request, TEMPLATE, {"too_many": True}, status=429)
        page.headers["Retry-After"] = "3600"
        return page
    copies = Copy.objects.rendered().select_related("edition")
    copy = copies.filter(reference=recognised(reference)).first()
    if copy is None:
        return _unknown(request, reference)
    context = {
        "reference": copy.reference,
        "edition": copy.edition.version,
        "issued_at": timezone.localdate(copy.requested_at),  # As the cover says it.
    }
    return render(request, TEMPLATE, context)


def _unknown(request: HttpRequest, typed: str) -> HttpResponse:
    return render(request, TEMPLATE, {"reference": typed[:20]}, status=404)
