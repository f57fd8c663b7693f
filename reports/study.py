"""Hold the published figures and texts of the study, and nothing else.

This is the only source of numbers for the page, the e-mail, the PDF and every
later document. The wording is the source's own; only its typography is corrected
(Lexique des règles typographiques en usage à l’Imprimerie nationale: U+202F before
; ! ? and in 1 500, U+00A0 before : and %, ’ for the apostrophe).

The source says "acteurs", "praticiens" and "professionnels" in different places:
each is kept where it stands. It names no subject for 88 %, and no base for +22 %
and +19 % beyond its own words: nothing more is attributed here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

NAME = "Santéscopie 2026"
TITLE = "Rapport Santéscopie 2026"
EXPERT = "Philippe Lerique"  # A name and no role: the source gives none.


class Population(Enum):
    """Who was asked, where the source says so."""

    PROFESSIONALS = "professionnels"
    PATIENTS = "patients"


class Shape(Enum):
    """How a figure may be drawn, so that it can be counted back to its text."""

    SHARE = "share"  # n in a hundred
    INCREASE = "increase"  # n beyond a hundred, never a share
    DURATION = "duration"  # at least n minutes


@dataclass(frozen=True, slots=True)
class Figure:
    """A published figure: `value` then `text` read as one sentence of the source."""

    key: str
    value: str
    text: str
    amount: int  # What a drawing counts: hundredths, or minutes for a duration.
    shape: Shape
    asked: Population | None = None

    @property
    def sentence(self) -> str:
        return f"{self.value} {self.text}"


@dataclass(frozen=True, slots=True)
class Block:
    """A titled group of figures."""

    key: str
    title: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True, slots=True)
class Item:
    """A line of a list: its opening words, then the rest of the same sentence."""

    lead: str
    rest: str

    @property
    def sentence(self) -> str:
        return f"{self.lead} {self.rest}"


# --- The page, section by section, in the order of the source ---------------

HEADLINE = "Faites évoluer votre établissement de santé au rythme de l’IA"
INTRODUCTION = (
    "Les établissements de santé et structures publiques peuvent tirer parti de l’IA "
    "pour améliorer la coordination des parcours, optimiser les ressources et "
    "renforcer la qualité des soins, tout en gérant les enjeux réglementaires et "
    "organisationnels.",
    "Notre étude nationale menée auprès de 750 acteurs du secteur et 750 patients "
    "vous aide à éclairer vos décisions et à faire de l’IA un levier durable de "
    "performance.",
)

STATEMENT_BEFORE = "L’IA s’impose désormais dans la pratique clinique :"
STATEMENT_VALUE = "85 %"
STATEMENT_AFTER = "des professionnels déclarent l’utiliser."
STATEMENT = f"{STATEMENT_BEFORE} {STATEMENT_VALUE} {STATEMENT_AFTER}"
CONTRAST = (
    "Mais cette adoption individuelle contraste encore avec une intégration "
    "organisationnelle très inégale dans la santé publique."
)
STAKES = (
    "Pour les établissements publics, l’enjeu ne porte donc plus seulement sur la "
    "technologie : il concerne désormais la gouvernance, la conformité, la "
    "priorisation des investissements et l’impact réel sur les parcours et "
    "l’efficience."
)

PURPOSE_TITLE = (
    "Une étude pour comprendre les usages, les impacts et les conditions de réussite "
    "de l’IA dans les établissements de santé"
)
PURPOSE = (
    "Une base fiable pour appréhender l’adoption réelle de l’IA, ses limites "
    "actuelles et les leviers à activer pour un déploiement efficace dans votre "
    "établissement."
)
ANALYSIS_INTRODUCTION = "Cette étude propose une analyse structurée :"
ANALYSIS = (
    Item(
        "Des usages concrets",
        "de l’IA à chaque étape du parcours de soins, depuis la prévention jusqu’à "
        "l’organisation hospitalière.",
    ),
    Item(
        "Des facteurs de réussite :",
        "qualité et gouvernance des données, confiance, cadre réglementaire, "
        "intégration SIH.",
    ),
    Item(
        "Des freins persistants :",
        "responsabilité clinique, robustesse des résultats, transparence des "
        "algorithmes, charge organisationnelle.",
    ),
    Item(
        "Des opportunités à fort impact,",
        "notamment en termes de coordination, d’orientation des patients, "
        "d’optimisation des services et de réduction des tâches administratives.",
    ),
)

FIRST_CALL = "Téléchargez la synthèse de notre étude"

SUPPORT_TITLE = "Un support stratégique pour orienter vos décisions"
SUPPORT = (
    "Un éclairage de l’impact de l’IA sur les leviers déterminants de performance et "
    "de service public dans les établissements de santé :"
)

USAGE = Block(
    "usages",
    "L’usage réel de l’IA dans les parcours de soins",
    (
        Figure(
            "patients-utilisateurs",
            "26 %",
            "des patients utilisent déjà l’IA dans leur parcours de soins.",
            26,
            Shape.SHARE,
            Population.PATIENTS,
        ),
        Figure(
            "depistages",
            "+22 %",
            "de dépistages parmi les utilisateurs d’IA.",
            22,
            Shape.INCREASE,
        ),
        Figure(
            "consultations",
            "+19 %",
            "de consultations supplémentaires en zones rurales → meilleure "
            "accessibilité aux soins.",
            19,
            Shape.INCREASE,
        ),
    ),
)
GAINS = Block(
    "gains",
    "Les gains organisationnels mesurables",
    (
        Figure(
            "temps-libere",
            "+ de 2 heures/jour",
            "de temps libéré pour les professionnels grâce à l’automatisation.",
            120,
            Shape.DURATION,
        ),
        Figure(
            "professionnels-utilisateurs",
            "85 %",
            "des professionnels utilisent déjà l’IA dans leur pratique.",
            85,
            Shape.SHARE,
            Population.PROFESSIONALS,
        ),
        Figure(
            "intensification",
            "88 %",
            "prévoient d’intensifier leur usage dans les deux ans.",
            88,
            Shape.SHARE,
        ),
    ),
)
OBSTACLES = Block(
    "freins",
    "Les freins clés à anticiper pour une adoption responsable",
    (
        Figure(
            "responsabilite",
            "73 %",
            "des professionnels s’inquiètent de la responsabilité en cas d’erreur IA.",
            73,
            Shape.SHARE,
            Population.PROFESSIONALS,
        ),
        Figure(
            "validation-humaine",
            "67 %",
            "des patients exigent une validation humaine systématique.",
            67,
            Shape.SHARE,
            Population.PATIENTS,
        ),
        Figure(
            "cadre-reglementaire",
            "34 %",
            "des professionnels jugent le cadre réglementaire trop complexe.",
            34,
            Shape.SHARE,
            Population.PROFESSIONALS,
        ),
    ),
)
BLOCKS = (USAGE, GAINS, OBSTACLES)
FIGURES = {figure.key: figure for block in BLOCKS for figure in block.figures}

CONDITIONS_TITLE = "Les conditions d’une stratégie IA sécurisée et durable"
CONDITIONS = (
    "Fondée sur des preuves mesurées, une gouvernance claire et des conditions "
    "d’implémentation éprouvées."
)

FINDINGS_TITLE = "Ce que révèle l’étude"
FINDINGS_INTRODUCTION = (
    "Une vision structurée et opérationnelle de la place de l’IA dans le système de "
    "santé, qui met en lumière :"
)
FINDINGS = (
    Item(
        "Un usage de l’IA présent sur l’ensemble du parcours de soins,",
        "de la prévention au suivi, avec des niveaux d’adoption variables selon les "
        "contextes cliniques et organisationnels.",
    ),
    Item(
        "Des gains tangibles d’efficacité,",
        "notamment sur l’organisation, la coordination, la charge administrative et "
        "la fluidification des parcours.",
    ),
    Item(
        "Des freins clairement identifiés,",
        "concentrés autour du cadre réglementaire, de la responsabilité clinique, de "
        "la gouvernance des données et de la robustesse des solutions.",
    ),
    Item(
        "Une vision consolidée pour les décideurs,",
        "qui permet d’établir des priorités d’investissement, d’évaluer les risques "
        "et de planifier un déploiement maîtrisé de l’IA au sein de leur "
        "établissement.",
    ),
)

METHOD_TITLE = "Méthodologie"
METHOD = (
    Item(
        "1 500 répondants interrogés à l’échelle nationale",
        "750 praticiens (+ de 50 spécialités représentées) et 750 patients",
    ),
    Item(
        "Plus de 70 solutions d’IA analysées",
        "couvrant des usages cliniques, organisationnels et médico‑administratifs",
    ),
    Item(
        "7 étapes du parcours de soins évaluées",
        "de la prévention au suivi, incluant l’organisation et l’administration",
    ),
    Item(
        "Une analyse croisée",
        "des usages, des perceptions, des freins et des conditions de réussite",
    ),
)
RESPONDENTS = 1500
PRACTITIONERS = 750
PATIENTS = 750
SOLUTIONS = 70  # "Plus de"
STEPS = 7

SECOND_CALL = "Téléchargez Santéscopie 2026"
