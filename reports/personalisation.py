"""Describe the reader a copy is made for, and the fictitious ones it is tried on."""

from __future__ import annotations

from dataclasses import dataclass

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
