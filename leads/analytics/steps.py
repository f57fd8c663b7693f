"""The steps of the funnel: one definition each, for the count and for its rows."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q


@dataclass(frozen=True, slots=True)
class Step:
    """A step; `rows` keeps the facts of those who came to it."""

    key: str  # Also its column in FunnelDay.
    title: str
    definition: str
    rows: Q
    of: str = ""  # The step that its rate is of.


EXCLUDED = (
    "Sans les suspects, les essais (adresses de la maison comprises) et les contacts "
    "fusionnés. Les personnes effacées restent comptées."
)

STEPS = (
    Step(
        "leads",
        "Contacts",
        "Personnes dont la première demande valide est de la période, une par adresse.",
        Q(),
    ),
    Step(
        "rendered",
        "Synthèses rendues",
        "Contacts dont au moins un exemplaire a été fabriqué.",
        Q(rendered_at__isnull=False),
        "leads",
    ),
    Step(
        "delivered",
        "Remis",
        "Contacts dont un message, pièce jointe comprise, a été accepté par le serveur "
        "de messagerie. Un rebond reçu plus tard n’en retire aucun.",
        Q(delivered_at__isnull=False),
        "leads",
    ),
    Step(
        "retrieved",
        "Retirés",
        "Contacts dont un retrait probable a été compté. La synthèse étant aussi "
        "jointe au message, c’est un minimum, et jamais la base d’un taux.",
        Q(retrieved_at__isnull=False),
        "delivered",
    ),
    Step(
        "contacted",
        "Premier contact",
        "Contacts appelés, ou à qui l’on a écrit, au moins une fois, que cela ait "
        "abouti ou non.",
        Q(contacted_at__isnull=False),
        "leads",
    ),
    Step(
        "met",
        "Rendez-vous",
        "Contacts avec qui un rendez-vous a été noté, ou dont le statut est "
        "«\u00a0rendez-vous\u00a0» ou «\u00a0gagné\u00a0».",
        Q(met_at__isnull=False),
        "contacted",
    ),
    Step(
        "won",
        "Gagnés",
        "Contacts dont le statut est «\u00a0gagné\u00a0». Un retour en arrière les "
        "retire.",
        Q(won_at__isnull=False),
        "met",
    ),
)
BY_KEY = {step.key: step for step in STEPS}
