"""Bring what links carry back to the few names that are compared."""

from __future__ import annotations

import time

from leads.models import Campaign
from leads.models.campaign import Origin, normal

UNKNOWN = Origin.OTHER.value
FRESH = 60  # Seconds a process trusts what it has read of the campaigns.
# What others write for the same thing.
_ALSO = {
    "email": Origin.MAIL, "mail": Origin.MAIL, "e-mail": Origin.MAIL,
    "newsletter": Origin.NEWSLETTER, "linkedin": Origin.SOCIAL,
    "twitter": Origin.SOCIAL, "x": Origin.SOCIAL, "facebook": Origin.SOCIAL,
    "social": Origin.SOCIAL,
    "congres": Origin.CONGRESS, "congrès": Origin.CONGRESS, "google": Origin.SEARCH,
    "bing": Origin.SEARCH, "qwant": Origin.SEARCH,
}  # fmt: skip
# Every known writing of a source → its name.
ORIGINS: dict[str, str] = {
    **{spelling: origin.value for spelling, origin in _ALSO.items()},
    **{value: value for value in Origin.values},
}
_read: tuple[float, dict[str, str]] = (float("-inf"), {})


def known_origin(value: str) -> str:
    """Return the name of a source: "" for none, « autre » for what nobody knows."""
    value = normal(value)
    return ORIGINS.get(value, UNKNOWN) if value else ""


def known_campaign(value: str) -> str:
    """Return the code of a campaign: "" for none, « autre » for what nobody knows.

    Read from the database once a minute for each process.
    """
    value = normal(value)
    return known_campaigns().get(value, UNKNOWN) if value else ""


def known_campaigns() -> dict[str, str]:
    """Return what `campaigns` does, a minute old at the most."""
    global _read
    read_at, names = _read
    if time.monotonic() - read_at > FRESH:
        names = campaigns()
        _read = time.monotonic(), names
    return names


def campaigns() -> dict[str, str]:
    """Return every known writing of a campaign → its code, as they are now."""
    rows = list(Campaign.objects.order_by("pk").only("code", "aliases"))
    names = {alias: row.code for row in rows for alias in row.spellings}
    return {**names, **{row.code: row.code for row in rows}}


def forget() -> None:
    """Read the campaigns again at their next use: one has changed."""
    global _read
    _read = (float("-inf"), {})
