"""« Vos choix »: what the reader of a mailed copy agreed to, changed with one press.

The link of the delivery mail leads here for ever. Whoever holds it read that mailbox:
what is pressed here confirms it. GET and HEAD change nothing.
"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leads import bases, consent, mailbox, measure
from leads.channels import with_consents
from leads.consent import Wording
from leads.models import ConsentEvent, Lead
from leads.models.lead import email_key
from leads.origin import is_foreign
from outbox import tokens
from reports import hits
from reports.models import Copy, Hit

TOKEN = "choix"
PAGE = "/choix/"
REFERENCE = len("SC26-XXXX-XXXX")
Purpose = ConsentEvent.Purpose
# Where the page tells of each: what was pressed is what is read next.
PLACES = {Purpose.NEWS: "actualites", Purpose.CALL: "rappel", Purpose.MEASURE: "mesure"}
# What each button says; a call is asked for where its number is typed.
GESTURES = {
    "actualites-oui": (Purpose.NEWS, True),
    "actualites-non": (Purpose.NEWS, False),
    "rappel-non": (Purpose.CALL, False),
    "mesure-oui": (Purpose.MEASURE, True),
    "mesure-non": (Purpose.MEASURE, False),
}


def _find(token: str) -> Copy:
    reference = token[:REFERENCE].replace("\x00", "")
    copy = (
        Copy.objects.select_related("lead__merged_into")
        .filter(reference=reference)
        .first()
    )
    if copy is None:
        raise Http404
    if not constant_time_compare(token, f"{reference}-{tokens.make(TOKEN, copy.uid)}"):
        raise Http404
    return copy


@csrf_exempt  # The token in the address is the authority; no cookie is involved.
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest, token: str) -> HttpResponse:
    """Show each choice with its button, or write down what was pressed."""
    copy = _find(token)
    if copy.lead.erased_at:
        return render(request, "leads/data_erased.html", status=410)
    if request.method != "POST":
        return _page(request, copy)
    if is_foreign(request):
        raise PermissionDenied("cross-site post")
    gesture = GESTURES.get(request.POST.get("choix", ""))
    if gesture is None:
        return _page(request, copy, status=400)
    purpose, granted = gesture
    # A refusal is taken from anybody; an agreement, from no sandbox that presses all.
    if granted:
        if not _is_theirs(copy):
            return _page(request, copy, status=409)
        if hits.weigh(request, copy) not in Hit.HUMAN:
            return _page(request, copy, status=409, doubted=True)
    _write(copy, purpose, granted=granted)
    response = redirect(f"{request.path}#{PLACES[purpose]}")
    response.status_code = 303
    return response


@transaction.atomic
def _write(copy: Copy, purpose: Purpose, *, granted: bool) -> None:
    """Add the act to the ledger, then the sign of life from the mailbox."""
    lead_pk = copy.lead.merged_into_id or copy.lead_id
    consent.say(
        lead_pk,
        purpose,
        _shown(_latest(lead_pk), purpose),
        PAGE,
        granted=granted,
        channel=ConsentEvent.Channel.EMAIL,
    )
    if granted and purpose == Purpose.NEWS:
        mailbox.confirm(lead_pk, copy.recipient, mailbox.Kind.PRESSED)


def _latest(lead_pk: int) -> dict[str, ConsentEvent]:
    acts = ConsentEvent.objects.filter(lead=lead_pk)
    latest = acts.order_by("purpose", "-at", "-pk").distinct("purpose")
    return {event.purpose: event for event in latest}


def _shown(latest: dict[str, ConsentEvent], purpose: Purpose) -> Wording:
    """Return the words beside a choice: those agreed to, or else those of today."""
    event = latest.get(purpose)
    if event is not None and event.granted and event.wording:
        return Wording(event.wording_version, event.wording)
    if purpose == Purpose.MEASURE:
        return measure.WORDING
    news = purpose == Purpose.NEWS
    return consent.news_wording() if news else consent.call_wording()


def _is_theirs(copy: Copy) -> bool:
    """Tell whether the copy's mailbox is still that of whom the choices are."""
    lead = copy.lead.merged_into or copy.lead
    return lead.email_key == email_key(copy.recipient)


def _page(
    request: HttpRequest, copy: Copy, *, status: int = 200, doubted: bool = False
) -> HttpResponse:
    rows: Any = with_consents(
        Lead.objects.filter(pk=copy.lead.merged_into_id or copy.lead_id)
    )
    lead = rows.get()
    latest = _latest(lead.pk)
    context = {
        "news": lead.news_granted,
        "news_waits": bool(lead.news_granted) and not bases.is_confirmed(lead),
        "news_at": lead.news_at,
        "may_agree": _is_theirs(copy),
        "call": lead.call_granted,
        "call_at": lead.call_at,
        "measured": lead.measure_granted is not False,
        "wordings": {name.name: _shown(latest, name).text for name in Purpose},
        "choices_url": request.path,
        "ask_url": "/mes-donnees/",
        "doubted": doubted,
        "frozen": bool(lead.frozen_at),
    }
    return render(request, "leads/choices.html", context, status=status)
