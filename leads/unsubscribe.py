"""« Désinscription »: no more news, for whoever holds the link, and for ever.

RFC 8058: one POST without cookie, answered 200. GET and HEAD change nothing: gateways
open every link. The same is answered whatever the token: nothing is to be learnt here.
"""

from __future__ import annotations

from uuid import UUID

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from leads import consent
from leads.consent import Wording
from leads.models import ConsentEvent, Lead
from outbox import tokens

TOKEN = "desinscription"
ASK_URL = "/mes-donnees/"
LARGEST = 2**63 - 1  # Of a key.
# As templates/leads/unsubscribe.html shows it.
WORDING = Wording("1", "Ne plus recevoir nos actualités")
ONE_CLICK = Wording(
    "1",
    "Désinscription en un clic, demandée par la messagerie de la personne (RFC 8058).",
)


def token_of(lead_pk: int) -> str:
    """Return the number of a contact and its proof: good for ever, stored nowhere."""
    return f"{lead_pk}-{tokens.make(TOKEN, UUID(int=lead_pk))}"


def link_of(lead_pk: int) -> str:
    """Return the whole address, for a mail or for a tool that sends news."""
    return settings.SITE_URL + reverse("leads:unsubscribe", args=[token_of(lead_pk)])


def headers_of(lead_pk: int) -> dict[str, str]:
    """Return the headers that a mail of news owes its reader (RFC 2369, RFC 8058)."""
    addresses = [f"<{link_of(lead_pk)}>"]
    if settings.REPLY_TO:
        addresses.append(f"<mailto:{settings.REPLY_TO}?subject=Desinscription>")
    return {
        "List-Unsubscribe": ", ".join(addresses),
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def _find(token: str) -> Lead | None:
    number, _, _ = token.partition("-")
    if not (number.isascii() and number.isdecimal()) or int(number[:20]) > LARGEST:
        return None
    pk = int(number[:20])
    if not constant_time_compare(token, token_of(pk)):
        return None
    return Lead.objects.filter(pk=pk).first()


@csrf_exempt  # RFC 8058: the token is the authority, and the mail's own client asks.
@require_http_methods(["GET", "HEAD", "POST"])
def unsubscribe(request: HttpRequest, token: str) -> HttpResponse:
    """Show one button; pressed, there or by a mail's own client, news ends at once."""
    pressed = request.method == "POST"
    if pressed and (lead := _find(token)):
        one_click = request.POST.get("List-Unsubscribe") == "One-Click"
        _withdraw(lead, ONE_CLICK if one_click else WORDING)
    context = {"done": pressed, "unsubscribe_url": request.path, "ask_url": ASK_URL}
    return render(request, "leads/unsubscribe.html", context)


def _withdraw(lead: Lead, wording: Wording) -> None:
    """Take the agreement back, of the record that took this one's place as well."""
    for pk in filter(None, (lead.pk, lead.merged_into_id)):
        consent.say(
            pk,
            ConsentEvent.Purpose.NEWS,
            wording,
            "/desinscription/",
            granted=False,
            channel=ConsentEvent.Channel.EMAIL,
        )
