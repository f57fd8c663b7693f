"""Name what a reader says of themselves: function, kind of establishment, region.

Codes are stored, labels are printed. Functions are named, never people, so that a
label reads the same for everyone. FINESS has no category for a CHU, a GHT, an ESPIC
or an ARS: these codes are ours and never map one to one onto a register.
"""

from __future__ import annotations

from typing import Any

from django.db import models

type Group = tuple[str, list[tuple[str, str]]]


class OrganisationType(models.TextChoices):
    CHU = "chu", "CHU ou CHR"
    CH = "ch", "Centre hospitalier"
    LOCAL_HOSPITAL = "ch-proximite", "Hôpital de proximité"
    EPSM = "epsm", "Établissement public de santé mentale"
    GHT = "ght", "Groupement hospitalier de territoire (GHT)"
    MILITARY = "hia", "Hôpital des armées"
    ESPIC = "espic", "Établissement de santé privé d’intérêt collectif (ESPIC)"
    CLCC = "clcc", "Centre de lutte contre le cancer"
    NON_PROFIT = "non-lucratif", "Autre établissement privé non lucratif"
    CLINIC = "clinique", "Clinique de médecine, chirurgie ou obstétrique"
    SMR = "smr", "Clinique de soins médicaux et de réadaptation"
    PSYCHIATRIC_CLINIC = "clinique-psy", "Clinique psychiatrique"
    HAD = "had", "Hospitalisation à domicile"
    DIALYSIS = "dialyse", "Centre de dialyse"
    HEALTH_CENTRE = "centre-sante", "Centre de santé"
    HEALTH_HOUSE = "msp-cpts", "Maison de santé ou CPTS"
    EHPAD = "ehpad", "EHPAD"
    USLD = "usld", "Unité de soins de longue durée"
    ESMS = "esms", "Autre établissement médico-social"
    ARS = "ars", "Agence régionale de santé"
    NATIONAL = "national", "Ministère ou agence nationale"
    GRADES = "grades", "GRADeS"
    INSURANCE = "assurance", "Assurance maladie ou mutuelle"
    COMMUNITY = "collectivite", "Collectivité territoriale"
    GCS = "gcs", "Groupement de coopération sanitaire"
    UNIVERSITY = "universite", "Université ou recherche"
    INDUSTRY = "industrie", "Industriel, éditeur ou conseil"
    OTHER = "autre", "Autre structure"


class JobFunction(models.TextChoices):
    CHIEF_EXECUTIVE = "dg", "Direction générale"
    DEPUTY = "dga", "Direction générale adjointe"
    SECRETARY = "sg", "Secrétariat général"
    FINANCE = "daf", "Direction des affaires financières"
    PEOPLE = "drh", "Direction des ressources humaines"
    QUALITY = "qualite", "Direction de la qualité et gestion des risques"
    STRATEGY = "strategie", "Direction de la stratégie ou de l’innovation"
    PURCHASING = "achats", "Direction des achats"
    CIO = "dsi", "Direction des systèmes d’information"
    CISO = "rssi", "Sécurité des systèmes d’information"
    DPO = "dpo", "Protection des données"
    DIM = "dim", "Information médicale (DIM)"
    DATA = "donnees", "Données et intelligence artificielle"
    PROJECT = "projet-si", "Conduite de projet numérique"
    BIOMEDICAL = "biomedical", "Ingénierie biomédicale"
    CME = "cme", "Présidence de CME"
    POLE = "pole", "Chefferie de pôle"
    DEPARTMENT = "service", "Chefferie de service"
    PHYSICIAN = "ph", "Médecine hospitalière"
    PRIVATE_PHYSICIAN = "liberal", "Médecine libérale"
    PHARMACY = "pharmacie", "Pharmacie"
    BIOLOGY = "biologie", "Biologie médicale"
    RADIOLOGY = "radiologie", "Radiologie et imagerie"
    RESIDENT = "internat", "Internat"
    CARE_DIRECTION = "soins", "Direction des soins"
    CARE_MANAGER = "cadre", "Encadrement de santé"
    NURSE = "ide", "Soins infirmiers ou pratique avancée"
    OTHER_CARE = "soignant", "Autre profession soignante"
    AGENCY = "ars", "Mission en agence régionale de santé"
    REPRESENTATIVE = "usagers", "Élus et représentants des usagers"
    ACADEMIC = "recherche", "Enseignement et recherche"
    CONSULTANT = "conseil", "Industrie ou conseil"
    OTHER = "autre", "Autre fonction"


