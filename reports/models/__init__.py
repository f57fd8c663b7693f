"""The document as rows: editions and proofs, copies and hits, errata."""

from __future__ import annotations

from reports.models.copy import (
    COPY_TOKEN,
    LINK_LIFETIME,
    RETRIEVAL_WINDOW,
    Copy,
    CopyEvent,
    CopyQuerySet,
    Hit,
    HitQuerySet,
    link_expiry,
    reader_of,
)
from reports.models.edition import Edition, NotReady, Proof
from reports.models.erratum import Erratum, ErratumLetter
from reports.models.link import ReplacedLink

__all__ = [
    "COPY_TOKEN",
    "LINK_LIFETIME",
    "RETRIEVAL_WINDOW",
    "Copy",
    "CopyEvent",
    "CopyQuerySet",
    "Edition",
    "Erratum",
    "ErratumLetter",
    "Hit",
    "HitQuerySet",
    "NotReady",
    "Proof",
    "ReplacedLink",
    "link_expiry",
    "reader_of",
]
