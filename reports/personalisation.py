"""Describe the reader a copy is made for, what they are offered to read, and personas.

A reader falls into one of `SEGMENTS`, by function and kind of establishment. Everything
but the cover's label depends on the segment alone: order, emphasis, questions, steps.
What each segment reads is data, in `reports/readings.py` and `reports/tools.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from reports import readings, study, tools
from reports.study import Figure
from reports.tools import Question
from reports.vocabulary import JobFunction, OrganisationType, Region


@dataclass(frozen=True, slots=True)
class Reader:
    """Hold what one submission typed; codes are those of `reports/vocabulary.py`.

    Anything may be empty, and no code is trusted: an unknown one has no label.
    """

    first_name: str = ""
    last_name: str = ""
    organisation: str = ""
    organisation_type: str = ""
    job_function: str = ""
    region: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def function_label(self) -> str:
        return _label(JobFunction.choices, self.job_function)

    @property
    def type_label(self) -> str:
        return _label(OrganisationType.choices, self.organisation_type)

    @property
    def region_label(self) -> str:
        return _label(Region.choices, self.region)


def _label(choices: list[tuple[str, str]], code: str) -> str:
    return next((str(label) for value, label in choices if value == code), "")


@dataclass(frozen=True, slots=True)
class Segment:
    """Name what the pages after the cover depend on, beside the edition."""

    family: str
    kind: str

    @property
    def key(self) -> str:
        return f"{self.family}-{self.kind}"


FAMILIES = {family.key: family for family in readings.FAMILIES}
KINDS = {kind.key: kind for kind in readings.KINDS}
GENERAL = "ensemble"  # What is unknown, or left empty, reads as everybody does.
AGENCY = "agence"
# An agency has no kind of establishment, and no function no use for one.
SEGMENTS = tuple(
    Segment(family, kind)
    for family in FAMILIES
    for kind in KINDS
    if kind == GENERAL or family not in (AGENCY, GENERAL)
)


def segment_of(reader: Reader) -> Segment:
    """Return the reader's segment; unknown and missing codes give the general one."""
    family = next(
        (f.key for f in FAMILIES.values() if reader.job_function in f.functions),
        GENERAL,
    )
    if reader.organisation_type in readings.INSTITUTIONS:
        family = AGENCY
    kind = next(
        (k.key for k in KINDS.values() if reader.organisation_type in k.types), GENERAL
    )
    return Segment(family, GENERAL if family in (AGENCY, GENERAL) else kind)


@dataclass(frozen=True, slots=True)
class Page:
    """A page after the cover; `number` is printed, `title` is its heading."""

    key: str
    number: int
    title: str
    short: str  # For the running head: a longer one reads as a line of the page.
    tool: bool = False

    @property
    def template(self) -> str:
        return f"pdf/{self.key}.html"


TITLES = {
    "lecture": "Votre lecture",
    "essentiel": "L’essentiel",
    **{block.key: block.title for block in study.BLOCKS},
    "conditions": study.CONDITIONS_TITLE,
    "revele": study.FINDINGS_TITLE,
    "note": "Note à remettre",
    "grille": "Grille de décision",
    "questions": "Questions à poser",
    "methode": study.METHOD_TITLE,
}
SHORT = {
    "usages": "Usages",
    "gains": "Gains",
    "freins": "Freins",
    "conditions": "Conditions",
}
TOOLS = ("note", "grille", "questions")


@dataclass(frozen=True, slots=True)
class Reading:
    """Hold what one segment reads. Never a number that `study` does not publish."""

    title: str
    angle: str
    receiver: str
    pages: dict[str, Page]
    first: tuple[tuple[Page, str], ...]
    figures: tuple[Figure, ...]
    teams: tuple[tuple[Question, Figure], ...]
    vendors: tuple[tuple[Question, Figure], ...]
    steps: tuple[str, ...]
    decisions: tuple[str, str]
    basis: str  # « Lecture et étapes proposées … »
    asked: tuple[str, str]  # Titles of the two lists of questions.

    @property
    def blocks(self) -> list[study.Block]:
        """Return the three groups of figures in the order of the chapters."""
        known = {block.key: block for block in study.BLOCKS}
        return [known[key] for key in self.pages if key in known]

    @property
    def grid(self) -> list[tools.Part]:
        """Return the parts of the decision grid, what the reader opens first on top."""
        keys = [key for key in self.pages if key in tools.GRID]
        return [tools.GRID[key] for key in (*keys, "enjeux")]


