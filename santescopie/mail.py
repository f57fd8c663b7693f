"""Read MAIL_URL into a mailer of Django's MAILERS setting."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

TIMEOUT = 10  # Seconds for each read or write of the SMTP session.


def mailer(url: str) -> dict[str, Any]:
    """Return a mailer for an address such as smtp+tls://user:password@host:587.

    `smtp` speaks in clear, `smtp+tls` upgrades with STARTTLS, `smtps` is TLS from the
    first byte. Raises ImproperlyConfigured for anything else.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"smtp", "smtp+tls", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(
            f"MAIL_URL: {parts.scheme or 'empty'}://…: "
            "smtp://, smtp+tls:// or smtps:// and a host are needed."
        )
    query = parse_qs(parts.query)
    return {
        "BACKEND": "outbox.smtp.Backend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtps",
            "timeout": float(query.get("timeout", [TIMEOUT])[0]),
        },
    }
