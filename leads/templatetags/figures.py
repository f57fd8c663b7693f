"""Numbers and their nouns, as French says them.

Not beside `french.py`: what documents are made with is their edition's, and is frozen.
"""

from __future__ import annotations

from django import template

from leads.analytics import words

register = template.Library()


@register.filter
def plural(number: int, endings: str = ",s") -> str:
    """Return the ending of a word: in French, zero is singular."""
    one, many = endings.split(",")
    return many if number > 1 else one


@register.filter
def figure(number: int) -> str:
    """Return « 1 954 », with a narrow no-break space."""
    return words.number(number)


@register.filter
def named(number: int, many: str) -> str:
    """Return « retrait brut » for one, where `many` is « retraits bruts »."""
    return words.noun(number, many)
