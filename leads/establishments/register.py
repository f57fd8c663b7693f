"""Read an extract of the open FINESS register, cs1100502 or cs1100507, as published.

No header: a comment `finess;etalab;<n>;<date>`, then lines of 32 fields. Encoding
differs by vintage: strict UTF-8, else cp1252. All is checked before any is written.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.utils import timezone

from leads.establishments import names, places
from reports.vocabulary import OrganisationType

FIELDS = 32
RECORD, LOCATION = "structureet", "geolocalisation"
FIRST_LINE = re.compile(r"finess;etalab;\d+;(\d{4}-\d{2}-\d{2})\s*")
FINESS = re.compile(r"[0-9][0-9A-Z]\d{7}")
MOST_BYTES = 400 * 1024 * 1024  # Of a file, and of what it unpacks to.
MOST_ERRORS = 10  # Lines that are named.

T = OrganisationType
# Categories of care; the rest of the register (social work, pharmacies…) is left out.
# FINESS and the form's list never map one to one: "" fills nothing in.
TYPES: dict[str, str] = {
    "101": T.CHU,
    "355": T.CH,
    "106": T.LOCAL_HOSPITAL,
    "114": T.MILITARY,
    "115": T.MILITARY,
    "131": T.CLCC,
    "122": T.CLINIC,
    "128": T.CLINIC,
    "129": T.CLINIC,
    "365": T.CLINIC,
    "109": T.SMR,
    "161": T.PSYCHIATRIC_CLINIC,
    "292": T.EPSM,
    "127": T.HAD,
    "141": T.DIALYSIS,
    "146": T.DIALYSIS,
    "124": T.HEALTH_CENTRE,
    "500": T.EHPAD,
    "362": T.USLD,
    "695": T.GCS,
    "696": T.GCS,
    "697": T.GCS,
    "156": "",
    "698": "",
}
# What the legal status (codesph) says better than the category.
PRIVATE = {T.CLINIC, T.SMR, T.PSYCHIATRIC_CLINIC, T.EPSM}
BY_STATUS = {"6": T.ESPIC, "7": T.NON_PROFIT}


class Unreadable(Exception):
    """Nothing was read; the message says why, in French, to whoever imports."""


@dataclass(frozen=True, slots=True)
class Extract:
    as_of: date
    rows: dict[str, dict[str, Any]]  # By FINESS number: the columns of Establishment.
    read: int
    left_out: Counter[str] = field(default_factory=Counter)  # By label of category.


def read(content: bytes, progress: Callable[[int, int], None] | None = None) -> Extract:
    """Return what an extract holds.

    `progress` is told of lines done and lines in all. Raises Unreadable for whatever is
    not a whole extract in this layout.
    """
    text = _decoded(_unpacked(content))
    head, _, body = text.partition("\n")
    found = FIRST_LINE.fullmatch(head)
    if not found:
        raise Unreadable(_other_file(text))
    as_of = _date(found[1])
    if as_of is None or as_of > timezone.localdate():
        raise Unreadable(f"La date de l’extrait n’en est pas une\u00a0: {found[1]}.")
    if not body.endswith("\n"):
        raise Unreadable(
            "Le fichier est tronqué\u00a0: sa dernière ligne n’est pas finie. "
            "Téléchargez-le de nouveau."
        )
    return _extract(as_of, body, progress)


def _extract(
    as_of: date, body: str, progress: Callable[[int, int], None] | None
) -> Extract:
    rows: dict[str, dict[str, Any]] = {}
    left_out: Counter[str] = Counter()
    errors: list[str] = []
    total, count = body.count("\n"), 0
    for number, values in _lines(body):
        if progress and number % 1000 == 0:
            progress(number, total)
        if values[:1] == [LOCATION] or not values:
            continue
        count += 1
        if fault := _fault(values, rows):
            errors.append(f"ligne {number}\u00a0: {fault}")
            if len(errors) == MOST_ERRORS:
                break
            continue
        if values[18] not in TYPES:
            left_out[values[19]] += 1
            continue
        rows[values[1]] = _row(values, as_of)
    if errors:
        raise Unreadable("\n".join(("Rien n’a été importé.", *errors)))
    if not count:
        raise Unreadable("Le fichier ne contient aucun établissement.")
    if progress:
        progress(total, total)
    return Extract(as_of, rows, count, left_out)


def _lines(body: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(body, newline=""), delimiter=";", strict=True)
    try:
        for values in reader:
            yield reader.line_num + 1, values
    except csv.Error as error:
        line = reader.line_num + 1
        raise Unreadable(
            "Rien n’a été importé.\n"
            f"ligne {line}\u00a0: guillemets mal fermés ({error})."
        ) from error


def _fault(values: list[str], rows: dict[str, Any]) -> str:
    """Say what is wrong with a line, "" for nothing."""
    if values[0] != RECORD:
        return f"« {values[0][:20]} » au lieu de « {RECORD} »."
    if len(values) != FIELDS:
        return f"{len(values)} champs au lieu de {FIELDS}."
    finess, name, label = values[1], values[3], values[19]
    if not FINESS.fullmatch(finess):
        return f"« {finess[:12]} » n’est pas un numéro FINESS."
    if finess in rows:
        return f"le numéro {finess} y est déjà."
    if not name.strip():
        return f"{finess} n’a pas de nom."
    if strange := re.search(
        r"[^\x20-\x7eÀ-ÖØ-öø-ÿŒœŸ’–«»°\xa0]|[ÃÂ][\x80-\xbf]", label
    ):
        return f"encodage non reconnu (« {label} », signe « {strange[0]} »)."
    too_long = [
        n for n, most in ((3, 100), (4, 200), (5, 100)) if len(values[n]) > most
    ]
    return f"champ {too_long[0] + 1} trop long." if too_long else ""


def _row(values: list[str], as_of: date) -> dict[str, Any]:
    v = [" ".join(value.split()) for value in values]
    postcode, town = places.town(v[15])
    department = places.department(v[13], postcode)
    words = names.key(" ".join((v[3], v[4], v[5], town)))
    return {
        "finess": v[1],
        "entity": v[2][:9],
        "short_name": v[3],
        "long_name": v[4],
        "complement": v[5],
        "address": _address(v),
        "postcode": postcode,
        "town": town,
        "department": department,
        "region": places.region(department, postcode),
        "category": v[18],
        "category_label": v[19][:100],
        "status": v[26][:2],
        "organisation_type": _type(v[18], v[26]),
        "phone": v[16] if re.fullmatch(r"0[1-9]\d{8}", v[16]) else "",
        "siret": v[22][:14],
        "opened_on": _date(v[28]),
        "updated_on": _date(v[30]),
        "as_of": as_of,
        "name_key": names.key(v[3])[:100],
        "search_words": " ".join(dict.fromkeys(words.split())),
    }


def _address(v: list[str]) -> str:
    street = " ".join(part for part in (v[7] + v[10], v[8], v[9]) if part)
    return " / ".join(part for part in (v[6], street, v[11]) if part)[:200]


def _type(category: str, status: str) -> str:
    kind = TYPES[category]
    return BY_STATUS.get(status, kind) if kind in PRIVATE else kind


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _unpacked(content: bytes) -> bytes:
    if len(content) > MOST_BYTES:
        raise Unreadable("Le fichier est trop grand pour être un extrait du registre.")
    if content.startswith(b"PK"):
        raise Unreadable(
            "C’est une archive ZIP\u00a0: importez le fichier qu’elle contient."
        )
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(MOST_BYTES + 1)
    except (EOFError, OSError, zlib.error) as error:
        raise Unreadable("L’archive gzip est tronquée ou abîmée.") from error
    return _unpacked(unpacked) if unpacked[:2] != b"\x1f\x8b" else unpacked


def _decoded(content: bytes) -> str:
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content[:4096]:
        raise Unreadable(
            "Le fichier est en UTF-16 ou n’est pas un texte\u00a0: "
            "importez l’extrait tel qu’il est publié (UTF-8 ou Windows-1252)."
        )
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding).replace("\r\n", "\n")
        except UnicodeDecodeError:
            continue
    raise Unreadable("Encodage non reconnu\u00a0: ni UTF-8, ni Windows-1252.")


def _other_file(text: str) -> str:
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return (
            "C’est le registre au format JSON (publié depuis juillet 2026), qui n’est "
            "pas lu\u00a0: importez l’extrait CSV « etalab-cs1100502 »."
        )
    if text.startswith((RECORD, LOCATION)):
        return "Fichier incomplet\u00a0: la première ligne (finess;etalab;…) manque."
    if start == "<":
        return "C’est une page web, pas un extrait du registre."
    return (
        "Ce n’est pas un extrait FINESS « etalab-cs1100502 »\u00a0: sa première ligne "
        f"est « {text[:60].splitlines()[0] if text.strip() else ''} »."
    )
