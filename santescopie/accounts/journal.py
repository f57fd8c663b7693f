"""Write what happens to accounts in the journal of accesses (ASVS 5.0, 16.3.1; S25).

Who did it, by number; about whose account; in which words. No address, and no name that
was typed: what somebody types for a name may be their password.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.cache import cache
from django.db.models.functions import Now

from leads import journal
from leads.models import JournalEntry
from santescopie.accounts import events

Act = JournalEntry.Act
ACTS = {
    "signed_in": Act.SIGNED_IN,
    "signed_out": Act.SIGNED_OUT,
    "sign_in_failed": Act.SIGN_IN_FAILED,
}
WORDS = {
    "signed_in": "connexion",
    "signed_out": "déconnexion",
    "sign_in_failed": "échec",
    "invited": "invitation envoyée",
    "invitation_accepted": "invitation acceptée",
    "reset_asked": "nouveau mot de passe demandé",
    "password_reset": "mot de passe choisi par lien",
    "password_changed": "mot de passe changé",
    "unlock_link_made": "lien de déblocage créé",
    "unlocked": "compte débloqué",
    "factor_added": "facteur ajouté",
    "factor_removed": "facteur retiré",
    "factors_reset": "facteurs tous retirés",
    "codes_renewed": "codes de secours renouvelés",
    "sessions_ended": "sessions fermées",
    "closed": "compte fermé",
}
# Failures in nobody's name, in a minute: a flood of them does not fill the table. Those
# of an account are bounded by its throttle; the log has them all.
NAMELESS_A_MINUTE = 30


def write(
    sender: Any, kind: str, user: Any, by: Any, details: dict[str, str], **kwargs: Any
) -> None:
    """Add the line of an event; every failure costs a write, known or not (S16)."""
    if kind == "sign_in_failed" and _are_many() and user is None:
        cache.set("accounts.nameless", True, 60)
        return
    how = details.get("using") or details.get("step") or details.get("type")
    words = WORDS.get(kind, kind)
    journal.record(
        ACTS.get(kind, Act.ACCOUNT),
        by,
        about=user,
        page=f"{words} ({how})" if how else words,
    )


def _are_many() -> bool:
    """Tell whether failures of the last minute are too many to note nameless ones."""
    lately = JournalEntry.objects.filter(
        act=Act.SIGN_IN_FAILED,
        at__gt=Now() - timedelta(minutes=1),
    )
    return lately[:NAMELESS_A_MINUTE].count() >= NAMELESS_A_MINUTE


def connect() -> None:
    events.account_event.connect(write, dispatch_uid=__name__)
