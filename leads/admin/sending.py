"""Send syntheses again, and tell staff what will leave and what will not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from leads.outcomes import SUCCESS, WORDS, told
from leads.resending import resend, resend_new_edition

LIMIT = 50  # Messages that one click may owe: a slip must not write to everybody.


def send_all_again(
    model_admin: Any,
    request: HttpRequest,
    pairs: Iterable[tuple[Any, Any]],
    *,
    send: Callable[[Any], str] = resend,
    logged: str = "Synthèse renvoyée.",
) -> None:
    """Send (row, its submission) again, log it on the row, and say what came of it."""
    outcomes: Counter[str] = Counter()
    for row, submission in pairs:
        outcome = send(submission)
        outcomes[outcome] += 1
        if WORDS[outcome][0] == SUCCESS:
            model_admin.log_change(request, row, logged)
    for level, text in told(outcomes):
        model_admin.message_user(request, text, level)


def send_all_new_edition(
    model_admin: Any, request: HttpRequest, pairs: Iterable[tuple[Any, Any]]
) -> None:
    send_all_again(
        model_admin,
        request,
        pairs,
        send=resend_new_edition,
        logged="Nouvelle édition demandée.",
    )


def too_many(model_admin: Any, request: HttpRequest, count: int) -> bool:
    """Refuse a selection beyond LIMIT, saying so."""
    if count > LIMIT:
        text = (
            f"La synthèse est renvoyée à {LIMIT} personnes au plus à la fois : "
            f"{count} sont sélectionnées, aucun envoi n’a été demandé."
        )
        model_admin.message_user(request, text, messages.ERROR)
    return count > LIMIT
