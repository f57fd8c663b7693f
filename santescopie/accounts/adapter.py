"""What allauth asks of us: who may enter, by which words, and how secrets are kept."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import segno
from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import generate_totp_secret
from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from leads.throttling import client_network
from outbox.tokens import keyed_hash
from reports import study
from santescopie.accounts import factors, mail, sessions, throttling

WRONG = "Ces identifiants ne sont pas reconnus. Vérifiez-les, ou choisissez un nouveau mot de passe."  # noqa: E501
TOO_OFTEN = (
    "Trop d’essais. Attendez quelques minutes avant de recommencer\u00a0: rien n’est "
    "bloqué pour toujours."
)
WRONG_CODE = "Ce code n’est pas le bon, ou il a déjà servi. Saisissez le suivant."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "account_inactive": WRONG,
        "email_password_mismatch": WRONG,
        "username_password_mismatch": WRONG,
        "invalid_login": WRONG,
        "too_many_login_attempts": TOO_OFTEN,
        "rate_limited": TOO_OFTEN,
        "incorrect_code": WRONG_CODE,
        "incorrect_password": "Ce mot de passe n’est pas le vôtre.",
        "enter_current_password": "Ce mot de passe n’est pas l’actuel.",
    }

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return what counts by network: the keyed hash of a prefix, never more."""
        network = client_network(request)
        day = timezone.localdate().isoformat()
        return keyed_hash(f"accounts.network.{day}", network).hex()[:32]

    def _get_login_attempts_cache_key(
        self, request: HttpRequest, **credentials: Any
    ) -> str:
        login = credentials.get("email") or credentials.get("username") or ""
        return throttling.account_key(request, login)

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False  # Staff are invited.

    def pre_login(self, request: HttpRequest, user: Any, **kwargs: Any) -> Any:
        """Refuse a passkey of somebody who left, as any that is not known."""
        if user.is_active and user.is_staff:
            return super().pre_login(request, user, **kwargs)
        return self.respond_user_inactive(request, user)

    def respond_user_inactive(self, request: HttpRequest, user: Any) -> HttpResponse:
        from allauth.account.internal.stagekit import clear_login
        from django.contrib import messages

        clear_login(request)
        self.add_message(request, messages.ERROR, message=WRONG)
        return redirect("account_login")

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return reverse("mfa_index")

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Ask nothing again of whoever has just signed in."""
        seconds = settings.ACCOUNT_REAUTHENTICATION_TIMEOUT
        return not sessions.is_recent(self.request.session, seconds)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        words = {
            "reauthenticate": "avec votre mot de passe",
            "mfa_reauthenticate": "avec un code",
            "mfa_reauthenticate:webauthn": "avec une clé d’accès",
        }
        methods = super().get_reauthentication_methods(user)
        return [method | {"description": words[method["id"]]} for method in methods]

    def send_notification_mail(
        self,
        template_prefix: str,
        user: Any,
        context: dict[str, Any] | None = None,
        email: str | None = None,
    ) -> None:
        """Tell the person what changed, by the outbox, like every other message."""
        mail.notify(user, template_prefix.rpartition("/")[2])

    def send_mail(self, template_prefix: str, email: str, context: Any) -> None:
        raise NotImplementedError(f"{template_prefix}: mail leaves by the outbox.")


class MFAAdapter(DefaultMFAAdapter):
    error_messages = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": WRONG_CODE,
        "cannot_delete_authenticator": "C’est votre seul second facteur\u00a0: "
        "ajoutez-en un autre avant de le retirer.",
        "cannot_generate_recovery_codes": "Ajoutez d’abord un second facteur.",
    }

    def get_totp_issuer(self) -> str:
        return study.NAME

    def _get_site_name(self) -> str:
        return study.NAME

    def build_totp_svg(self, url: str) -> str:
        drawing = BytesIO()
        segno.make_qr(url, error="m").save(
            drawing, kind="svg", scale=5, dark="#000", light="#fff", xmldecl=False
        )
        return drawing.getvalue().decode()

    def encrypt(self, text: str) -> str:
        """Keep secrets of factors so that the database alone gives no code."""
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Return a secret; under another key, one that nobody knows: never right.

        An empty one would be known to everybody: codes are computed from it.
        """
        try:
            return _box().decrypt(encrypted_text.encode()).decode()
        except InvalidToken:
            return generate_totp_secret()

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        others = Authenticator.objects.filter(
            user=authenticator.user, type__in=factors.SECOND
        ).exclude(pk=authenticator.pk)
        return settings.DEMO or bool(others.exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Name the site by its setting, never by what a request says (S9)."""
        host = urlsplit(settings.SITE_URL).hostname or ""
        return {"id": host, "name": study.NAME}

    def generate_authenticator_name(self, user: Any, type: Any) -> str:
        count = Authenticator.objects.filter(user=user, type=type).count()
        return "Clé d’accès" if count == 0 else f"Clé d’accès {count + 1}"


def _box() -> Fernet:
    return Fernet(urlsafe_b64encode(keyed_hash("accounts.factors", "")))
