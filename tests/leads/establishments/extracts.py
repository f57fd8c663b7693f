"""Extracts in the register's layout, about places that do not exist."""

from __future__ import annotations

HEAD = "finess;etalab;95;{as_of}\n"
LABELS = {
    "101": "Centre Hospitalier Régional (C.H.R.)",
    "355": "Centre Hospitalier (C.H.)",
    "365": "Etablissement de Soins Pluridisciplinaire",
    "500": "Etablissement d'hébergement pour personnes âgées dépendantes",
    "620": "Pharmacie d'officine",
}


def line(
    finess,
    name,
    town="VILLE EXEMPLE",
    *,
    category="355",
    long_name="",
    postcode="35999",
    department=None,
    status="1",
    phone="0299000000",
):
    """Return one line of 32 fields."""
    values = [""] * 32
    values[0:6] = ["structureet", finess, finess[:2] + "9999999", name, long_name, ""]
    values[13] = department or finess[:2]
    values[15] = f"{postcode} {town} CEDEX 2"
    values[16] = phone
    values[18:20] = [category, LABELS[category]]
    values[26:28] = [status, "Etablissement public de santé"]
    values[28] = "1985-09-17"
    return ";".join(f'"{v}"' if '"' in v or ";" in v else v for v in values) + "\n"


HOSPITALS = [
    line("359000010", "CH   EXEMPLE-SUR-VILAINE", "EXEMPLE SUR VILAINE"),
    line("359000028", "CHRU FICTIF SITE NORD", "FICTIF", category="101"),
    line("359000036", "CLIN DES DEMONSTRATIONS", category="365", status=""),
    line("359000044", "CLINIQUE ST ESSAI", category="365", status="6"),
    line("359000051", "EHPAD DU CH EXEMPLE", "EXEMPLE SUR VILAINE", category="500"),
    line(
        "970999999",
        "CHU DE L'ILE EXEMPLE",
        category="101",
        postcode="97499",
        department="9D",
    ),
    line("359000069", "PHARMACIE EXEMPLE", category="620"),
]


def extract(*lines, as_of="2026-01-08", encoding="utf-8"):
    return (HEAD.format(as_of=as_of) + "".join(lines or HOSPITALS)).encode(encoding)
