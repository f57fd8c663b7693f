"""The landing page and its form."""

from __future__ import annotations

import gzip
import hashlib
import re
from functools import lru_cache

import brotli
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.utils.cache import get_conditional_response
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leads import consent, delivery
from leads.forms import RequestForm
from leads.models import Lead, Submission
from leads.origin import is_foreign
from leads.suspicion import hour_stamp
from leads.throttling import over_quota

PUBLIC = "public, max-age=300, stale-while-revalidate=60"


@csrf_exempt  # leads/origin.py says what stands in its place.
@require_http_methods(["GET", "HEAD", "POST"])
def landing(request: HttpRequest) -> HttpResponse:
    """Show the study, or take what a visitor typed."""
    if request.method == "POST":
        return _receive(request)
    etag, contents = _page(hour_stamp().signed)
    encoding = _encoding(request.headers.get("Accept-Encoding", ""))
    headers = {"Cache-Control": PUBLIC, "Vary": "Accept-Encoding"}
    if encoding:
        headers["Content-Encoding"] = encoding
    etag = headers["ETag"] = f'"{etag}-{encoding or "identity"}"'
    response = HttpResponse(contents[encoding], headers=headers)
    return get_conditional_response(request, etag=etag, response=response) or response


@lru_cache(maxsize=2)
def _page(stamp: str) -> tuple[str, dict[str, bytes]]:
    """Return the digest of this hour's page, and the page by encoding.

    One for everybody, made once. Compressing it tells nothing: it holds no secret.
    """
    # A request of nobody: nothing of a visitor can reach the page of everybody.
    html = render_to_string(
        "leads/landing.html", {"form": RequestForm()}, request=HttpRequest()
    )
    content = html.encode()
    compressed = {"br": brotli.compress(content), "gzip": gzip.compress(content)}
    return hashlib.sha256(content).hexdigest()[:32], {"": content, **compressed}


def _encoding(accepted: str) -> str:
    """Return the best encoding we hold among the accepted ones, "" for none.

    A weight only matters where it is 0: « not this one » (RFC 9110, 12.4.2).
    """
    weights = {}
    for part in accepted.lower().split(","):
        name, _, weight = part.partition(";")
        weights[name.strip()] = weight.replace(" ", "")
    refused = re.compile(r"q=0(\.0*)?")
    for name in ("br", "gzip"):
        if name in weights and not refused.fullmatch(weights[name]):
            return name
    return ""


def _receive(request: HttpRequest) -> HttpResponse:
    if is_foreign(request):
        raise PermissionDenied("cross-site post")
    form = RequestForm(request.POST)
    if not form.is_valid():
        return render(request, "leads/landing.html", {"form": form}, status=422)
    if over_quota(request):
        page = render(request, "429.html", {"form": form}, status=429)
        page.headers["Retry-After"] = "3600"
        return page
    submission = store(form, request)
    response = redirect("leads:follow-up", token=submission.token)
    response.status_code = 303
    return response


@transaction.atomic
def store(form: RequestForm, request: HttpRequest) -> Submission:
    """Write the submission, its lead, its consent and the copy owed, or nothing."""
    submission = form.submission(request.GET)
    submission.lead = Lead.objects.for_submission(submission)
    if not submission.suspicion:
        known = delivery.known_copy(submission)
        if again := getattr(known, "again", None):
            return Submission.objects.get(pk=again)
        submission.copy = delivery.owe_copy(submission, known)
    submission.save()
    if submission.news_consent and not submission.suspicion:
        consent.record_news(submission, request.path)
    return submission
