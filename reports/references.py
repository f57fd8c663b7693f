"""Make the references printed on copies: SC26-XXXX-XXXX."""

from __future__ import annotations

import secrets

PREFIX = "SC26"
# Crockford's base 32: no I, L, O or U to misread or to spell with.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


MISREAD = str.maketrans("OIL", "011")  # As Crockford reads them back.


def recognised(typed: str) -> str:
    """Return the reference that somebody copied by hand; nothing where it is none.

    Case, spaces and dashes do not matter; O is read as 0, I and L as 1.
    """
    symbols = "".join(c for c in typed.upper() if c.isalnum())
    head, tail = symbols[: len(PREFIX)], symbols[len(PREFIX) :].translate(MISREAD)
    if head != PREFIX or len(tail) != 8 or not set(tail) <= set(ALPHABET):
        return ""
    return f"{PREFIX}-{tail[:4]}-{tail[4:]}"


def new_reference() -> str:
    """Return a random reference of 40 bits, unguessable behind a rate limit."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{PREFIX}-{symbols[:4]}-{symbols[4:]}"
