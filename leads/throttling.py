"""Keep the form from being a weapon: limits per network, per domain and overall.

Counted in PostgreSQL on a keyed hash of the network's prefix whose key changes every
day: no address is kept. A counter that cannot be read lets people through.
"""

from __future__ import annotations

import ipaddress
import logging

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest
from django.utils import timezone

from leads.addresses import MASS_PROVIDERS
from leads.models import Quota
from outbox.tokens import keyed_hash

logger = logging.getLogger(__name__)


def client_network(request: HttpRequest) -> str:
    """Return the /24 (IPv4) or /56 (IPv6) that a request comes from."""
    address = request.META.get("REMOTE_ADDR", "")
    if settings.TRUSTED_PROXIES:
        hops = request.headers.get("X-Forwarded-For", "").split(",")
        address = hops[-min(settings.TRUSTED_PROXIES, len(hops))].strip() or address
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])  # A link's own has a zone.
    except ValueError:
        return "unknown"
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    prefix = 24 if ip.version == 4 else 56
    return str(ipaddress.ip_network(f"{ip}/{prefix}", strict=False))


def over_quota(request: HttpRequest) -> bool:
    """Count one post, and tell whether its network or the site has had its fill."""
    return _over(
        {
            client_network(request): settings.POSTS_PER_NETWORK_PER_HOUR,
            "everyone": settings.POSTS_PER_HOUR,
        }
    )


def verifications_over_quota(request: HttpRequest) -> bool:
    """Count one reference looked up, and tell whether its network has had its fill."""
    limit = settings.VERIFICATIONS_PER_NETWORK_PER_HOUR
    return _over({f"verification {client_network(request)}": limit})


def data_links_over_quota(request: HttpRequest) -> bool:
    """Count one request for somebody's data; tell whether its network asked enough."""
    limit = settings.DATA_LINKS_PER_NETWORK_PER_HOUR
    return _over({f"data {client_network(request)}": limit})


def suggestions_over_quota(request: HttpRequest) -> bool:
    """Count one request for suggestions; tell whether its network had its fill."""
    limit = settings.SUGGESTIONS_PER_NETWORK_PER_HOUR
    return _over({f"suggestions {client_network(request)}": limit})


def audience_over_quota(request: HttpRequest) -> bool:
    """Count one step of the audience; tell whether its network says too many.

    Raises django.db.Error: a count that cannot be judged is not made.
    """
    limit = settings.AUDIENCE_PER_NETWORK_PER_HOUR
    return _counted_over({f"audience {client_network(request)}": limit})


def _over(limits: dict[str, int | None]) -> bool:
    try:
        return _counted_over(limits)
    except DatabaseError:
        logger.exception("quotas")
        return False


def _counted_over(limits: dict[str, int | None]) -> bool:
    keys = {_key(name): limit for name, limit in limits.items() if limit is not None}
    if not keys:
        return False
    counts = Quota.count_one(*keys)
    return any(count > (keys[key] or 0) for key, count in counts.items())


def domain_over_quota(address: str) -> bool:
    """Count one message to a domain, and tell whether it has had its fill this hour.

    Everybody's mailboxes are left out. Asked when a message is owed, not of the post:
    the answer to a visitor must not depend on it, and what is withheld counts nothing.
    """
    limit, domain = (
        settings.MAIL_PER_DOMAIN_PER_HOUR,
        address.rpartition("@")[2].lower(),
    )
    if limit is None or domain in MASS_PROVIDERS:
        return False
    [count] = Quota.count_one(_key(f"@{domain}")).values()
    return count > limit


def _key(name: str) -> bytes:
    return keyed_hash(f"quota.{timezone.localdate().isoformat()}", name)
