"""Whom we may write to. Asked by the layer that sends, whoever asks it to send."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from outbox.models import Message

Asked = Callable[["Message"], str]
_asked: list[Asked] = []


def asks(function: Asked) -> Asked:
    """Ask this of every message before it leaves: why it may not, "" where it may.

    What people agreed to and refused is known above this layer.
    """
    if function not in _asked:
        _asked.append(function)
    return function


def refusal(message: Message) -> str:
    """Return why a message may not leave, a key of outbox.replies; "" where it may."""
    return next(filter(None, (function(message) for function in _asked)), "")


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
