"""Say figures in French: numbers, rates with what they are of, and what has changed."""

from __future__ import annotations

from datetime import date

from leads.analytics.reading import Rate
from reports.templatetags.french import french_date

INVARIABLE = {"remis", "rendez-vous", "par", "des", "robots"}
SURE = 400  # From here on, a rate says enough without its interval.


def number(value: int) -> str:
    """Return « 1 500 », with a narrow no-break space."""
    return f"{value:,}".replace(",", "\u202f")


def count(value: int, one: str, many: str) -> str:
    """Return « 1 retrait », « 2 retraits »: in French, zero is singular."""
    return f"{number(value)}\u00a0{one if value < 2 else many}"


def noun(value: int, many: str) -> str:
    """Return « retraits bruts » as one or none of them is called: « retrait brut »."""
    if value > 1:
        return many
    return " ".join(
        word if word in INVARIABLE else word.removesuffix("s") for word in many.split()
    )


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
    return f"de\u00a0{low}\u00a0à\u00a0{high}\u00a0%"


def of(rate: Rate, what: str) -> str:
    """Return « 61 % de 18 remis (de 39 à 80 %) », or « sur 0 remis »."""
    base = f"{number(rate.of)}\u00a0{noun(rate.of, what)}"
    if rate.share is None:
        return f"pas de taux, sur {base}"
    if rate.count > rate.of:
        return f"plus que les {base}"
    sure = interval(rate)
    words = f"{percent(rate.share)} de {base}"
    return f"{words} ({sure})" if sure else words


def share(rate: Rate) -> str:
    """Return « 61 % (de 39 à 80 %) », where what it is of is named above."""
    if rate.share is None:
        return "pas de taux"
    sure = interval(rate)
    return f"{percent(rate.share)} ({sure})" if sure else percent(rate.share)


def change(now: int, before: int) -> str:
    """Return « 12 de plus qu’avant (288) »: in numbers, for a small one too."""
    if now == before:
        return f"autant qu’avant\u00a0({number(before)})"
    less = "de plus" if now > before else "de moins"
    return f"{number(abs(now - before))}\u00a0{less} qu’avant\u00a0({number(before)})"


def period(first: date, last: date) -> str:
    """Return « du 1er au 28 novembre 2026 »: a month and a year are said once."""
    if first == last:
        return f"le {french_date(first)}"
    words = french_date(first).split("\u00a0")
    same_year = first.year == last.year
    said = 1 if same_year and first.month == last.month else 2 if same_year else 3
    start = "\u00a0".join(words[:said])
    return f"du {start} au {french_date(last)}"
