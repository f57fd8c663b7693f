"""« Mes données »: whoever holds the mailbox's link sees and does what the law gives.

Asking is the same for every address. Behind the link, GET and HEAD change nothing:
mail gateways open every link. No page is kept by any cache.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from types import SimpleNamespace
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.db.models.functions import Now
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from leads import data_words, dossier, rights
from leads.calling import CallForm
from leads.data_forms import WRONG_CODE, CodeForm, DataAddressForm, RectificationForm
from leads.models import ConsentEvent, DataLink, Lead
from leads.origin import is_foreign
from leads.throttling import data_links_over_quota, over_quota

logger = logging.getLogger(__name__)

Action = Callable[..., HttpResponse]


# --- Asking ---------------------------------------------------------------------------


@csrf_exempt  # No cookie is involved: leads/origin.py.
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Ask for an address; owe it a look, whosever it is.

    A post writes one row and answers: who is known is looked up by a worker, so that
    neither the page nor its time tells anything.
    """
    if request.method != "POST":
        return _ask(request, DataAddressForm())
    if is_foreign(request):
        raise PermissionDenied("cross-site post")
    form = DataAddressForm(request.POST)
    if not form.is_valid():
        return _ask(request, form, status=422)
    if data_links_over_quota(request):
        return _too_many(request, reverse("leads:data-ask"))
    DataLink(address=form.cleaned_data["email"]).save()
    return _see(reverse("leads:data-asked"))


@require_safe
def asked(request: HttpRequest) -> HttpResponse:
    context = {"ask_url": reverse("leads:data-ask")}
    return render(request, "leads/data_sent.html", context)


@require_safe
def erased(request: HttpRequest) -> HttpResponse:
    return render(request, "leads/data_erased.html")


def _ask(
    request: HttpRequest, form: Form, status: int = 200, **more: Any
) -> HttpResponse:
    context = {"form": form, "ask_url": reverse("leads:data-ask"), **more}
    return render(request, "leads/data_ask.html", context, status=status)


def _too_many(request: HttpRequest, back_url: str) -> HttpResponse:
    context = {"back_url": back_url, "back_words": "Revenir à la page précédente"}
    page = render(request, "429.html", context, status=429)
    page.headers["Retry-After"] = "3600"
    return page


def _see(url: str) -> HttpResponse:
    response = redirect(url)
    response.status_code = 303
    return response


# --- Behind the link ------------------------------------------------------------------


def _find(token: str) -> DataLink:
    link = DataLink.objects.select_related("lead__owner").by_token(token)
    if link is None or (link.lead is None and link.closed_at is None):
        raise Http404  # Not made yet is not found either.
    return link


