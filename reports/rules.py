"""How a request on a mailed link is judged: an ordered list, the first rule decides.

Each rule looks at nothing but what a hit keeps of itself, so that history can be
judged anew when a rule changes (`manage.py relabel_hits`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from reports.models import RETRIEVAL_WINDOW, Hit

NEARBY = timedelta(seconds=10)  # Before or after: machines come in bursts.
TOO_SOON = 5.0  # Seconds after acceptance: no one reads mail that fast.
MANY = 4  # Other openings nearby; a reader behind a gateway has up to three.
PAGE_LIFE = timedelta(days=1)  # A page opened longer ago says nothing of a POST.
Confidence = Hit.Confidence


@dataclass(frozen=True, slots=True)
class Rule:
    code: str
    name: str
    why: str
    confidence: Hit.Confidence
    applies: Callable[[Hit], bool]


def _too_soon(hit: Hit) -> bool:
    return hit.since_acceptance is not None and hit.since_acceptance < TOO_SOON


RULES = (
    Rule(
        "head",
        "lien vérifié (HEAD)",
        "Le fait d’une machine.",
        Confidence.ROBOT,
        lambda hit: hit.method == "HEAD",
    ),
    Rule(
        "agent",
        "robot déclaré",
        "Robot ou analyseur de liens qui se nomme.",
        Confidence.ROBOT,
        lambda hit: hit.agent in (Hit.Agent.ROBOT, Hit.Agent.SCANNER),
    ),
    Rule(
        "too-soon",
        "trop tôt",
        f"Moins de {TOO_SOON:.0f} secondes après la remise du message au serveur : "
        "personne ne lit son courrier aussi vite.",
        Confidence.ROBOT,
        _too_soon,
    ),
    Rule(
        "several-links",
        "plusieurs liens",
        f"Plusieurs liens du même message ouverts en {NEARBY.seconds} secondes.",
        Confidence.ROBOT,
        lambda hit: hit.links > 1,
    ),
    Rule(
        "burst",
        "en rafale",
        f"Au moins {MANY} autres ouvertures des liens du même exemplaire à moins de "
        f"{NEARBY.seconds} secondes.",
        Confidence.ROBOT,
        lambda hit: hit.siblings >= MANY,
    ),
    Rule(
        "get-proves-nothing",
        "page ouverte (GET)",
        "Sans téléchargement : les passerelles de messagerie ouvrent tous les liens.",
        Confidence.DOUBTFUL,
        lambda hit: hit.method != "POST",
    ),
    Rule(
        "no-file",
        "sans fichier",
        "Bouton pressé sans qu’un fichier soit servi.",
        Confidence.DOUBTFUL,
        lambda hit: not hit.served,
    ),
    Rule(
        "post-without-browser",
        "sans navigateur",
        "Téléchargement par un outil, non par un lecteur.",
        Confidence.DOUBTFUL,
        lambda hit: hit.agent != Hit.Agent.BROWSER,
    ),
    Rule(
        "post-from-page",
        "depuis la page",
        "Téléchargement précédé de la page.",
        Confidence.CERTAIN,
        lambda hit: hit.page_seen,
    ),
    Rule(
        "post",
        "sans la page",
        "Téléchargement par un navigateur, page non vue.",
        Confidence.PROBABLE,
        lambda hit: True,
    ),
)
# Not a rule that judges: a reader's download that was counted a moment before.
REPEATED = Rule(
    "repeated",
    "répété",
    f"Téléchargé de nouveau dans les {RETRIEVAL_WINDOW.seconds // 60} minutes : "
    "déjà compté.",
    Confidence.PROBABLE,
    lambda hit: hit.confidence in Hit.HUMAN and not hit.counted,
)


def decide(hit: Hit) -> Rule:
    """Return the first rule that applies; the last one always does."""
    return next(rule for rule in RULES if rule.applies(hit))
