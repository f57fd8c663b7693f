"""When a session of staff is over: idle, too long, or ended for its user."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.sessions.backends.base import SessionBase
from django.http import HttpRequest
from django.utils import timezone

from santescopie.accounts.models import SignIn

BEGUN, SEEN = "signed_in_at", "seen_at"  # Seconds since 1970.
FACTOR = "second_factor"  # Set once a second factor has been given, or added.
RESOLUTION = 60  # Seconds: a session is not written again at each page.


def begin(session: SessionBase) -> None:
    session[BEGUN] = session[SEEN] = timezone.now().timestamp()


def is_over(session: SessionBase, user: Any) -> bool:
    now = timezone.now().timestamp()
    begun, seen = session.get(BEGUN, 0), session.get(SEEN, 0)
    state = getattr(user, "sign_in", None)
    return (
        now - begun > settings.SESSION_COOKIE_AGE
        or now - seen > settings.SESSION_IDLE_SECONDS
        or (state is not None and begun < state.sessions_since.timestamp())
    )


def touch(session: SessionBase) -> None:
    now = timezone.now().timestamp()
    if now - session[SEEN] > RESOLUTION:
        session[SEEN] = now


def end_all(user: Any) -> None:
    """End every session of a user, at once: the next request finds it over."""
    SignIn.objects.update_or_create(
        user=user, defaults={"sessions_since": timezone.now()}
    )


def grant(request: HttpRequest) -> None:
    """Note that this session has given a second factor, under a key of its own."""
    if not request.session.get(FACTOR):
        request.session[FACTOR] = True
        request.session.cycle_key()


def is_recent(session: SessionBase, seconds: int) -> bool:
    """Tell whether somebody signed in that lately: they need not do so again."""
    age = timezone.now().timestamp() - float(session.get(BEGUN, 0))
    return age < seconds
