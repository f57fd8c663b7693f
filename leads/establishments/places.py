"""Where an establishment stands: town, department, region."""

from __future__ import annotations

import re

from reports.vocabulary import Region

# Departments of each region (INSEE, code officiel géographique).
DEPARTMENTS: dict[str, str] = {
    Region.ARA: "01 03 07 15 26 38 42 43 63 69 73 74",
    Region.BFC: "21 25 39 58 70 71 89 90",
    Region.BRE: "22 29 35 56",
    Region.CVL: "18 28 36 37 41 45",
    Region.COR: "2A 2B",
    Region.GES: "08 10 51 52 54 55 57 67 68 88",
    Region.HDF: "02 59 60 62 80",
    Region.IDF: "75 77 78 91 92 93 94 95",
    Region.NOR: "14 27 50 61 76",
    Region.NAQ: "16 17 19 23 24 33 40 47 64 79 86 87",
    Region.OCC: "09 11 12 30 31 32 34 46 48 65 66 81 82",
    Region.PDL: "44 49 53 72 85",
    Region.PAC: "04 05 06 13 83 84",
    Region.GUA: "9A",  # As FINESS numbers the overseas departments.
    Region.MTQ: "9B",
    Region.GUF: "9C",
    Region.REU: "9D",
    Region.COM: "9E 9G 9H 9I 9J",
    Region.MAY: "9F",
}
REGION_OF = {
    code: region for region, codes in DEPARTMENTS.items() for code in codes.split()
}
# Told by the postcode: no region of their own any more, or none in the register.
BY_POSTCODE = {
    "97133": Region.COM,  # Saint-Barthélemy
    "97150": Region.COM,  # Saint-Martin
}
OVERSEAS = {
    "971": "9A",
    "972": "9B",
    "973": "9C",
    "974": "9D",
    "975": "9E",
    "976": "9F",
}


def town(line: str) -> tuple[str, str]:
    """Return postcode and town of a delivery line (« 35506 VITRE CEDEX 2 »)."""
    found = re.match(r"(\d{5})\s+(.*)", line)
    postcode, name = found.groups() if found else ("", line)
    return postcode, re.sub(r"\s+CEDEX(\s+\d+)?$", "", name)[:100]


def department(code: str, postcode: str) -> str:
    """Return a department as FINESS numbers it: the overseas ones are 9A to 9J."""
    if code.startswith("97") or not code:
        return OVERSEAS.get(postcode[:3], postcode[:2])
    return code[:2].upper()


def region(department: str, postcode: str) -> str:
    """Return the region's code, "" where the department is none that is known."""
    return BY_POSTCODE.get(postcode) or REGION_OF.get(department, "")
