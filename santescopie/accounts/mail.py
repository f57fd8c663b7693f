"""Mail to somebody of the house about their own account, made when it leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.urls import reverse
from django.utils import timezone

from outbox import making
from outbox.making import Content
from outbox.models import Message
from santescopie.accounts.models import AccountLink

LINK, NOTICE = "account-link", "account-notice"

INVITATION, RESET = AccountLink.Purpose.INVITATION, AccountLink.Purpose.RESET
SUBJECTS = {
    INVITATION: "Votre accès à l’espace de suivi",
    RESET: "Choisir un nouveau mot de passe",
}
FACTORS_RESET = "factors_reset"
# What happened, by the names that allauth gives it: the heading, and who may have.
NOTICES = {
    "password_changed": "Votre mot de passe a changé",
    "password_reset": "Votre mot de passe a changé",
    "totp_activated": "Une application d’authentification a été ajoutée",
    "totp_deactivated": "L’application d’authentification a été retirée",
    "webauthn_added": "Une clé d’accès a été ajoutée",
    "webauthn_removed": "Une clé d’accès a été retirée",
    "recovery_codes_generated": "De nouveaux codes de secours ont été créés",
    FACTORS_RESET: "Vos seconds facteurs ont été retirés",
}


def send_link(user: Any, purpose: AccountLink.Purpose) -> AccountLink:
    """Owe a link to choose a password; call it in a transaction."""
    link = AccountLink.objects.open(user, purpose)
    making.owe(LINK, user.email, SUBJECTS[purpose], about={"account_link": link.pk})
    return link


def notify(user: Any, event: str) -> None:
    """Owe a person the news of what was done with their account."""
    if user.email and event in NOTICES:
        about = {"user": user.pk, "event": event, "at": timezone.now().isoformat()}
        making.owe(NOTICE, user.email, NOTICES[event], about=about)


@making.makes(LINK)
def link_mail(message: Message) -> Content | None:
    """Return the link, for whom it is still open; None for nobody."""
    link = (
        AccountLink.objects.usable()
        .select_related("user")
        .filter(pk=message.about.get("account_link"))
        .first()
    )
    if link is None or link.user.email != message.recipient:
        return None
    subject = SUBJECTS[AccountLink.Purpose(link.purpose)]
    context = {
        "subject": subject,
        "invitation": link.purpose == INVITATION,
        "name": link.user.get_short_name(),
        "link_url": url_of(link),
        "expires_at": link.expires_at,
        "site_url": settings.SITE_URL,
    }
    return making.written(LINK, subject, context)


@making.makes(NOTICE)
def notice_mail(message: Message) -> Content | None:
    event = message.about.get("event", "")
    user = get_user_model().objects.filter(pk=message.about.get("user")).first()
    if event not in NOTICES or user is None or not user.is_active:
        return None
    context = {
        "subject": NOTICES[event],
        "reset": event == FACTORS_RESET,
        "at": datetime.fromisoformat(message.about["at"]),
        "account_url": settings.SITE_URL + reverse("mfa_index"),
        "forgotten_url": settings.SITE_URL + reverse("account_reset_password"),
    }
    return making.written(NOTICE, NOTICES[event], context)


def url_of(link: AccountLink) -> str:
    name = f"account_link_{link.purpose}"
    return settings.SITE_URL + reverse(name, args=[link.token()])
