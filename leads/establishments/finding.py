"""Find an establishment from what somebody types: any words, any order, one slip."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection, transaction

from leads.establishments import names
from leads.models import Establishment
from reports.vocabulary import OrganisationType

LEAST = 3  # Letters before anything is looked for.
MOST = 100  # Characters that are read.
THRESHOLD = 0.45  # Of pg_trgm's word similarity: below, nothing is found.
# Who asks for a hospital's name means the hospital before its day unit or its EHPAD.
WEIGHTS = {
    OrganisationType.CHU: 0.2,
    OrganisationType.CH: 0.12,
    OrganisationType.LOCAL_HOSPITAL: 0.12,
    OrganisationType.MILITARY: 0.1,
    OrganisationType.CLCC: 0.1,
    OrganisationType.ESPIC: 0.1,
    OrganisationType.CLINIC: 0.1,
    OrganisationType.EPSM: 0.05,
}
_weight = " ".join(f"WHEN '{kind}' THEN {weight}" for kind, weight in WEIGHTS.items())
# How much of what was typed is there (word similarity), then how little else is.
SQL = f"""
WITH found AS MATERIALIZED (
  SELECT finess, length(name_key) AS length, word_similarity(%(key)s, search_words)
    + greatest(similarity(%(key)s, name_key), similarity(%(key)s, search_words))
    + CASE organisation_type {_weight} ELSE 0 END AS score
  FROM leads_establishment
  WHERE %(key)s <%% search_words AND closed_on IS NULL
)
SELECT finess, score FROM found ORDER BY score DESC, length, finess LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class Found:
    establishment: Establishment
    score: float  # 0 to 2.2: how near, and how likely to be meant.


def find(typed: str, most: int = 8) -> list[Found]:
    """Return the establishments nearest to what was typed, the nearest first."""
    key = names.typed_key(typed[:MOST].replace("\x00", ""))
    if len(key) < LEAST:
        return []
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL pg_trgm.word_similarity_threshold = {THRESHOLD}")
        cursor.execute(SQL, {"key": key, "most": most})
        scores = dict(cursor.fetchall())
    rows = Establishment.objects.in_bulk(scores)
    return [Found(rows[finess], score) for finess, score in scores.items()]