class Region(models.TextChoices):
    """The eighteen regions by their INSEE code, in French alphabetical order."""

    ARA = "84", "Auvergne-Rhône-Alpes"
    BFC = "27", "Bourgogne-Franche-Comté"
    BRE = "53", "Bretagne"
    CVL = "24", "Centre-Val de Loire"
    COR = "94", "Corse"
    GES = "44", "Grand Est"
    GUA = "01", "Guadeloupe"
    GUF = "03", "Guyane"
    HDF = "32", "Hauts-de-France"
    IDF = "11", "Île-de-France"
    REU = "04", "La Réunion"
    MTQ = "02", "Martinique"
    MAY = "06", "Mayotte"
    NOR = "28", "Normandie"
    NAQ = "75", "Nouvelle-Aquitaine"
    OCC = "76", "Occitanie"
    PDL = "52", "Pays de la Loire"
    PAC = "93", "Provence-Alpes-Côte d’Azur"
    COM = "com", "Autre collectivité d’outre-mer"
    ABROAD = "hors-france", "Hors de France"


# What people type who do not know the official name (static/js/combobox.js).
OTHER_WORDS: dict[str, str] = {
    OrganisationType.CHU: "hôpital universitaire régional AP-HP AP-HM HCL",
    OrganisationType.CH: "hôpital CHG",
    OrganisationType.EPSM: "hôpital psychiatrique CHS",
    OrganisationType.ESPIC: "hôpital",
    OrganisationType.CLINIC: "hôpital MCO",
    OrganisationType.SMR: "SSR rééducation",
    OrganisationType.EHPAD: "maison de retraite",
    JobFunction.CIO: "DSIO CDO informatique",
    JobFunction.PHYSICIAN: "PH praticien",
    JobFunction.NURSE: "IPA",
}


def _grouped(groups: list[tuple[str, list[Any]]]) -> list[Group]:
    return [(name, [(str(c.value), str(c.label)) for c in cs]) for name, cs in groups]


_T = OrganisationType
ORGANISATION_TYPE_GROUPS = _grouped(
    [
        (
            "Établissements publics",
            [_T.CHU, _T.CH, _T.LOCAL_HOSPITAL, _T.EPSM, _T.GHT, _T.MILITARY],
        ),
        ("Privé non lucratif", [_T.ESPIC, _T.CLCC, _T.NON_PROFIT]),
        ("Privé lucratif", [_T.CLINIC, _T.SMR, _T.PSYCHIATRIC_CLINIC]),
        (
            "Domicile, ville et médico-social",
            [
                _T.HAD,
                _T.DIALYSIS,
                _T.HEALTH_CENTRE,
                _T.HEALTH_HOUSE,
                _T.EHPAD,
                _T.USLD,
                _T.ESMS,
            ],
        ),
        (
            "Institutions et autres",
            [
                _T.ARS,
                _T.NATIONAL,
                _T.GRADES,
                _T.INSURANCE,
                _T.COMMUNITY,
                _T.GCS,
                _T.UNIVERSITY,
                _T.INDUSTRY,
                _T.OTHER,
            ],
        ),
    ]
)

_F = JobFunction
JOB_FUNCTION_GROUPS = _grouped(
    [
        (
            "Direction",
            [
                _F.CHIEF_EXECUTIVE,
                _F.DEPUTY,
                _F.SECRETARY,
                _F.FINANCE,
                _F.PEOPLE,
                _F.QUALITY,
                _F.STRATEGY,
                _F.PURCHASING,
            ],
        ),
        (
            "Numérique et données",
            [_F.CIO, _F.CISO, _F.DPO, _F.DIM, _F.DATA, _F.PROJECT, _F.BIOMEDICAL],
        ),
        (
            "Médical et pharmaceutique",
            [
                _F.CME,
                _F.POLE,
                _F.DEPARTMENT,
                _F.PHYSICIAN,
                _F.PRIVATE_PHYSICIAN,
                _F.PHARMACY,
                _F.BIOLOGY,
                _F.RADIOLOGY,
                _F.RESIDENT,
            ],
        ),
        ("Soins", [_F.CARE_DIRECTION, _F.CARE_MANAGER, _F.NURSE, _F.OTHER_CARE]),
        (
            "Institutions et autres",
            [_F.AGENCY, _F.REPRESENTATIVE, _F.ACADEMIC, _F.CONSULTANT, _F.OTHER],
        ),
    ]
)
