"""Who may sign in: active staff, by their name or their address."""

from __future__ import annotations

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX, check_password
from django.http import HttpRequest

User = get_user_model()
NONE = UNUSABLE_PASSWORD_PREFIX  # What nobody's password is.


class StaffBackend(ModelBackend):
    """Hash once, whether the account is known, closed, invited or nobody's (S16)."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> Any:
        login = credentials.get("email") or username
        if not login or password is None:
            return None
        user = find(login)
        # Django hashes as long for a password that cannot be used.
        right = (
            user.check_password(password) if user else check_password(password, NONE)
        )
        if user and right and self.user_can_authenticate(user):
            return user
        return None

    def user_can_authenticate(self, user: Any) -> bool:
        staff = bool(getattr(user, "is_staff", False))
        return staff and super().user_can_authenticate(user)

    def get_user(self, user_id: Any) -> Any:
        """Return the user of a session, with what ends it, in one statement."""
        user = User.objects.select_related("sign_in").filter(pk=user_id).first()
        return user if self.user_can_authenticate(user) else None


def find(login: str) -> Any:
    """Return whose name or address this is; nobody, if it is that of several.

    A name goes before an address: an account's name may be written as an address.
    """
    login = login.strip()
    if not login or "\0" in login:
        return None
    for field in ("username", "email"):
        found = list(User.objects.filter(**{f"{field}__iexact": login})[:2])
        if found:
            return found[0] if len(found) == 1 else None
    return None
