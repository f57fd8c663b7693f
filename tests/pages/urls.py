"""The site, and each of its states under an address: for tests and tools only."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csp import csp_override
from django.views.decorators.csrf import csrf_exempt

from santescopie import urls
from tests.pages.states import MAIL_POLICY, STATES


def show(request: HttpRequest, name: str) -> HttpResponse:
    if name not in STATES:
        raise Http404
    state = STATES[name]
    view = csp_override(MAIL_POLICY)(state.response) if state.mail else state.response
    return view(request)


@csrf_exempt
def uncounted(request: HttpRequest) -> HttpResponse:
    """Stand in for the audience: most tests of pages have no database."""
    return HttpResponse(status=204)


urlpatterns = [
    path("etats/<slug:name>/", show, name="state"),
    path("mesure/", uncounted),
    *urls.urlpatterns,
]
handler400 = urls.handler400
handler403 = urls.handler403
handler404 = urls.handler404
handler429 = urls.handler429
handler500 = urls.handler500
