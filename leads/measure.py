"""Objecting, in one gesture, to one's downloads being told to staff by name."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leads import consent
from leads.consent import Wording
from leads.models import ConsentEvent, Submission
from leads.origin import is_foreign
from reports.models import Copy

# As templates/reports/copy.html and templates/leads/data.html show it.
WORDING = Wording(
    "2",
    "L’équipe voit, avec vos données, le jour où vous téléchargez votre exemplaire. "
    "Vous pouvez vous y opposer\u00a0: ce jour n’est plus montré, et le "
    "téléchargement reste le même.",
)


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_POST
def measure(request: HttpRequest, token: str) -> HttpResponse:
    """Write down that the reader objects, or that they no longer do (`granted=oui`)."""
    if is_foreign(request):
        raise PermissionDenied("cross-site post")
    try:
        copy, closed = Copy.objects.behind(token)
    except Copy.DoesNotExist as error:
        raise Http404 from error
    if not closed:
        _record(copy, granted=request.POST.get("granted") == "oui")
    page = reverse("reports:copy", args=[token])
    response = redirect(page if closed else f"{page}#mesure")
    response.status_code = 303
    return response


def _record(copy: Copy, *, granted: bool) -> None:
    """Add the act to the ledger. It holds for all copies of the person.

    The page is named without its token, which no table holds.
    """
    submission = copy.submissions.order_by("-pk").first()
    record_choice(copy.lead_id, submission, "/exemplaire/", granted=granted)


def record_choice(
    lead_pk: int,
    submission: Submission | None,
    page: str,
    *,
    granted: bool,
    channel: str = ConsentEvent.Channel.WEB,
) -> bool:
    """Add an objection to the ledger, or its end; return whether it was news."""
    return consent.say(
        lead_pk,
        ConsentEvent.Purpose.MEASURE,
        WORDING,
        page,
        granted=granted,
        channel=channel,
        submission=submission,
    )
