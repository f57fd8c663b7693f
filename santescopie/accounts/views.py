"""The pages of sign-in: allauth's, in our words, and those it does not have."""

from __future__ import annotations

import json
import time
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import (
    _login,
    _logout,
    _password_change,
    _reauthenticate,
)
from allauth.core.internal import ratelimit
from allauth.decorators import rate_limit
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import views as base_views
from allauth.mfa.recovery_codes import views as codes_views
from allauth.mfa.totp import views as totp_views
from allauth.mfa.totp.internal.auth import TOTP
from allauth.mfa.webauthn import views as webauthn_views
from allauth.mfa.webauthn.internal import auth as webauthn
from django.conf import settings
from django.contrib import admin, messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.debug import sensitive_post_parameters
from django.views.generic import FormView, TemplateView, View

from outbox.tokens import keyed_hash
from santescopie.accounts import events, factors, forms, links, sessions, throttling
from santescopie.accounts.models import AccountLink

ANSWER_AFTER = 0.4  # Seconds: an address that is known takes a fraction of it.


class Page:
    """Dress a page as one of the admin, with its title."""

    title = ""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)  # type: ignore[misc]
        request: HttpRequest = self.request  # type: ignore[attr-defined]
        frame = admin.site.each_context(request)
        options = context.pop("js_data", None)
        if options:
            context["options"] = json.dumps(options, default=list)
        return {**frame, "title": self.title, **context}


class SignIn(Page, _login.LoginView):
    title = "Connexion"
    template_name = "account/login.html"
    form_class = forms.SignInForm

    def form_invalid(self, form: Any) -> HttpResponse:
        status = 429 if form.is_throttled else 200
        return self.render_to_response(self.get_context_data(form=form), status=status)


class SignInByKey(Page, webauthn_views.LoginWebAuthnView):
    form_class = forms.SignInKeyForm

    def form_invalid(self, form: Any) -> HttpResponse:
        events.record("sign_in_failed", request=self.request, step="webauthn")
        message = "Cette clé d’accès n’est pas reconnue."
        get_adapter().add_message(self.request, messages.ERROR, message=message)
        return redirect("account_login")


class SecondFactor(Page, base_views.AuthenticateView):
    title = "Second facteur"
    template_name = "mfa/authenticate.html"
    form_class = forms.CodeForm
    webauthn_form_class = forms.KeyForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        user = self.stage.login.user
        types = factors.types_of(user)
        return {**super().get_context_data(**kwargs), "has": types}


class SignOut(_logout.LogoutView):
    http_method_names = ["post"]


class Confirm(Page, _reauthenticate.ReauthenticateView):
    title = "Est-ce bien vous\u202f?"
    template_name = "account/reauthenticate.html"
    form_class = forms.ConfirmForm


class ConfirmByCode(Page, base_views.ReauthenticateView):
    title = "Est-ce bien vous\u202f?"
    template_name = "account/reauthenticate.html"
    form_class = forms.ConfirmCodeForm


class ConfirmByKey(Page, webauthn_views.ReauthenticateWebAuthnView):
    title = "Est-ce bien vous\u202f?"
    template_name = "mfa/webauthn/reauthenticate.html"
    form_class = forms.ConfirmKeyForm

    def form_invalid(self, form: Any) -> HttpResponse:
        message = "Cette clé d’accès n’est pas reconnue."
        get_adapter().add_message(self.request, messages.ERROR, message=message)
        return redirect(self.request.get_full_path())


class Account(Page, base_views.IndexView):
    title = "Mon compte"
    template_name = "account/account.html"

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        found: dict[str, Any] = context["authenticators"]
        codes = found.get("recovery_codes")
        return {
            **context,
            "application": found.get("totp"),
            "keys": found.get("webauthn", []),
            "codes_left": len(codes.get_unused_codes()) if codes else 0,
            "second": len(found.get("webauthn", [])) + ("totp" in found),
            "hours": settings.SESSION_COOKIE_AGE // 3600,
            "idle_minutes": settings.SESSION_IDLE_SECONDS // 60,
        }


@method_decorator(login_required, name="dispatch")
class SetUp(Page, TemplateView):
    """Where whoever has no second factor yet is led, whatever they ask for."""

    title = "Ajoutez un second facteur"
    template_name = "account/set_up.html"

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if factors.has_factor(request.user):
            return redirect("mfa_index")
        return super().get(request, *args, **kwargs)


class AddApplication(Page, totp_views.ActivateTOTPView):
    title = "Ajouter une application d’authentification"
    template_name = "mfa/totp/activate_form.html"
    form_class = forms.ApplicationForm

    def form_valid(self, form: Any) -> HttpResponse:
        """Add it; the code that proves it opens nothing else (single use)."""
        response: HttpResponse = super().form_valid(form)
        added = factors.of_type(self.request.user, "totp")
        TOTP(added)._mark_code_used(form.cleaned_data["code"])
        return response


class RemoveApplication(Page, totp_views.DeactivateTOTPView):
    title = "Retirer l’application d’authentification"
    template_name = "mfa/remove.html"
    extra_context = {"what": "l’application d’authentification"}


