"""What the sign-in of staff keeps beside Django's own users and allauth's factors."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from outbox import tokens


class SignIn(models.Model):
    """From when on the sessions of one user count: those opened before are over."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="sign_in",
        verbose_name="compte",
    )
    sessions_since = models.DateTimeField("sessions depuis")

    class Meta:
        verbose_name = "connexion"
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.sessions_since)


class AccountLinkQuerySet(models.QuerySet["AccountLink"]):
    def usable(self) -> AccountLinkQuerySet:
        return self.filter(
            closed_at=None, expires_at__gt=timezone.now(), user__is_active=True
        ).filter(user__is_staff=True)

    def find(self, purpose: str, token: str) -> AccountLink | None:
        """Return the link that a token of this purpose opens, usable or not."""
        return (
            self.filter(purpose=purpose, digest=tokens.digest(token))
            .select_related("user")
            .first()
        )

    def close(self, user: Any) -> None:
        """Close whatever link of this user is still open."""
        self.filter(user=user, closed_at=None).update(closed_at=Now())

    def claim(self, link: AccountLink) -> bool:
        """Close a link for whoever uses it; False if it was closed meanwhile."""
        usable = self.usable().filter(pk=link.pk)
        return bool(AccountLink.objects.filter(pk__in=usable).update(closed_at=Now()))

    def open(self, user: Any, purpose: str) -> AccountLink:
        """Open the only link of this user, in a transaction: others are closed."""
        get_user_model().objects.select_for_update().get(pk=user.pk)
        self.close(user)
        uid = uuid.uuid4()
        return self.create(
            uid=uid,
            user=user,
            purpose=purpose,
            digest=tokens.digest(tokens.make(f"account.{purpose}", uid)),
            expires_at=timezone.now() + LASTS[AccountLink.Purpose(purpose)],
        )


class AccountLink(models.Model):
    """A link to choose one's password: used once, for a while, for one purpose.

    Its token is made when its message leaves; only its SHA-256 is kept.
    """

    class Purpose(models.TextChoices):
        INVITATION = "invitation", "invitation"
        RESET = "nouveau-mot-de-passe", "mot de passe oublié"
        UNLOCK = "deblocage", "déblocage"

    uid = models.UUIDField(unique=True, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="account_links"
    )
    purpose = models.CharField("objet", max_length=30, choices=Purpose)
    digest = models.BinaryField(max_length=32, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField("expire le")
    closed_at = models.DateTimeField("fermé le", null=True)

    objects = AccountLinkQuerySet.as_manager()

    class Meta:
        verbose_name = "lien d’un compte"
        verbose_name_plural = "liens des comptes"
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                name="accountlink_one_open_each",
                fields=["user"],
                condition=Q(closed_at=None),
            ),
        ]

    def __str__(self) -> str:
        return self.get_purpose_display()

    @property
    def is_usable(self) -> bool:
        return (
            self.closed_at is None
            and self.expires_at > timezone.now()
            and self.user.is_active
            and self.user.is_staff
        )

    def token(self) -> str:
        return tokens.make(f"account.{self.purpose}", self.uid)


# A week to answer an invitation; a mail that was asked for is read at once.
LASTS = {
    AccountLink.Purpose.INVITATION: timedelta(days=7),
    AccountLink.Purpose.RESET: timedelta(hours=1),
    AccountLink.Purpose.UNLOCK: timedelta(minutes=30),
}
