"""Cut and clean what people typed, for a page that has no room to spare."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import accumulate

from leads.channels import Channels
from reports.pdf import SIZES, legible

NUMBER_HIDDEN = "[numéro retiré]"
ADDRESS_HIDDEN = "[adresse retirée]"
WIDE = "WMŒÆ@%…—"
BEFORE = r"\+?(?:\d[\W_]{0,3}){0,4}"  # A country, or the nought of home.
ADDRESS = re.compile(r"\S+@\S+")
# Nine digits or more in a row, however they are spaced; dates have slashes.
NUMBER = re.compile(r"[+(]*\d(?:[\s.()\-\u2010-\u2015]*\d){8,}")


def line(text: str) -> str:
    """Return a name as one line that can be set; beyond all measure, it is cut."""
    return legible(text)


def size(text: str) -> str:
    """Return how small a name is set, as on the label of the synthesis."""
    width = width_of(legible(text))
    return next((name for limit, name in SIZES if width > limit), "")


def cut(text: str, width: int) -> str:
    """Return the beginning of a text, on one line, with … where the rest was."""
    text = re.sub(" +", " ", legible(text))
    ends = enumerate(accumulate(map(_width, text)))
    end = next((place for place, reached in ends if reached > width), None)
    if end is None:
        return text
    kept = text[: max(end - 1, 0)]
    words = kept.rpartition(" ")[0]
    if len(words) > len(kept) * 0.8:  # A word is not maimed, if little is lost.
        kept = words
    return f"{kept.rstrip(' ,;:.…')}…"


def width_of(text: str) -> float:
    return sum(map(_width, text))


def _width(letter: str) -> float:
    """Return about how wide a letter is, in small ones of the middling sort."""
    if unicodedata.east_asian_width(letter) in "WF":
        return 2
    if letter in WIDE:
        return 2.1
    return 1.5 if letter.isupper() or letter in "mw" else 1


def without_refused(text: str, channels: Channels, numbers: Iterable[str]) -> str:
    """Take numbers out of a note where calls are refused, addresses where mails are.

    Whoever they belong to: a page to call from is no place to wonder.
    """
    if not channels.phone.allowed:
        for digits in {"".join(filter(str.isdigit, n))[-9:] for n in numbers}:
            if len(digits) > 5:  # Less is an extension, or any number of a note.
                known = BEFORE + r"[\W_]*".join(digits)
                text = re.sub(known, NUMBER_HIDDEN, text)
        text = NUMBER.sub(NUMBER_HIDDEN, text)
    if not channels.email.allowed:
        text = ADDRESS.sub(ADDRESS_HIDDEN, text)
    return text
