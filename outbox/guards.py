"""Who else may say that a message must not leave; asked as it is about to.

A list of functions, for this layer knows no people: each returns the reason not to
send, a key of outbox.replies.REASONS, or nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from outbox.models import Message

Guard = Callable[[Message], str]
_guards: list[Guard] = []


def guards(guard: Guard) -> Guard:
    """Register a function; registered twice, it is asked once."""
    if guard not in _guards:
        _guards.append(guard)
    return guard


def refusal(message: Message) -> str:
    """Return why a message must not leave, or nothing."""
    return next(filter(None, (guard(message) for guard in _guards)), "")
