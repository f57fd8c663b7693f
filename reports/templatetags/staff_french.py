"""Days and numbers as French says them, for pages of staff.

Not beside `french.py`: what documents are made with belongs to their edition, frozen.
"""

from __future__ import annotations

import datetime

from django import template

from reports.templatetags.french import MONTHS

register = template.Library()

WEEKDAYS = ("lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche")


@register.filter(expects_localtime=True)
def french_day(date: datetime.date) -> str:
    """Return « dimanche 1er mars », of a moment in the current time zone."""
    day = "1er" if date.day == 1 else str(date.day)
    return f"{WEEKDAYS[date.weekday()]} {day}\u00a0{MONTHS[date.month - 1]}"


@register.filter
def french_number(number: int) -> str:
    """Return « 1 954 »: thousands apart, held by narrow no-break spaces."""
    return f"{number:,}".replace(",", "\u202f")
