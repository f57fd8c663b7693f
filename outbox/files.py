"""Read what was stored, and nothing else than what was stored."""

from __future__ import annotations

import hashlib

from django.core.files.storage import storages


class DamagedFile(Exception):
    """The stored bytes are not those that were written down."""


def read(key: str, sha256: str) -> bytes:
    """Return the bytes of a stored file whose hash is known.

    Raises OSError where the storage is away or the file is gone, DamagedFile where it
    holds other bytes.
    """
    with storages["copies"].open(key) as file:
        content: bytes = file.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DamagedFile(key)
    return content
