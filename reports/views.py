"""The reader's pages. GET and HEAD change nothing there: gateways open every link."""

from __future__ import annotations

import logging
from io import BytesIO

from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from outbox.files import DamagedFile
from reports import document, hits
from reports.emails import FILE_NAME
from reports.models import Copy
from reports.personalisation import segment_of
from reports.signals import copy_downloaded

logger = logging.getLogger(__name__)


def _find(token: str) -> tuple[Copy, str]:
    try:
        return Copy.objects.select_related("edition", "lead").behind(token)
    except Copy.DoesNotExist as error:
        raise Http404 from error


def _gone(request: HttpRequest, copy: Copy, token: str, reason: str) -> HttpResponse:
    hits.record(request, copy)
    context = {"reason": reason, "token": token}
    return render(request, "reports/copy_gone.html", context, status=410)


@require_safe
def copy_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a reader their copy, and the button that downloads it."""
    copy, closed = _find(token)
    if closed:
        return _gone(request, copy, token, closed)
    hits.record(request, copy)
    context = {
        **document.contents(segment_of(copy.reader)),
        "copy": copy,
        "token": token,
    }
    return render(request, "reports/copy.html", context)


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_POST
def download(request: HttpRequest, token: str) -> HttpResponseBase:
    """Serve the file, the very bytes that were mailed."""
    copy, closed = _find(token)
    if closed:
        return _gone(request, copy, token, closed)
    if copy.rendered_at is None:
        hits.record(request, copy)
        return redirect("reports:copy", token=token)
    content = None
    try:
        content = copy.content()
    except DamagedFile:  # Staff have been told: nothing else is ever served.
        pass
    except Exception:  # The storage is away or lost it, whatever its client raises.
        logger.exception("copy %s: its file cannot be read", copy.reference)
    hit = hits.record(request, copy, served=content is not None)
    if content is None:
        return render(request, "503.html", status=503)
    copy_downloaded.send(Copy, copy=copy, hit=hit)
    return FileResponse(
        BytesIO(content),
        as_attachment=True,
        filename=FILE_NAME,
        content_type="application/pdf",
    )
