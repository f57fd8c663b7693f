"""Second factors of an account: which it has, and how all are taken away."""

from __future__ import annotations

from typing import Any

from allauth.mfa.models import Authenticator
from django.db import transaction

from santescopie.accounts import events, mail, sessions, throttling

SECOND = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: Any) -> bool:
    """Tell whether an account has a second factor: codes alone are none."""
    return bool(Authenticator.objects.filter(user=user, type__in=SECOND).exists())


def types_of(user: Any) -> set[str]:
    return set(Authenticator.objects.filter(user=user).values_list("type", flat=True))


def of_type(user: Any, type: str) -> Authenticator:
    found: Authenticator = Authenticator.objects.get(user=user, type=type)
    return found


def reset(user: Any, *, by: Any = None) -> None:
    """Take every factor away, end every session, and tell the person.

    The next sign-in asks for the password, then for a new factor.
    """
    with transaction.atomic():
        Authenticator.objects.filter(user=user).delete()
        sessions.end_all(user)
        mail.notify(user, mail.FACTORS_RESET)
        events.record("factors_reset", user=user, by=by)
    throttling.forgive(user)
