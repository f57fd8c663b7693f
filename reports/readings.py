"""Say what each reader is offered to read, ask and do. Data for an editor to change.

Everything here is commentary or a working tool, and is printed as such. Figures are
named by the keys of `reports/study.py` and never written out: a test refuses any
digit in this file, and any figure, question or page that does not exist.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports.vocabulary import JobFunction as F
from reports.vocabulary import OrganisationType as T

# Pages that everybody has, in order; the four chapters follow `Family.chapters`.
CHAPTERS = ("usages", "gains", "freins", "conditions")


@dataclass(frozen=True, slots=True)
class Family:
    """Gather functions that read alike: order, emphasis, questions, next steps."""

    key: str
    title: str  # After « Votre lecture ».
    functions: tuple[F, ...]
    chapters: tuple[str, ...]
    figures: tuple[str, ...]  # The three to know by heart; also those of the note.
    first: dict[str, str]  # Three pages to open first, and why.
    teams: tuple[str, ...]
    vendors: tuple[str, ...]
    steps: tuple[str, ...]
    decisions: tuple[str, str]  # The first two that the note offers.
    angle: str = ""  # Takes the place of the kind's, as do the words of `basis`.
    basis: str = "selon la fonction et le type d’établissement"
    asked: tuple[str, str] = ("À vos équipes", "À vos fournisseurs")


@dataclass(frozen=True, slots=True)
class Kind:
    """Gather kinds of establishments: who receives the note, and from where to look."""

    key: str
    title: str  # After the family's: « …, dans un établissement public ».
    types: tuple[T, ...]
    receiver: str  # « Note pour … »
    angle: str
    question: str  # One more question to the teams.
    figure: str = ""  # Takes the place of the family's third figure.


FAMILIES = (
    Family(
        "direction",
        "Direction",
        (
            F.CHIEF_EXECUTIVE,
            F.DEPUTY,
            F.SECRETARY,
            F.FINANCE,
            F.PEOPLE,
            F.STRATEGY,
            F.PURCHASING,
        ),
        ("conditions", "gains", "freins", "usages"),
        ("temps-libere", "intensification", "responsabilite"),
        {
            "conditions": "Ce qui doit être réuni avant de financer : c’est là que se "
            "prennent vos décisions.",
            "gains": "Le temps libéré et l’intention d’aller plus loin : les deux "
            "arguments d’un arbitrage.",
            "note": "Une page à remettre, déjà composée ; il reste à y écrire votre "
            "demande.",
        },
        ("differer", "temps-pour-quoi", "qui-repond", "encadrer"),
        ("temps-prouve", "monter-en-charge", "part-de-responsabilite", "conformite"),
        (
            "Faites recenser les usages qui existent déjà dans les services.",
            "Choisissez un seul projet et passez-le à la grille, à plusieurs.",
            "Portez la note à la prochaine séance, avec une décision à prendre.",
        ),
        ("Recenser les usages de l’IA", "Désigner l’instance qui en répond"),
    ),
    Family(
        "qualite",
        "Qualité et gestion des risques",
        (F.QUALITY,),
        ("freins", "conditions", "usages", "gains"),
        ("responsabilite", "validation-humaine", "cadre-reglementaire"),
        {
            "freins": "Responsabilité, validation humaine, cadre : trois sujets qui "
            "passent par vous.",
            "conditions": "Les preuves et la gouvernance que l’étude attend d’une "
            "stratégie durable.",
            "grille": "Un support de revue, ligne à ligne, pour un projet que l’on "
            "vous soumet.",
        },
        ("signaler", "valider", "expliquer-les-regles", "dire-aux-patients"),
        ("limites", "trace", "part-de-responsabilite", "conformite"),
        (
            "Ajoutez l’IA aux circuits de signalement qui existent déjà.",
            "Écrivez, pour un usage réel, qui valide et à quel moment.",
            "Passez ce même usage à la grille avec ceux qui s’en servent.",
        ),
        ("Ajouter l’IA aux signalements existants", "Écrire qui valide, et quand"),
    ),
    Family(
        "numerique",
        "Numérique et données",
        (F.CIO, F.CISO, F.DPO, F.DIM, F.DATA, F.PROJECT, F.BIOMEDICAL),
        ("conditions", "freins", "usages", "gains"),
        ("professionnels-utilisateurs", "intensification", "cadre-reglementaire"),
        {
            "conditions": "Données, cadre, intégration au SIH : les facteurs de "
            "réussite qui passent par vous.",
            "freins": "Robustesse et transparence : ce qu’il faut exiger avant de "
            "raccorder une solution.",
            "questions": "Ce qu’il faut demander aux fournisseurs avant toute "
            "démonstration.",
        },
        ("qui-utilise", "donnees", "intensifier", "expliquer-les-regles"),
        ("integration", "reversibilite", "limites", "conformite"),
        (
            "Cartographiez les outils d’IA déjà employés, raccordés ou non au SIH.",
            "Désignez qui répond des données dont ces outils dépendent.",
            "Envoyez les questions aux fournisseurs et comparez leurs réponses.",
        ),
        ("Recenser les outils d’IA employés", "Désigner qui répond des données"),
    ),
    Family(
        "medical",
        "Médecine et pharmacie",
        (
            F.CME,
            F.POLE,
            F.DEPARTMENT,
            F.PHYSICIAN,
            F.PRIVATE_PHYSICIAN,
            F.PHARMACY,
            F.BIOLOGY,
            F.RADIOLOGY,
            F.RESIDENT,
        ),
        ("usages", "freins", "gains", "conditions"),
        ("professionnels-utilisateurs", "responsabilite", "depistages"),
        {
            "usages": "Patients utilisateurs, dépistages, consultations en zones "
            "rurales : ce que l’étude mesure dans le parcours de soins.",
            "freins": "La responsabilité en cas d’erreur, et la validation que des "
            "patients exigent.",
            "questions": "De quoi ouvrir la discussion en équipe, puis avec un "
            "fournisseur.",
        },
        ("qui-repond", "valider", "depister", "accueillir"),
        ("limites", "visible", "preuves", "trace"),
        (
            "Dites, en équipe, ce que chacun utilise déjà et pour quels actes.",
            "Convenez de ce qui reste toujours validé par une personne.",
            "Choisissez un usage et une mesure, puis portez-les devant vos pairs.",
        ),
        ("Recenser les usages de l’IA", "Écrire ce qu’une personne valide toujours"),
    ),
    Family(
        "soins",
        "Soins et encadrement",
        (F.CARE_DIRECTION, F.CARE_MANAGER, F.NURSE, F.OTHER_CARE),
        ("gains", "usages", "freins", "conditions"),
        ("temps-libere", "validation-humaine", "patients-utilisateurs"),
        {
            "gains": "Le temps libéré : pour quelles tâches, et rendu à qui ? La "
            "question se pose au lit du patient.",
            "usages": "Des patients utilisent déjà l’IA : vos équipes peuvent les "
            "rencontrer.",
            "questions": "De quoi tenir une réunion d’équipe sans vocabulaire "
            "technique.",
        },
        ("temps-pour-quoi", "temps-de-valider", "accueillir", "temps-mesure"),
        ("charge", "temps-prouve", "trace", "visible"),
        (
            "Demandez à l’équipe quelles tâches elle voudrait rendre à la machine.",
            "Repérez qui valide, et à quel moment de la journée.",
            "Proposez un essai limité, avec une mesure choisie par l’équipe.",
        ),
        ("Choisir les tâches à automatiser", "Donner du temps à qui valide"),
    ),
    Family(
        "agence",
        "Agences et institutions",
        (F.AGENCY,),
        ("usages", "conditions", "freins", "gains"),
        ("consultations", "depistages", "cadre-reglementaire"),
        {
            "usages": "Dépistages et consultations en zones rurales : de quoi nourrir "
            "une vue de territoire.",
            "revele": "La vision d’ensemble, à rapprocher de ce que vous voyez dans "
            "vos territoires.",
            "methode": "Qui a été interrogé, et ce que l’étude a évalué : à lire avant "
            "de la citer.",
        },
        ("territoires", "evaluer", "expliquer-les-regles", "qui-repond"),
        ("loin", "preuves", "conformite", "reversibilite"),
        (
            "Repérez les établissements où l’usage reste individuel.",
            "Proposez-leur une grille commune, sans attendre un projet commun.",
            "Faites remonter les règles que les équipes jugent trop complexes.",
        ),
        ("Recenser les usages individuels", "Proposer une grille commune"),
        "Les chiffres sont les mêmes pour tous ; chapitres, questions et étapes sont "
        "proposés selon votre institution.",
        "selon l’institution",
        ("Aux établissements", "Aux éditeurs"),
    ),
    Family(
        "ensemble",
        "Lecture générale",
        (F.REPRESENTATIVE, F.ACADEMIC, F.CONSULTANT, F.OTHER),
        CHAPTERS,
        ("professionnels-utilisateurs", "patients-utilisateurs", "responsabilite"),
        {
            "essentiel": "Les neuf chiffres, à lire ensemble, avec les personnes "
            "interrogées là où l’étude le dit.",
            "revele": "Les quatre enseignements, dans les mots de l’étude.",
            "questions": "De quoi passer de la lecture à une discussion, chiffres à "
            "l’appui.",
        },
        ("qui-utilise", "temps-pour-quoi", "qui-repond", "dire-aux-patients"),
        ("preuves", "integration", "limites", "trace"),
        (
            "Lisez les neuf chiffres et retenez celui qui vous surprend.",
            "Posez les questions à ceux qui utilisent déjà l’IA.",
            "Passez un projet réel à la grille, à plusieurs.",
        ),
        ("Recenser les usages de l’IA", "Désigner l’instance qui en répond"),
        "Une lecture générale, proposée à tous : les chiffres sont les mêmes dans "
        "chaque exemplaire.",
        "à tous",
    ),
)

KINDS = (
    Kind(
        "public",
        "établissement public",
        (T.CHU, T.CH, T.LOCAL_HOSPITAL, T.EPSM),
        "le directoire ou la CME",
        "L’étude énonce un enjeu pour les établissements publics : il figure à la page "
        "des conditions et ferme la grille.",
        "instance",
    ),
    Kind(
        "prive",
        "établissement privé",
        (T.ESPIC, T.CLCC, T.NON_PROFIT, T.CLINIC, T.SMR, T.PSYCHIATRIC_CLINIC),
        "le comité de direction ou la CME",
        "L’étude énonce ses enjeux pour les établissements publics : lisez-les comme "
        "un point de comparaison.",
        "dire-la-validation",
    ),
    Kind(
        "proximite",
        "domicile, ville et médico-social",
        (
            T.HAD,
            T.DIALYSIS,
            T.HEALTH_CENTRE,
            T.HEALTH_HOUSE,
            T.EHPAD,
            T.USLD,
            T.ESMS,
        ),
        "la direction ou l’équipe",
        "L’étude suit le parcours de soins, de la prévention au suivi : regardez "
        "chaque chiffre depuis votre place.",
        "atteindre",
        "consultations",
    ),
    Kind(
        "ensemble",
        "",
        # A GHT and a military hospital have no directoire: their page names none.
        (T.GHT, T.MILITARY, T.GCS, T.UNIVERSITY, T.INDUSTRY, T.OTHER),
        "l’instance de direction",
        "Les chiffres sont les mêmes pour tous ; chapitres, questions et étapes sont "
        "proposés selon votre fonction.",
        "commencer",
    ),
)

# Read as agencies do, whatever the function.
INSTITUTIONS = (T.ARS, T.NATIONAL, T.GRADES, T.INSURANCE, T.COMMUNITY)
