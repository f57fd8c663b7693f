"""`/etablissements/?q=`: what the form proposes while a name is typed.

Public names of a public register, the same for everybody: any cache may keep them.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from leads.establishments import finding, names
from leads.models import Establishment
from leads.throttling import suggestions_over_quota

MOST = 6  # Suggestions: what a phone shows above its keyboard.
CACHED = "public, max-age=86400"


@require_safe
def suggest(request: HttpRequest) -> HttpResponse:
    """Propose establishments for what was typed; none for fewer than three letters."""
    if suggestions_over_quota(request):
        answer = JsonResponse({"found": []}, status=429)
        answer.headers["Retry-After"] = "3600"
        return answer
    found = finding.find(request.GET.get("q", ""), MOST)
    content = {"found": [_said(one.establishment) for one in found]}
    return JsonResponse(content, headers={"Cache-Control": CACHED})


def _said(one: Establishment) -> dict[str, Any]:
    return {
        "finess": one.finess,
        "name": one.readable_name,
        "place": one.place,
        "type": one.organisation_type,
        "region": one.region,
    }


def chosen(finess: str, typed: str) -> Establishment | None:
    """Return the suggestion that was chosen, None where the name is another by now."""
    if not finess:
        return None
    one = Establishment.objects.filter(pk=finess[:9].replace("\x00", "")).first()
    if one is None or names.key(typed) != names.key(one.readable_name):
        return None
    return one
