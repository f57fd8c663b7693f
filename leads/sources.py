"""Bring what links carry back to the few names that are compared."""

from __future__ import annotations

import time

from leads.models import Campaign
from leads.models.campaign import Origin

UNKNOWN = "autre"
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
_read: tuple[float, dict[str, str]] = (float("-inf"), {})


def normal(value: str) -> str:
    """Return a raw value as values are compared: lower case, single spaces."""
    return " ".join(value.lower().split())[:100]


def known_origin(value: str) -> str:
    """Return the name of a source: "" for none, « autre » for what nobody knows."""
    value = normal(value)
    if not value:
        return ""
    return value if value in Origin.values else _ALSO.get(value, UNKNOWN)


def known_campaign(value: str) -> str:
    """Return the code of a campaign: "" for none, « autre » for what nobody knows.

    Read from the database once a minute for each process.
    """
    value = normal(value)
    return _codes().get(value, UNKNOWN) if value else ""


def _codes() -> dict[str, str]:
    global _read
    read_at, codes = _read
    if time.monotonic() - read_at > FRESH:
        rows = Campaign.objects.only("code", "aliases")
        codes = {name: row.code for row in rows for name in row.spellings}
        _read = time.monotonic(), codes
    return codes


def forget() -> None:
    """Read the campaigns again at their next use: one has changed."""
    global _read
    _read = (float("-inf"), {})
