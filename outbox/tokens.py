"""Make the secrets that stand in mailed links, and recognise them.

A token is HMAC-SHA-256(key, purpose, id, generation), cut to 160 bits. It is
recomputed whenever a message is built; the database keeps only its SHA-256, so that
a leaked table opens nothing. A new generation revokes the one before. The purpose
is part of what is signed: a token made for one page is unknown to every other
(OWASP ASVS 5.0, 7.2.3 and 9.2). The key is LINK_KEY, which outlives SECRET_KEY: links
in mailboxes and suppressed addresses must be recognised for years.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64encode
from uuid import UUID

from django.conf import settings
from django.utils.crypto import salted_hmac

TOKEN_BYTES = 20


def make(purpose: str, uid: UUID, generation: int = 1) -> str:
    """Return the token of one object for one purpose, 27 URL-safe characters."""
    value = f"{purpose}:{uid}:{generation}"
    mac = _mac("outbox.tokens", value)
    return urlsafe_b64encode(mac[:TOKEN_BYTES]).rstrip(b"=").decode()


def code(purpose: str, uid: UUID | str, generation: int, digits: int) -> str:
    """Return a code to type: so short that whoever asks for it counts the tries."""
    mac = _mac("outbox.codes", f"{purpose}:{uid}:{generation}")
    return f"{int.from_bytes(mac) % 10**digits:0{digits}}"


def digest(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()


def keyed_hash(purpose: str, value: str) -> bytes:
    """Return a keyed hash that recognises a value without telling it."""
    return _mac(f"outbox.hash.{purpose}", value)


def _mac(salt: str, value: str) -> bytes:
    key = settings.LINK_KEY
    return salted_hmac(salt, value, secret=key, algorithm="sha256").digest()
