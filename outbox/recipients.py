"""Whom we may write to. Asked by the layer that sends, whoever asks it to send."""

from __future__ import annotations

from django.conf import settings


class Withheld(Exception):
    """The message may not leave; `reason` is a key of outbox.replies."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def off_trial_list(address: str) -> bool:
    """Tell whether MAIL_ALLOW_ONLY is set and names neither address nor domain.

    Outside production real people must not be written to.
    """
    allowed = [entry.strip().lower() for entry in settings.MAIL_ALLOW_ONLY]
    if not allowed:
        return False
    address = address.strip().lower()
    return address not in allowed and address.rpartition("@")[2] not in allowed
