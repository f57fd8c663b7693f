"""Choose a password by a link, once; and everything that choosing one ends."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.http import HttpRequest

from santescopie.accounts import events, mail, throttling
from santescopie.accounts.models import AccountLink

User = get_user_model()


def set_password(user: Any, password: str) -> None:
    """Set a password; Django ends the sessions of the old one. Links are closed."""
    user.set_password(password)
    user.save(update_fields=["password"])
    AccountLink.objects.close(user)


def invite(user: Any, *, by: Any) -> None:
    """Send somebody a link to choose their password; the link before is closed."""
    with transaction.atomic():
        mail.send_link(user, AccountLink.Purpose.INVITATION)
        events.record("invited", user=user, by=by)


def ask_reset(request: HttpRequest, email: str) -> None:
    """Send a link to whose address this is; do nothing for anybody else."""
    found = list(
        User.objects.filter(email__iexact=email, is_active=True, is_staff=True)[:2]
    )
    if len(found) != 1:
        return
    with transaction.atomic():
        mail.send_link(found[0], AccountLink.Purpose.RESET)
        events.record("reset_asked", user=found[0], request=request)


def use(request: HttpRequest, link: AccountLink, password: str) -> bool:
    """Set the password of a link's user; False if the link was used meanwhile."""
    with transaction.atomic():
        if not AccountLink.objects.claim(link):
            return False
        user = link.user
        set_password(user, password)
        kind = {
            AccountLink.Purpose.INVITATION: "invitation_accepted",
            AccountLink.Purpose.RESET: "password_reset",
            AccountLink.Purpose.UNLOCK: "unlocked",
        }[AccountLink.Purpose(link.purpose)]
        events.record(kind, user=user, by=user, request=request)
        if link.purpose != AccountLink.Purpose.INVITATION:
            mail.notify(user, "password_reset")
    throttling.forgive(user)
    return True
