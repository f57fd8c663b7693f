"""Send syntheses again, and tell staff what will leave and what will not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest

from leads import delivery
from leads.models import Submission
from outbox.files import DamagedFile

LIMIT = 50  # Messages that one click may owe: a slip must not write to everybody.
SUCCESS, WARNING = messages.SUCCESS, messages.WARNING
# Outcome → level, one, several.
WORDS = {
    "owed": (
        SUCCESS,
        "1 envoi demandé : il part dans l’instant.",
        "{} envois demandés : ils partent dans l’instant.",
    ),
    "rendering": (
        SUCCESS,
        "1 exemplaire en cours de fabrication : il partira de lui-même.",
        "{} exemplaires en cours de fabrication : ils partiront d’eux-mêmes.",
    ),
    "withheld": (
        WARNING,
        "1 envoi retenu : un quota est atteint. « Envois non aboutis » dit lequel.",
        "{} envois retenus : un quota est atteint. « Envois non aboutis » dit lequel.",
    ),
    "nothing": (
        WARNING,
        "1 envoi impossible : aucun exemplaire à envoyer (suspect ou lien révoqué).",
        "{} envois impossibles : aucun exemplaire à envoyer "
        "(suspects ou liens révoqués).",
    ),
    "damaged": (
        WARNING,
        "1 envoi impossible : le fichier de l’exemplaire est altéré.",
        "{} envois impossibles : les fichiers des exemplaires sont altérés.",
    ),
    "renewed": (
        SUCCESS,
        "1 exemplaire demandé dans l’édition en cours : il partira une fois fait.",
        "{} exemplaires demandés dans l’édition en cours : ils partiront une fois "
        "faits.",
    ),
    "same": (
        WARNING,
        "1 contact n’a rien à recevoir de nouveau : son exemplaire est déjà de "
        "l’édition en cours, ou n’existe pas.",
        "{} contacts n’ont rien à recevoir de nouveau : leur exemplaire est déjà de "
        "l’édition en cours, ou n’existe pas.",
    ),
    "lost": (
        WARNING,
        "1 envoi impossible : le fichier de l’exemplaire est introuvable.",
        "{} envois impossibles : les fichiers des exemplaires sont introuvables.",
    ),
}


def send_again(submission: Submission | None) -> str:
    """Owe a submission's copy once more; return what came of it, a key of WORDS.

    The file is read first: a message whose file is gone, or is not what was rendered,
    would be tried in vain for a day and a half.
    """
    if submission is None or submission.copy is None:
        return "nothing"
    if submission.copy.rendered_at:
        try:
            submission.copy.content()
        except FileNotFoundError:
            return "lost"
        except DamagedFile:
            return "damaged"
    before = submission.messages.count()
    if not delivery.send_again(submission):
        return "nothing"
    if submission.messages.count() == before:
        return "rendering"
    newest = submission.messages.order_by("-pk")[0]
    return "withheld" if newest.withheld_at else "owed"


def send_new_edition(submission: Submission | None) -> str:
    """Owe a copy in the current edition; return what came of it, a key of WORDS."""
    if submission is not None and delivery.send_new_edition(submission):
        return "renewed"
    return "same"


def send_all_again(
    model_admin: Any,
    request: HttpRequest,
    pairs: Iterable[tuple[Any, Any]],
    *,
    send: Callable[[Any], str] = send_again,
    logged: str = "Synthèse renvoyée.",
) -> None:
    """Send (row, its submission) again, log it on the row, and say what came of it."""
    outcomes: Counter[str] = Counter()
    for row, submission in pairs:
        outcome = send(submission)
        outcomes[outcome] += 1
        if WORDS[outcome][0] == SUCCESS:
            model_admin.log_change(request, row, logged)
    for outcome, (level, one, several) in WORDS.items():
        if count := outcomes[outcome]:
            text = one if count == 1 else several.format(count)
            model_admin.message_user(request, text, level)


def send_all_new_edition(
    model_admin: Any, request: HttpRequest, pairs: Iterable[tuple[Any, Any]]
) -> None:
    send_all_again(
        model_admin,
        request,
        pairs,
        send=send_new_edition,
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