def reading_of(segment: Segment) -> Reading:
    family, kind = FAMILIES[segment.family], KINDS[segment.kind]
    order = ("lecture", "essentiel", *family.chapters, "revele", *TOOLS, "methode")
    pages = {
        key: Page(key, number, TITLES[key], SHORT.get(key, TITLES[key]), key in TOOLS)
        for number, key in enumerate(order, start=2)
    }
    figures = list(family.figures)
    if kind.figure and kind.figure not in figures:
        figures[-1] = kind.figure
    return Reading(
        title=", ".join(filter(None, (family.title, kind.title))),
        angle=family.angle or kind.angle,
        receiver=kind.receiver,
        pages=pages,
        first=tuple((pages[key], why) for key, why in family.first.items()),
        figures=tuple(study.FIGURES[key] for key in figures),
        teams=_questions(tools.TEAM_QUESTIONS, (*family.teams, kind.question)),
        vendors=_questions(tools.VENDOR_QUESTIONS, family.vendors),
        steps=family.steps,
        decisions=family.decisions,
        basis=family.basis,
        asked=family.asked,
    )


def _questions(
    bank: tuple[Question, ...], keys: tuple[str, ...]
) -> tuple[tuple[Question, Figure], ...]:
    known = {question.key: question for question in bank}
    return tuple((known[key], study.FIGURES[known[key].figure]) for key in keys)


# People and places that cannot be taken for real ones. Between them they hold what
# breaks a layout: ë ç œ Ü, apostrophe, hyphen, long names, and nothing but a name.
PERSONAS: dict[str, Reader] = {
    "dg-chu": Reader(
        first_name="Camille",
        last_name="Exemple",
        organisation="Établissement de démonstration",
        organisation_type=OrganisationType.CHU,
        job_function=JobFunction.CHIEF_EXECUTIVE,
        region=Region.BRE,
    ),
    "dsi": Reader(
        first_name="Zoë",
        last_name="Fictif-Modèle",
        organisation="Centre hospitalier d’Exempleville",
        organisation_type=OrganisationType.CH,
        job_function=JobFunction.CIO,
        region=Region.NAQ,
    ),
    "medecin": Reader(
        first_name="François",
        last_name="Ünal-Spécimen",
        organisation="Hôpital imaginaire du Chœur-Fictif",
        organisation_type=OrganisationType.LOCAL_HOSPITAL,
        job_function=JobFunction.PHYSICIAN,
        region=Region.GES,
    ),
    "cadre": Reader(
        first_name="Maëlys",
        last_name="d’Essai",
        organisation="EHPAD Les Échantillons",
        organisation_type=OrganisationType.EHPAD,
        job_function=JobFunction.CARE_MANAGER,
        region=Region.OCC,
    ),
    "ars": Reader(
        first_name="Noël",
        last_name="Gabarit",
        organisation="Agence régionale de démonstration",
        organisation_type=OrganisationType.ARS,
        job_function=JobFunction.AGENCY,
        region=Region.REU,
    ),
    "clinique": Reader(
        first_name="Inès",
        last_name="Maquette",
        organisation="Clinique de l’Échantillon",
        organisation_type=OrganisationType.CLINIC,
        job_function=JobFunction.QUALITY,
        region=Region.PAC,
    ),
    "noms-longs": Reader(
        first_name="Marie-Françoise-Bérengère",
        last_name="de La Démonstration-Fictive d’Exempleville-sur-Maquette",
        organisation="Groupement de démonstration d’Exemple et des Œuvres fictives",
        organisation_type=OrganisationType.ESPIC,
        job_function=JobFunction.QUALITY,
        region=Region.PAC,
    ),
    "nom-seul": Reader(first_name="Sacha", last_name="Témoin"),
}
