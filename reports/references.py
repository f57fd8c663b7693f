"""Make the references printed on copies: SC26-XXXX-XXXX."""

from __future__ import annotations

import secrets

PREFIX = "SC26"
# Crockford's base 32: no I, L, O or U to misread or to spell with.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_reference() -> str:
    """Return a random reference of 40 bits, unguessable behind a rate limit."""
    symbols = "".join(secrets.choice(ALPHABET) for _ in range(8))
    return f"{PREFIX}-{symbols[:4]}-{symbols[4:]}"
