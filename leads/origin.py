"""Refuse posts that another site makes its visitors send.

In place of a CSRF cookie, which would make the page uncacheable and protect nothing:
the form carries no ambient authority. Browsers say where a request comes from
(Fetch Metadata; Origin before it); a client that says nothing is left to the quotas.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from django.http import HttpRequest


def is_foreign(request: HttpRequest) -> bool:
    """Tell whether a browser says that this request was started by another site."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = request.headers.get("Origin")
    if origin is None:
        return False
    try:
        return urlsplit(origin).netloc != request.get_host()
    except ValueError:  # No browser writes such an origin.
        return True
