"""« Ce n’est pas moi »: the way out for whoever never asked for the mail they got."""

from __future__ import annotations

import logging
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leads import privacy
from leads.origin import is_foreign
from outbox import tokens
from outbox.models import LINK_TOKEN
from reports import hits
from reports.models import Copy, Hit

logger = logging.getLogger(__name__)

NOT_ME_TOKEN = "pas-moi"
REFERENCE = len("SC26-XXXX-XXXX")


def link_of(copy: Copy) -> dict[str, Any] | None:
    """Say how the mail of a copy links to this page; None once its reader is known.

    Who downloaded from this mailbox did ask, and a colleague who is forwarded the mail
    must not be offered their erasure.
    """
    read = Hit.objects.probable().filter(
        copy__lead_id=copy.lead_id, copy__recipient__iexact=copy.recipient
    )
    if read.exists():
        return None
    return {
        "purpose": NOT_ME_TOKEN,
        "uid": str(copy.uid),
        "generation": 1,
        "path": reverse("leads:not-me", args=[f"{copy.reference}-{LINK_TOKEN}"]),
    }


def _find(token: str) -> Copy | None:
    """Return the copy whose mail holds this token: its reference, then its proof.

    The proof is computed again, so that nothing of it is stored.
    """
    reference = token[:REFERENCE].replace("\x00", "")
    copy = Copy.objects.select_related("lead").filter(reference=reference).first()
    if copy is None:
        return None
    right = f"{reference}-{tokens.make(NOT_ME_TOKEN, copy.uid)}"
    return copy if constant_time_compare(right, token) else None


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_http_methods(["GET", "HEAD", "POST"])
def not_me(request: HttpRequest, token: str) -> HttpResponse:
    """Show one button; pressed, it erases what was typed and sets the address aside.

    Some sandboxes press every button, and what is erased cannot come back: a press
    that the rules of hits give to a robot changes nothing, and the page says so.
    """
    copy = _find(token)
    if copy is None:
        raise Http404
    pressed = request.method == "POST"
    if pressed and is_foreign(request):
        raise PermissionDenied("cross-site post")
    hit = hits.record(request, copy, link=Hit.Link.NOT_ME)
    if not pressed:
        context = {"done": copy.lead.erased_at, "not_me_url": request.path}
        return render(request, "leads/not_me.html", context)
    if hit.confidence == Hit.Confidence.ROBOT and not copy.lead.erased_at:
        doubt = {"doubted": True, "not_me_url": request.path}
        return render(request, "leads/not_me.html", doubt, status=409)
    try:
        privacy.not_me(copy)
    except Exception:  # The store is away, whatever its client raises.
        logger.exception("copy %s: not erased", copy.reference)
        return render(request, "503.html", status=503)
    response = redirect("leads:not-me", token=token)
    response.status_code = 303
    return response
