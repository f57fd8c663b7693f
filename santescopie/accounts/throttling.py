"""Limits of sign-in: per account and per network, in PostgreSQL, for minutes only.

allauth counts (allauth.core.internal.ratelimit, whose cache is a table); here stands
what it counts by. No name and no network is kept in clear.
"""

from __future__ import annotations

from typing import Any

from allauth.account import app_settings
from allauth.core.internal import ratelimit
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone

from leads.throttling import client_network
from outbox.tokens import keyed_hash

KNOWN_FOR = 30 * 86400  # Seconds.


def account_key(request: HttpRequest, login: str) -> str:
    """Return the bucket of failures of an account.

    A network from which it has signed in lately has a bucket of its own: whoever fails
    on purpose elsewhere does not keep the person out (ASVS 5.0, 6.1.1).
    """
    account = _hash(login)
    network = _hash(client_network(request))
    if cache.get(_known(account, network)):
        return f"{account}.{network}"
    return account


def remember(request: HttpRequest, user: Any) -> None:
    """Note that this network is one an account signs in from."""
    network = _hash(client_network(request))
    for login in _logins(user):
        cache.set(_known(_hash(login), network), True, KNOWN_FOR)


def forgive(user: Any) -> None:
    """Empty the buckets of an account, those of the second factor included."""
    keys = [_hash(login) for login in _logins(user)]
    keys.append(f"mfa-auth-user-{user.pk}")
    for key in keys:
        for rate in ratelimit.get_rates(app="allauth.account", action="login_failed"):
            if rate.per == "key":
                cache.delete(
                    ratelimit.get_cache_key(
                        None,  # type: ignore[arg-type]
                        app="allauth.account",
                        action="login_failed",
                        rate=rate,
                        key=key,
                    )
                )


def minutes() -> int:
    """Return how long somebody who failed too often waits at most."""
    rates = ratelimit.parse_rates(app_settings.RATE_LIMITS["login_failed"])
    return round(max(rate.duration for rate in rates) / 60)


def _logins(user: Any) -> set[str]:
    return {name.casefold() for name in (user.get_username(), user.email) if name}


def _known(account: str, network: str) -> str:
    return f"accounts.known.{account}.{network}"


def _hash(name: str) -> str:
    """Return a keyed hash that changes each month, of a name or a network."""
    month = timezone.localdate().strftime("%Y-%m")
    return keyed_hash(f"accounts.{month}", fold(name)).hex()[:32]


def fold(name: str) -> str:
    """Make one of all the names that PostgreSQL finds alike.

    It compares by `UPPER`: a dotless i or a long s are ways to write i and s.
    """
    return name.strip().upper().casefold()
