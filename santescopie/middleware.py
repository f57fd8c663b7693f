"""Headers that every answer carries, whoever made it."""

from __future__ import annotations

from collections.abc import Callable

import pghistory
from django.conf import settings
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import render

CHARSETS = {"utf-8", "utf8", "us-ascii", "iso-8859-1", "iso-8859-15", "windows-1252"}
PERMISSIONS = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


class PrivacyHeadersMiddleware:
    """Switch off browser features and keep personal pages out of caches and indexes.

    A page that is not explicitly public is personal: `Cache-Control: no-store` and
    `X-Robots-Tag: noindex` are the default (OWASP ASVS 5.0, 14.3.2).
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        if "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        if "public" not in response.headers["Cache-Control"]:
            response.headers.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response


class HonestBodiesMiddleware:
    """Refuse a body that is too long, or in a charset that no browser sends.

    Before anything reads it: Django would write a file of any size to the disk, and
    decode with any codec that Python knows, some of which are no charset at all.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        length = request.META.get("CONTENT_LENGTH") or "0"
        charset = request.content_params.get("charset", "utf-8")  # type: ignore[union-attr]
        # PostgreSQL holds no NUL: the admin would pass it on from a filter's address.
        nul = "%00" in request.META.get("QUERY_STRING", "") and request.path != "/"
        digits = length.isascii() and length.isdecimal()
        if nul or not digits or charset.lower() not in CHARSETS:
            return render(request, "400.html", status=400)
        if len(length) > 11 or int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return render(request, "413.html", status=413)
        return self.get_response(request)


class MethodNotAllowedMiddleware:
    """Give Django's empty 405 the page that every other error has."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if isinstance(response, HttpResponseNotAllowed) and not response.content:
            page = render(request, "405.html", status=405)
            page.headers["Allow"] = response.headers["Allow"]
            return page
        return response


class StaffHistoryMiddleware:
    """Sign with whoever is signed in what the database writes down of staff's changes.

    By their number; the rest of the site changes nothing that is followed, and pays
    nothing for it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method != "POST" or not request.path.startswith("/admin/"):
            return self.get_response(request)
        with pghistory.context(user=request.user.pk):
            return self.get_response(request)
