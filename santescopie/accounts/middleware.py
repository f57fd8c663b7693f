"""What stands before each page of staff: a session that counts, and two factors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from santescopie.accounts import sessions
from santescopie.accounts.factors import has_factor
from santescopie.accounts.models import AccountLink

PREFIX = "/admin/"
# What whoever is not signed in may open: a session that is over does not matter there.
ENTRANCE = {
    "account_login",
    "account_reset_password",
    "account_reset_password_done",
    *(f"account_link_{purpose}" for purpose in AccountLink.Purpose.values),
}
# What may be opened to set a second factor up, and nothing else.
SETTING_UP = {
    "account_set_up",
    "account_reauthenticate",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_logout",
    "logout",
    "jsi18n",
}
OVER = (
    "Votre session a pris fin. Connectez-vous à nouveau\u00a0: vous reviendrez à "
    "cette page."
)


class StaffSessionMiddleware:
    """End sessions that are over, and ask each account for its second factor.

    Outside the admin nobody is signed in: those pages never open the session.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not request.path.startswith(PREFIX) or not request.user.is_authenticated:
            return None
        name = request.resolver_match.url_name if request.resolver_match else None
        if sessions.is_over(request.session, request.user):
            if name not in ENTRANCE:
                return _signed_out(request)
            logout(request)
            return None
        sessions.touch(request.session)
        whole = settings.DEMO or sessions.FACTOR in request.session
        if whole or name in ENTRANCE:
            return None
        if has_factor(request.user):  # Added from elsewhere since this one began.
            return _signed_out(request)
        return None if name in SETTING_UP else redirect("account_set_up")


def _signed_out(request: HttpRequest) -> HttpResponseBase:
    logout(request)
    get_adapter(request).add_message(request, messages.INFO, message=OVER)
    back = request.get_full_path() if request.method == "GET" else PREFIX
    return redirect_to_login(back, reverse("account_login"))