class AddKey(Page, webauthn_views.AddWebAuthnView):
    title = "Ajouter une clé d’accès"
    template_name = "mfa/webauthn/add_form.html"
    form_class = forms.AddKeyForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Ask for a key that knows its owner, so that it signs in by itself."""
        context = super().get_context_data(**kwargs)
        user: Any = self.request.user
        options = webauthn.begin_registration(user, passwordless=True)
        said = json.dumps({"creation_options": options}, default=list)
        return {**context, "options": said}


class RemoveKey(Page, webauthn_views.RemoveWebAuthnView):
    title = "Retirer une clé d’accès"
    template_name = "mfa/remove.html"
    success_url = reverse_lazy("mfa_index")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        what = f"la clé «\u00a0{self.object.wrap().name}\u00a0»"
        return {**super().get_context_data(**kwargs), "what": what}

    def form_valid(self, form: Any) -> HttpResponse:
        adapter = get_mfa_adapter()
        if not adapter.can_delete_authenticator(self.object):
            message = adapter.error_messages["cannot_delete_authenticator"]
            get_adapter().add_message(self.request, messages.ERROR, message=message)
            return redirect("mfa_index")
        return super().form_valid(form)


class Codes(Page, codes_views.ViewRecoveryCodesView):
    title = "Codes de secours"
    template_name = "mfa/recovery_codes/index.html"


class NewCodes(Page, codes_views.GenerateRecoveryCodesView):
    title = "Créer de nouveaux codes de secours"
    template_name = "mfa/recovery_codes/generate.html"


class ChangePassword(Page, _password_change.PasswordChangeView):
    title = "Changer de mot de passe"
    template_name = "account/password_change.html"
    form_class = forms.ChangePasswordForm  # type: ignore[assignment]

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        user: Any = request.user
        if user.is_authenticated and not user.has_usable_password():
            return redirect("account_reset_password")
        response: HttpResponseBase = super().dispatch(request, *args, **kwargs)
        return response


@method_decorator(login_required, name="dispatch")
class SignOutEverywhere(View):
    """End every session of whoever asks, this one too."""

    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        sessions.end_all(user)
        events.record("sessions_ended", user=user, by=user, request=request)
        logout(request)
        message = "Toutes vos sessions sont fermées, sur tous vos appareils."
        messages.success(request, message)
        return redirect("account_login")


class Forgotten(Page, FormView[Any]):
    """Send a link to an address of staff; say and take the same for any other."""

    title = "Mot de passe oublié"
    template_name = "account/password_reset.html"
    form_class = forms.ForgottenForm
    success_url = reverse_lazy("account_reset_password_done")

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        begun = time.monotonic()
        response = super().post(request, *args, **kwargs)
        time.sleep(max(0, begun + ANSWER_AFTER - time.monotonic()))
        return response

    def form_valid(self, form: Any) -> HttpResponse:
        email = form.cleaned_data["email"]
        key = keyed_hash("accounts.reset", throttling.fold(email)).hex()
        if not ratelimit.consume(
            self.request, app="allauth.account", action="reset_password", key=key
        ):
            return too_many(self.request)
        links.ask_reset(self.request, email)
        return super().form_valid(form)


class ForgottenDone(Page, TemplateView):
    title = "Regardez votre messagerie"
    template_name = "account/password_reset_done.html"


@method_decorator(rate_limit(action="reset_password_from_key"), name="dispatch")
@method_decorator(sensitive_post_parameters(), name="dispatch")
class ChoosePassword(Page, FormView[Any]):
    """Choose a password by a link that was mailed; opening the link changes nothing."""

    template_name = "account/password_reset_from_key.html"
    form_class = forms.NewPasswordForm
    purpose: str = ""
    TITLES = {
        AccountLink.Purpose.INVITATION: "Bienvenue\u00a0: choisissez un mot de passe",
        AccountLink.Purpose.RESET: "Choisissez un nouveau mot de passe",
        AccountLink.Purpose.UNLOCK: "Choisissez un nouveau mot de passe",
    }

    def dispatch(
        self, request: HttpRequest, *args: Any, **kwargs: Any
    ) -> HttpResponseBase:
        link = AccountLink.objects.find(self.purpose, kwargs["token"])
        if link is None:
            raise Http404
        self.link = link
        response: HttpResponseBase = (
            super().dispatch(request, *args, **kwargs)
            if link.is_usable
            else self.closed()
        )
        # The link goes nowhere with it; with « no-referrer » a browser would not even
        # say where the form comes from (Origin: null), and Django would refuse it.
        response.headers["Referrer-Policy"] = "strict-origin"
        return response

    def closed(self) -> HttpResponse:
        frame = admin.site.each_context(self.request)
        context = {**frame, "title": "Ce lien ne sert plus"}
        return render(self.request, "account/link_closed.html", context, status=410)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context = super().get_context_data(**kwargs)
        title = self.TITLES[AccountLink.Purpose(self.purpose)]
        return {**context, "title": title, "account": self.link.user}

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.link.user}

    def form_valid(self, form: Any) -> HttpResponse:
        if not links.use(self.request, self.link, form.cleaned_data["password"]):
            return self.closed()
        if self.request.user.is_authenticated:  # Perhaps somebody else.
            logout(self.request)
        user = self.link.user
        record_authentication(self.request, user, method="password_reset")
        response: HttpResponse = perform_login(self.request, Login(user=user))
        return response


def too_many(request: HttpRequest) -> HttpResponse:
    """Say that somebody, or their network, asked too often, and for how long."""
    context = {
        **admin.site.each_context(request),
        "title": "Trop d’essais",
        "minutes": throttling.minutes(),
    }
    response = render(request, "account/too_many.html", context, status=429)
    response.headers["Retry-After"] = str(throttling.minutes() * 60)
    return response
