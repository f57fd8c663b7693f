"""What came of a gesture on several leads, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.contrib import messages

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
    "given": (SUCCESS, "1 contact confié.", "{} contacts confiés."),
    "taken": (
        SUCCESS,
        "1 contact n’a plus de responsable.",
        "{} contacts n’ont plus de responsable.",
    ),
    "moved": (
        SUCCESS,
        "1 contact a changé de statut.",
        "{} contacts ont changé de statut.",
    ),
    "changed": (SUCCESS, "1 contact modifié.", "{} contacts modifiés."),
    "released": (
        SUCCESS,
        "1 soupçon levé : sa synthèse part dans l’instant.",
        "{} soupçons levés : leurs synthèses partent dans l’instant.",
    ),
    "cleared": (
        SUCCESS,
        "1 soupçon levé : rien n’était dû, ou tout était déjà parti.",
        "{} soupçons levés : rien n’était dû, ou tout était déjà parti.",
    ),
    "unchanged": (
        WARNING,
        "1 contact n’avait rien à changer.",
        "{} contacts n’avaient rien à changer.",
    ),
    "gone": (
        WARNING,
        "1 contact laissé : effacé entre-temps, ou suivi par quelqu’un d’autre.",
        "{} contacts laissés : effacés entre-temps, ou suivis par quelqu’un d’autre.",
    ),
    "broken": (
        WARNING,
        "1 contact en échec : l’équipe technique en trouve la cause au journal.",
        "{} contacts en échec : l’équipe technique en trouve la cause au journal.",
    ),
    # These stop a batch.
    "forbidden": (
        WARNING,
        "Arrêté : qui l’a demandé n’en a plus le droit.",
        "Arrêté : qui l’a demandé n’en a plus le droit.",
    ),
    "refused": (
        WARNING,
        "Arrêté : la personne choisie ne peut plus recevoir de contact.",
        "Arrêté : la personne choisie ne peut plus recevoir de contact.",
    ),
    "crashed": (
        WARNING,
        "Arrêté : plusieurs essais se sont interrompus. Prévenez l’équipe technique.",
        "Arrêté : plusieurs essais se sont interrompus. Prévenez l’équipe technique.",
    ),
}


def told(outcomes: Mapping[str, int]) -> list[tuple[int, str]]:
    """Return (level, sentence) for what came of them, in the order of WORDS."""
    return [
        (level, one if outcomes[outcome] == 1 else several.format(outcomes[outcome]))
        for outcome, (level, one, several) in WORDS.items()
        if outcomes.get(outcome)
    ]
