"""What happened to accounts, told in one place: the log, and whoever listens.

The journal is a receiver of it (santescopie/accounts/journal.py): `kind` (a
word), `user` and `by` (users, or None), `request` (or None) and `details` (words, no
address, no secret).
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account import signals as account_signals
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa import signals as mfa_signals
from django.contrib.auth import signals as auth_signals
from django.dispatch import Signal
from django.http import HttpRequest

logger = logging.getLogger(__name__)

account_event = Signal()


def record(
    kind: str,
    *,
    user: Any = None,
    by: Any = None,
    request: HttpRequest | None = None,
    **details: str,
) -> None:
    """Log an event by numbers alone, and tell whoever listens."""
    said = " ".join(f"{name}={value}" for name, value in details.items())
    logger.info(
        "%s account=%s by=%s %s",
        kind,
        getattr(user, "pk", None),
        getattr(by, "pk", None),
        said,
    )
    account_event.send(
        sender=None, kind=kind, user=user, by=by, request=request, details=details
    )


def _signed_in(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    from santescopie.accounts import sessions, throttling

    sessions.begin(request.session)
    methods = [
        str(step.get("type") or step["method"])
        for step in get_authentication_records(request, user)
    ]
    if any(s["method"] == "mfa" for s in get_authentication_records(request, user)):
        request.session[sessions.FACTOR] = True
    if methods:  # Through our pages, and not by a test or a command.
        throttling.remember(request, user)
    record("signed_in", user=user, by=user, request=request, using="+".join(methods))


def _signed_out(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    if user is not None:
        record("signed_out", user=user, by=user, request=request)


def _refused(sender: Any, request: Any = None, **kwargs: Any) -> None:
    from santescopie.accounts import backends

    credentials = kwargs["credentials"]
    login = credentials.get("email") or credentials.get("username") or ""
    user = backends.find(login)
    record("sign_in_failed", user=user, request=request, step="password")


def _factor_refused(
    sender: Any, request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any
) -> None:
    step = str(authenticator.type)
    record("sign_in_failed", user=user, request=request, step=step)


def _factor_added(
    sender: Any, request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any
) -> None:
    from santescopie.accounts import factors, sessions

    if authenticator.type in factors.SECOND:
        sessions.grant(request)
    kind = str(authenticator.type)
    record("factor_added", user=user, by=user, request=request, type=kind)


def _factor_removed(
    sender: Any, request: HttpRequest, user: Any, authenticator: Any, **kwargs: Any
) -> None:
    kind = str(authenticator.type)
    record("factor_removed", user=user, by=user, request=request, type=kind)


def _codes_renewed(sender: Any, request: HttpRequest, user: Any, **kwargs: Any) -> None:
    record("codes_renewed", user=user, by=user, request=request)


def _password_changed(
    sender: Any, request: HttpRequest, user: Any, **kwargs: Any
) -> None:
    record("password_changed", user=user, by=user, request=request)


def connect() -> None:
    """Listen to Django and allauth."""
    for signal, receiver in (
        (auth_signals.user_logged_in, _signed_in),
        (auth_signals.user_logged_out, _signed_out),
        (auth_signals.user_login_failed, _refused),
        (mfa_signals.authentication_failed, _factor_refused),
        (mfa_signals.authenticator_added, _factor_added),
        (mfa_signals.authenticator_removed, _factor_removed),
        (mfa_signals.authenticator_reset, _codes_renewed),
        (account_signals.password_changed, _password_changed),
    ):
        signal.connect(receiver, dispatch_uid=f"{__name__}.{receiver.__name__}")
