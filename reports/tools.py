"""Hold the working tools: questions, decision grid, limits. Data for an editor.

Printed as « outil de travail », never as a finding. Figures are named by the keys of
`reports/study.py` and never written out.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports import study


@dataclass(frozen=True, slots=True)
class Question:
    """Set a question beside a published figure, and the study's own words on it."""

    key: str
    figure: str
    text: str
    words: str = ""  # The line of the grid that it bears on, where there is one.

    @property
    def named(self) -> str:
        """Return « Frein persistant : … », as the study names it, or nothing."""
        for part in GRID.values():
            if self.words in (criterion.name for criterion in part.criteria):
                return f"{part.one}\N{NO-BREAK SPACE}: {self.words}"
        return ""


@dataclass(frozen=True, slots=True)
class Criterion:
    """Hold a line of the decision grid: words of the study, then what to settle."""

    name: str
    settle: str
    figure: str = ""  # Where a published figure bears on the very subject.

    @property
    def published(self) -> str:
        return study.FIGURES[self.figure].sentence if self.figure else ""


@dataclass(frozen=True, slots=True)
class Part:
    """Hold a table of the decision grid, and the words of its three columns."""

    title: str
    one: str  # What one line is.
    states: tuple[str, str, str]
    criteria: tuple[Criterion, ...]


TEAM_QUESTIONS = (
    Question(
        "qui-utilise",
        "professionnels-utilisateurs",
        "Qui, parmi nous, utilise déjà l’IA, pour quoi et avec quels outils ?",
    ),
    Question(
        "encadrer",
        "professionnels-utilisateurs",
        "Quels usages individuels voulons-nous permettre, encadrer ou arrêter ?",
    ),
    Question(
        "temps-pour-quoi",
        "temps-libere",
        "Quelles tâches pourraient être automatisées, et à quoi servirait le temps "
        "libéré ?",
    ),
    Question(
        "temps-mesure",
        "temps-libere",
        "Comment mesurer le temps libéré, avant et après, sans alourdir le travail ?",
    ),
    Question(
        "intensifier",
        "intensification",
        "Quels usages les équipes veulent‑elles intensifier, et que leur manque‑t‑il ?",
    ),
    Question(
        "differer",
        "intensification",
        "Si l’usage s’intensifie, que faut-il financer d’abord, et que différer ?",
    ),
    Question(
        "qui-repond",
        "responsabilite",
        "En cas d’erreur, qui répond de quoi, et chacun le sait-il ?",
    ),
    Question(
        "signaler",
        "responsabilite",
        "Comment une erreur de l’IA serait-elle signalée, analysée et corrigée ?",
    ),
    Question(
        "valider",
        "validation-humaine",
        "À quel moment une personne valide‑t‑elle, et comment le prouve‑t‑on ?",
    ),
    Question(
        "temps-de-valider",
        "validation-humaine",
        "Qui a le temps de valider, et que fait-on quand personne ne l’a ?",
    ),
    Question(
        "dire-aux-patients",
        "patients-utilisateurs",
        "Que disons-nous aux patients de l’IA que nous utilisons ?",
    ),
    Question(
        "accueillir",
        "patients-utilisateurs",
        "Comment accueillons-nous un patient qui a déjà interrogé une IA ?",
    ),
    Question(
        "depister",
        "depistages",
        "Où l’IA aiderait-elle nos dépistages, et comment le saurions-nous ?",
    ),
    Question(
        "atteindre",
        "consultations",
        "Quels patients éloignés de nos consultations pourrions-nous mieux atteindre ?",
    ),
    Question(
        "expliquer-les-regles",
        "cadre-reglementaire",
        "Quelles règles paraissent trop complexes, et qui les explique ?",
        "cadre réglementaire",
    ),
    Question(
        "territoires",
        "consultations",
        "Dans quels territoires l’accès aux soins a‑t‑il progressé, et comment ?",
    ),
    Question(
        "evaluer",
        "depistages",
        "Quelles actions de dépistage s’appuient sur l’IA, et qui les évalue ?",
    ),
    Question(
        "instance",
        "professionnels-utilisateurs",
        "Cette adoption individuelle, quelle instance la suit aujourd’hui ?",
    ),
    Question(
        "dire-la-validation",
        "validation-humaine",
        "Que disons-nous à nos patients de la validation humaine ?",
    ),
    Question(
        "commencer",
        "intensification",
        "Par quel usage commencer, et qui le choisit ?",
    ),
    Question(
        "donnees",
        "cadre-reglementaire",
        "De quelles données un projet dépend-il, et qui répond de leur qualité ?",
        "qualité et gouvernance des données",
    ),
)

