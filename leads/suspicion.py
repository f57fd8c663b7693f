"""Tell robots from people without asking people anything.

A suspect is stored and flagged, never mailed and never silently dropped; the answer
it gets is the one that everybody gets.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.core.signing import BadSignature, Signer

from leads.models import Submission

HOUR = 3600
LIFETIME = 24 * HOUR

_signer = Signer(salt="leads.form")
Suspicion = Submission.Suspicion


@dataclass(frozen=True, slots=True)
class Stamp:
    """The hour in which a form was rendered: to the second, no page could be cached."""

    at: float

    @property
    def signed(self) -> str:
        return _signer.sign(f"h{int(self.at)}")

    @property
    def expired(self) -> bool:
        return time.time() - self.at > LIFETIME + HOUR


def hour_stamp() -> Stamp:
    """Return the stamp of this hour, the same for everybody: the page is cached."""
    return Stamp(time.time() // HOUR * HOUR)


def read_stamp(value: str) -> Stamp | None:
    """Return the stamp behind a signed value. Raises BadSignature where forged.

    None where there is none: a form posted by hand carries no stamp, and says
    nothing about its sender.
    """
    if not value:
        return None
    text = _signer.unsign(value)
    if text[:1] != "h" or not text[1:].isdecimal():
        raise BadSignature("not a stamp")
    return Stamp(float(text[1:]))


def suspect(honeypot: str, stamp: str) -> str:
    """Return why a post looks like a robot's, or an empty string."""
    if honeypot:
        return Suspicion.HONEYPOT
    try:
        read_stamp(stamp)
    except BadSignature:
        return Suspicion.FORGED
    return ""


def expired(stamp: str) -> bool:
    """Tell whether a page stayed open too long to be believed."""
    try:
        rendered = read_stamp(stamp)
    except BadSignature:
        return False
    return rendered is not None and rendered.expired
