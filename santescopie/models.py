from __future__ import annotations

from santescopie.accounts.models import AccountLink, SignIn

__all__ = ["AccountLink", "SignIn"]