VENDOR_QUESTIONS = (
    Question(
        "preuves",
        "depistages",
        "Quelles preuves mesurées montrez-vous, et dans quels établissements ?",
    ),
    Question(
        "temps-prouve",
        "temps-libere",
        "Quel temps votre solution libère‑t‑elle, mesuré par qui et comment ?",
    ),
    Question(
        "charge",
        "temps-libere",
        "Quelle charge demandez-vous aux équipes pour installer, former et suivre ?",
        "charge organisationnelle",
    ),
    Question(
        "integration",
        "professionnels-utilisateurs",
        "Comment la solution s’intègre‑t‑elle au SIH, et que se passe‑t‑il si elle "
        "s’arrête ?",
        "intégration SIH",
    ),
    Question(
        "visible",
        "professionnels-utilisateurs",
        "Que voit le professionnel du raisonnement de l’algorithme ?",
        "transparence des algorithmes",
    ),
    Question(
        "monter-en-charge",
        "intensification",
        "Que deviennent le coût et l’accompagnement si l’usage s’intensifie ?",
    ),
    Question(
        "part-de-responsabilite",
        "responsabilite",
        "En cas d’erreur, quelle part de responsabilité prenez-vous, par écrit ?",
    ),
    Question(
        "limites",
        "responsabilite",
        "Dans quels cas la solution se trompe‑t‑elle, et comment le voit-on ?",
        "robustesse des résultats",
    ),
    Question(
        "trace",
        "validation-humaine",
        "Comment la solution prévoit-elle, et trace‑t‑elle, la validation humaine ?",
    ),
    Question(
        "conformite",
        "cadre-reglementaire",
        "Quelles pièces nous remettez-vous pour démontrer la conformité ?",
    ),
    Question(
        "reversibilite",
        "cadre-reglementaire",
        "Quelles données prenez-vous, où vont-elles, comment les reprenons-nous ?",
        "qualité et gouvernance des données",
    ),
    Question(
        "loin",
        "consultations",
        "Que change la solution pour les patients éloignés des consultations ?",
    ),
)

_SUCCESS = (
    Criterion(
        "qualité et gouvernance des données",
        "Qui répond de chaque donnée utilisée ?",
    ),
    Criterion("confiance", "Qui a été entendu, parmi les équipes et les patients ?"),
    Criterion(
        "cadre réglementaire",
        "Qui vérifie, et à quelle étape ?",
        "cadre-reglementaire",
    ),
    Criterion("intégration SIH", "Où l’outil apparaît-il dans le travail ?"),
)
_OBSTACLES = (
    Criterion(
        "responsabilité clinique",
        "Qui décide, et où est-ce écrit ?",
        "responsabilite",
    ),
    Criterion("robustesse des résultats", "Quelle preuve, sur quels patients ?"),
    Criterion("transparence des algorithmes", "Que voit la personne qui s’en sert ?"),
    Criterion("charge organisationnelle", "Qui fait quoi de plus, jusqu’à quand ?"),
)
_STAKES = (
    Criterion("la gouvernance", "Quelle instance arbitre ?"),
    Criterion("la conformité", "Quel avis manque encore ?"),
    Criterion("la priorisation des investissements", "Que faut-il différer ?"),
    Criterion(
        "l’impact réel sur les parcours et l’efficience",
        "Quelle mesure, avant et après ?",
    ),
)
GRID = {
    "conditions": Part(
        "Facteurs de réussite",
        "Facteur de réussite",
        ("Réuni", "En cours", "Manque"),
        _SUCCESS,
    ),
    "freins": Part(
        "Freins persistants",
        "Frein persistant",
        ("Levé", "En cours", "À lever"),
        _OBSTACLES,
    ),
    "enjeux": Part(
        "Enjeux énoncés pour les établissements publics",
        "Enjeu",
        ("Tranché", "En cours", "À trancher"),
        _STAKES,
    ),
}

# What a reader could make the study say, and must not.
LIMITS = {
    "usages": "Le texte publié ne dit pas à quoi les deux suppléments sont comparés : "
    "citez-les dans ses mots, sans en déduire de total.",
    "gains": "Le texte publié ne nomme pas les personnes qui prévoient d’intensifier "
    "leur usage, ni les tâches qui libèrent du temps : ne précisez rien de plus.",
    "freins": "Une inquiétude, une exigence, un jugement : ces parts disent ce que "
    "déclarent les personnes interrogées, pas des incidents constatés.",
    "conditions": "L’étude nomme ces conditions sans les chiffrer : aucun seuil, aucun "
    "classement entre elles n’est publié.",
}
