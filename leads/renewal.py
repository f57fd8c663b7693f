"""A new link for a copy whose link has expired, mailed where the first one was."""

from __future__ import annotations

import logging

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leads import delivery
from leads.origin import is_foreign
from outbox.models import Suppression
from reports.models import Copy

logger = logging.getLogger(__name__)


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_POST
def renew(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a new link if that can be done; tell everybody the same.

    But for a token that was never ours: no one finds 160 bits, so that « not found »
    tells nobody anything.
    """
    if is_foreign(request):
        raise PermissionDenied("cross-site post")
    try:
        copy, closed = Copy.objects.behind(token)
    except Copy.DoesNotExist as error:
        raise Http404 from error
    if not closed:
        return redirect("reports:copy", token=token)
    if closed == "expired":
        _send_new_link(copy)
    return render(request, "reports/copy_gone.html", {"reason": "asked"})


@transaction.atomic
def _send_new_link(expired: Copy) -> None:
    """Replace a link and owe the message that brings the new one, or do neither.

    Who presses twice finds the link replaced: one message. Where none may leave, the
    old page stays as it is, and may be asked again.
    """
    copy = (
        Copy.objects.rendered()
        .select_for_update(no_key=True, of=("self",))
        .select_related("edition")
        .filter(
            pk=expired.pk,
            token_digest=expired.token_digest,
            revoked_at=None,
            damaged_at=None,
        )
        .first()
    )
    if copy is None or Suppression.objects.covers(copy.recipient):
        return
    copy.replace_link()
    if delivery.owe_message(copy).withheld_at:
        logger.info("copy %s: no new link, over quota", copy.reference)
        transaction.set_rollback(True)
