"""Business days in France: neither weekends nor the national public holidays.

The eleven days of the Code du travail (art. L3133-1), as `holidays` keeps them; those
of Alsace-Moselle and of overseas departments are working days for us.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

import holidays
from django.utils import timezone

PROMISE = 2  # Business days to a first contact.
_HOLIDAYS = holidays.country_holidays("FR")


def is_business_day(day: date) -> bool:
    return day.weekday() < 5 and day not in _HOLIDAYS


def after(day: date, count: int = 1) -> date:
    """Return the business day that comes `count` business days after a day."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_business_day(day)
    return day


def between(first: date, last: date) -> int:
    """Return how many business days lie after `first`, up to `last` included.

    Negative where `last` comes before.
    """
    if last < first:
        return -between(last, first)
    days = (last - first).days
    return sum(is_business_day(first + timedelta(days=n + 1)) for n in range(days))


def in_words(days: int) -> str:
    """Return « 1 jour ouvré » or « 2 jours ouvrés »."""
    return f"{days}\u00a0jour{'s' if days > 1 else ''} ouvré{'s' if days > 1 else ''}"


def promised_for(at: datetime) -> date:
    """Return the last day (Europe/Paris) of the promise made to who asked then."""
    return after(timezone.localdate(at), PROMISE)
