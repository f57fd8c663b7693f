"""Say figures in French: numbers, rates with what they are of, and what has changed."""

from __future__ import annotations

from datetime import date

from leads.analytics.reading import Rate
from reports.templatetags.french import french_date

SURE = 400  # From here on, a rate says enough without its interval.


def number(value: int) -> str:
    """Return « 1 500 », with a narrow no-break space."""
    return f"{value:,}".replace(",", "\u202f")


def count(value: int, one: str, many: str) -> str:
    """Return « 1 retrait », « 2 retraits »: in French, zero is singular."""
    return f"{number(value)}\u00a0{one if value < 2 else many}"


def percent(share: float) -> str:
    """Return « 61 % »; what is neither none nor all is never said to be."""
    if 0 < share <= 0.005:
        return "moins de 1\u00a0%"
    if 0.995 <= share < 1:
        return "plus de 99\u00a0%"
    return f"{share * 100:.0f}\u00a0%"


def interval(rate: Rate) -> str:
    """Return « de 39 à 78 % », or nothing where the number is large enough."""
    if rate.interval is None or rate.of >= SURE:
        return ""
    low, high = (round(100 * bound) for bound in rate.interval)
    return f"de {low} à {high}\u00a0%"


def of(rate: Rate, what: str) -> str:
    """Return « 61 % de 18 remis (de 39 à 80 %) », or « sur 0 remis »."""
    if rate.share is None:
        return f"pas de taux, sur 0\u00a0{what}"
    if rate.count > rate.of:
        return f"plus que les {number(rate.of)}\u00a0{what}"
    sure = interval(rate)
    words = f"{percent(rate.share)} de {number(rate.of)}\u00a0{what}"
    return f"{words} ({sure})" if sure else words


def change(now: int, before: int) -> str:
    """Return « 12 de plus qu’avant (288) »: in numbers, for a small one too."""
    if now == before:
        return f"autant qu’avant ({number(before)})"
    less = "de plus" if now > before else "de moins"
    return f"{number(abs(now - before))} {less} qu’avant ({number(before)})"


def period(first: date, last: date) -> str:
    if first == last:
        return f"le {french_date(first)}"
    return f"du {french_date(first)} au {french_date(last)}"
