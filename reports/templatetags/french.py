"""Dates, hours and sizes as French prints them, held together by no-break spaces."""

from __future__ import annotations

import datetime

from django import template

register = template.Library()

# Not Django's formats: they would need translations to be active in the process.
MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août",
    "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip


@register.filter(expects_localtime=True)
def french_date(date: datetime.date) -> str:
    """Return « 1er mars 2026 », of a moment in the current time zone."""
    day = "1er" if date.day == 1 else str(date.day)
    return f"{day}\u00a0{MONTHS[date.month - 1]}\u00a0{date.year}"


@register.filter(expects_localtime=True)
def french_time(moment: datetime.datetime) -> str:
    """Return « 9 h 05 », in the current time zone."""
    return f"{moment.hour}\u00a0h\u00a0{moment.minute:02}"


@register.filter
def french_size(size: int) -> str:
    """Return a number of bytes in decimal kilobytes: « 140 ko »."""
    return f"{max(1, round(size / 1000))}\u00a0ko"
