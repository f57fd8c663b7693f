"""Guess the address that a hasty hand meant, to ask about it and never to decide.

A wrong guess costs a reader their trust: only endings that do not exist, and slips
near the few mailboxes that everybody uses, are asked about. Hospitals' own domains
are as many as hospitals, and none of them may be taken for a slip.
"""

from __future__ import annotations

# Endings that no network has, and the one beside them on the keyboard.
ENDINGS = {
    wrong: right
    for right, wrongs in {
        "fr": "f ft rf fe ffr frr",
        "com": "con comm coom ocm cmo vom xom cpm",
        "net": "nte ent met nett",
    }.items()
    for wrong in wrongs.split()
}
DOMAINS = (
    "orange.fr",
    "wanadoo.fr",
    "laposte.net",
    "sfr.fr",
    "free.fr",
    "gmail.com",
    "outlook.fr",
    "outlook.com",
    "hotmail.fr",
    "hotmail.com",
    "yahoo.fr",
    "yahoo.com",
    "icloud.com",
    "aphp.fr",
)

# Where everybody has a mailbox: how much mail goes there says nothing of anybody.
MASS_PROVIDERS = {domain for domain in DOMAINS if domain != "aphp.fr"} | {
    *("live.fr", "live.com", "msn.com", "hotmail.be", "hotmail.ch", "ymail.com"),
    *("googlemail.com", "me.com", "mac.com", "aol.com", "proton.me", "protonmail.com"),
    *("gmx.fr", "gmx.com", "bbox.fr", "neuf.fr", "numericable.fr", "cegetel.net"),
    *("club-internet.fr", "aliceadsl.fr", "yahoo.co.uk", "outlook.be", "mailo.com"),
}


def suggestion(address: str) -> str:
    """Return the address that was probably meant, or an empty string."""
    local, at, domain = address.strip().rpartition("@")
    meant = _domain(domain.lower())
    return f"{local}{at}{meant}" if local and meant else ""


def _domain(typed: str) -> str:
    name, _, ending = typed.rpartition(".")
    if not name:
        return ""
    meant = f"{name}.{ENDINGS.get(ending, ending)}"
    if name == "gmail":  # It has one ending in the whole world.
        meant = "gmail.com"
    elif meant not in DOMAINS:
        meant = next((known for known in DOMAINS if _slipped(meant, known)), meant)
    return "" if meant == typed else meant


def _slipped(typed: str, known: str) -> bool:
    """Tell whether `typed` is `known` with a slip: the longer, the more forgiven.

    The ending and the first letter are trusted: outlook.be is not outlook.fr, and
    mail.com is not gmail.com. Names of four letters have too many neighbours (aphm,
    anap): there, only two letters the wrong way round are a slip.
    """
    name, _, ending = typed.rpartition(".")
    right, _, right_ending = known.rpartition(".")
    if ending != right_ending or name[0] != right[0]:
        return False
    if len(right) < 5:
        return sorted(name) == sorted(right) and within(1, name, right)
    return within(2 if len(right) > 6 else 1, name, right)


def within(most: int, one: str, other: str) -> bool:
    """Tell whether at most so many letters were put in, left out, mistaken or swapped.

    Damerau’s distance, where no stretch is edited twice ("optimal string alignment").
    """
    if not one or not other:
        return len(one) + len(other) <= most
    if one[0] == other[0]:
        return within(most, one[1:], other[1:])
    swapped = 2 if one[:2] == other[1::-1] else 1
    return most > 0 and (
        within(most - 1, one[1:], other)
        or within(most - 1, one, other[1:])
        or within(most - 1, one[swapped:], other[swapped:])
    )