def _behind(view: Action) -> Action:
    """Open a link, or say why it opens nothing."""

    @wraps(view)
    def opened(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        link = _find(token)
        if reason := link.closed:
            return _gone(request, link, reason)
        try:
            return view(request, link, **kwargs)
        except rights.Erased:
            link.refresh_from_db()
            return _gone(request, link, "erased")

    return opened


def _gone(request: HttpRequest, link: DataLink, reason: str) -> HttpResponse:
    if reason == "erased" and (link.lead is None or link.lead.erased_at):
        return render(request, "leads/data_erased.html", status=410)
    why = "shut" if reason == "erased" else "expired"
    return _ask(request, DataAddressForm(), status=410, **{why: True})


def _posted(view: Action) -> Action:
    """Let the holder of a link act, by POST and from here.

    No cookie is involved: leads/origin.py says what stands in a token's place.
    """

    @csrf_exempt
    @require_POST
    @wraps(view)
    def checked(request: HttpRequest, token: str, **kwargs: Any) -> HttpResponse:
        if is_foreign(request):
            raise PermissionDenied("cross-site post")
        return _behind(view)(request, token, **kwargs)

    return checked


def _url(name: str, link: DataLink, *args: str) -> str:
    return reverse(f"leads:{name}", args=[link.token, *args])


def _lead(link: DataLink) -> Lead:
    assert link.lead is not None  # Or the link would be closed.
    return link.lead


@require_safe
@_behind
def data(request: HttpRequest, link: DataLink) -> HttpResponse:
    """Show everything that is held, in words."""
    return _page(request, link)


@require_safe
@_behind
def as_json(request: HttpRequest, link: DataLink) -> HttpResponse:
    content = dossier.as_json(_lead(link))
    return _file(content, "application/json", "mes-donnees.json")


@require_safe
@_behind
def as_csv(request: HttpRequest, link: DataLink) -> HttpResponse:
    content = "".join(dossier.as_csv(_lead(link)))
    return _file(content, "text/csv; charset=utf-8", "mes-donnees.csv")


def _file(content: str, kind: str, name: str) -> HttpResponse:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(content, content_type=kind, headers=headers)


@_posted
def rectify(request: HttpRequest, link: DataLink) -> HttpResponse:
    if over_quota(request):
        return _too_many(request, _url("data", link))
    form = RectificationForm(request.POST)
    if not form.is_valid() and not _lead(link).frozen_at:
        return _page(request, link, rectification=form)
    rights.rectify(_lead(link).pk, form.cleaned_data)
    return _see(_url("data", link))


@_posted
def choose(request: HttpRequest, link: DataLink, purpose: str) -> HttpResponse:
    """Give or withdraw one agreement; withdrawing is never too much (art. 7.3)."""
    if purpose not in rights.WORDINGS:
        raise Http404
    granted = request.POST.get("granted") == "oui"
    if granted and over_quota(request):
        return _too_many(request, _url("data", link))
    phone, lead = "", _lead(link)
    if granted and purpose == ConsentEvent.Purpose.CALL and not number_of(lead):
        form = CallForm(request.POST)
        if not form.is_valid():
            return _page(request, link, call=form)
        phone = form.cleaned_data["phone"]
    rights.choose(lead.pk, purpose, granted=granted, phone=phone)
    return _see(f"{_url('data', link)}#accord-{purpose}")


def number_of(lead: Lead) -> str:
    """Return the number that somebody would be called at, if one is kept."""
    left = lead.submissions.filter(~Q(phone=""), suspicion="").order_by("-pk").first()
    return left.phone if left else lead.phone


@_posted
def measure(request: HttpRequest, link: DataLink) -> HttpResponse:
    granted = request.POST.get("granted") == "oui"
    rights.measure_choice(_lead(link).pk, granted=granted)
    return _see(f"{_url('data', link)}#mesure")


@_posted
def freeze(request: HttpRequest, link: DataLink) -> HttpResponse:
    act = rights.unfreeze if request.POST.get("frozen") == "non" else rights.freeze
    act(_lead(link).pk)
    return _see(_url("data", link))


@_posted
def close(request: HttpRequest, link: DataLink) -> HttpResponse:
    """Close the link, on a machine that others use."""
    DataLink.objects.filter(pk=link.pk, closed_at=None).update(closed_at=Now())
    return _see(_url("data", link))  # Which says that it is closed.


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, token: str) -> HttpResponse:
    """Mail a code, ask for it, and erase at once."""
    if request.method == "POST":
        return _erase(request, token=token)
    return _code_page(request, token=token)


@_behind
def _code_page(request: HttpRequest, link: DataLink) -> HttpResponse:
    return _ask_code(request, link, CodeForm())


@_posted
def _erase(request: HttpRequest, link: DataLink) -> HttpResponse:
    if "code" not in request.POST:
        if over_quota(request):
            return _too_many(request, _url("data", link))
        rights.send_code(link)
        return _see(_url("data-erase", link))
    form = CodeForm(request.POST)
    if form.is_valid() and not rights.is_right(link, form.cleaned_data["code"]):
        form.add_error("code", WRONG_CODE)
    if form.errors:
        return _ask_code(request, link, form, status=422)
    try:
        rights.erase(_lead(link))
    except Exception:  # The store is away, whatever its client raises.
        logger.exception("contact %s: not erased", link.lead_id)
        return render(request, "503.html", status=503)
    return _see(reverse("leads:data-erased"))


def _ask_code(
    request: HttpRequest, link: DataLink, form: Form, status: int = 200
) -> HttpResponse:
    context = {
        "form": form,
        "sent": link.code_no > 0,
        "last": link.code_no >= rights.MOST_CODES,
        "ask_url": reverse("leads:data-ask"),
        "email_masked": data_words.masked(_lead(link).email),
        "erase_url": _url("data-erase", link),
        "data_url": _url("data", link),
    }
    return render(request, "leads/data_erase.html", context, status=status)


def _page(request: HttpRequest, link: DataLink, **bound: Form) -> HttpResponse:
    """Show the page; with a form in error, it says 422."""
    lead = _lead(link)
    said = dossier.dossier(lead)
    rectification = bound.get("rectification") or RectificationForm.of(lead)
    context = {
        **data_words.context(lead, said),
        "expires_at": link.expires_at,
        "rectification": None if lead.frozen_at else rectification,
        "call": bound.get("call") or CallForm(),
        "rectify_url": _url("data-rectify", link),
        "json_url": _url("data-json", link),
        "csv_url": _url("data-csv", link),
        "freeze_url": _url("data-freeze", link),
        "erase_url": _url("data-erase", link),
        "close_url": _url("data-close", link),
        "measure": {
            "objected": lead.refuses_measure,
            "url": _url("data-measure", link),
        },
        "consents": [
            SimpleNamespace(**consent, url=_url("data-consent", link, purpose))
            for purpose, consent in data_words.consents(lead).items()
        ],
        "has_number": bool(number_of(lead)),
        "today": timezone.localdate(),
    }
    status = 422 if bound else 200
    return render(request, "leads/data.html", context, status=status)
