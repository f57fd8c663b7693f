"""Error pages, and what the machines around us ask."""

from __future__ import annotations

import sys
from datetime import UTC, timedelta

from django.conf import settings
from django.db import Error as DatabaseError
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from reports import study
from santescopie.checks import security_contact

# What search engines may list, by name, and what no robot has to open.
PUBLIC = ("leads:landing", "legal-notice", "privacy", "accessibility", "sitemap-page")
SECURITY_TXT = "/.well-known/security.txt"
SECURITY_TXT_FRESH = timedelta(days=180)  # RFC 9116, 2.5.5: less than a year.
PERSONAL = (
    "/suivi/",
    "/exemplaire/",
    "/v/",
    "/mes-donnees/",
    "/desinscription/",
    "/choix/",
    "/admin/",
    "/demo/",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "400.html", status=400)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "403.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return render(request, "404.html", status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page of last resort: it needs nothing that may have failed.

    503 where the database is away: what was typed may be sent again in a while.
    """
    if isinstance(sys.exception(), InterfaceError | OperationalError):
        page = render_to_string("503.html")
        return HttpResponse(page, status=503, headers={"Retry-After": "120"})
    return HttpResponse(render_to_string("500.html"), status=500)


@require_safe
def favicon(request: HttpRequest) -> HttpResponse:
    """Lead those who ask without having read the page to the icon."""
    return redirect(static("img/favicon-32.png"))


@require_safe
def manifest(request: HttpRequest) -> HttpResponse:
    """Name the site to who puts it among their applications (W3C appmanifest)."""
    icons = [
        {"src": static("img/favicon.svg"), "sizes": "any", "type": "image/svg+xml"}
    ] + [
        {
            "src": static(f"img/icon-{side}.png"),
            "sizes": f"{side}x{side}",
            "type": "image/png",
            "purpose": purpose,
        }
        for side in (192, 512)
        for purpose in ("any", "maskable")
    ]
    content = {
        "name": study.NAME,
        "short_name": study.NAME,
        "description": study.PURPOSE_TITLE,
        "lang": "fr",
        "start_url": "/",
        "display": "browser",
        "background_color": "#eef3f2",
        "theme_color": "#eef3f2",
        "icons": icons,
    }
    return JsonResponse(content, content_type="application/manifest+json")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Keep robots on the public pages: the others are somebody's, or staff's."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in PERSONAL)]
    lines += ["", f"Sitemap: {settings.SITE_URL}/sitemap.xml", ""]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def security_txt(request: HttpRequest) -> HttpResponse:
    """Say whom to tell of a weakness (RFC 9116); not found where nobody is said."""
    contact = security_contact()
    if not contact:
        raise Http404("SECURITY_CONTACT is not set")
    ends = timezone.now().astimezone(UTC) + SECURITY_TXT_FRESH
    lines = [
        f"Contact: {contact}",
        f"Expires: {ends:%Y-%m-%dT00:00:00Z}",
        "Preferred-Languages: fr, en",
        f"Canonical: {settings.SITE_URL}{SECURITY_TXT}",
        "",
    ]
    return HttpResponse("\n".join(lines), content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the public pages (sitemaps.org, protocol 0.9)."""
    paths = [reverse(name) for name in PUBLIC]
    pages = "".join(
        f"<url><loc>{settings.SITE_URL}{path}</loc></url>" for path in paths
    )
    return HttpResponse(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{pages}</urlset>\n',
        content_type="application/xml; charset=utf-8",
    )


def healthz(request: HttpRequest) -> HttpResponse:
    """Say that this process answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def readyz(request: HttpRequest) -> HttpResponse:
    """Say whether this process can do its work: 503 without the database."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("database\n", status=503, content_type="text/plain")
    return HttpResponse("ok\n", content_type="text/plain")
