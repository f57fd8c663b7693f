"""Who else of an establishment asked for the synthesis."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import F, Func, Q, TextField, Value, Window
from django.db.models.functions import RowNumber, Trim

from leads.models import Lead
from leads.models.folding import Folded, fold

SPACES = "[\\s\u00a0\u202f]+"


def colleagues_of(lead: Lead, limit: int = 20) -> list[Lead]:
    """Return the genuine leads of the same establishment, newest first. One query.

    The same name without case or accents, in the same region: « CH d’Exemple » of
    another region is another hospital. Their owners come with them.
    """
    return colleagues_of_each([lead], limit)[lead.pk]


def colleagues_of_each(leads: Iterable[Lead], limit: int = 20) -> dict[int, list[Lead]]:
    """Return what `colleagues_of` does for several leads, by their keys. One query."""
    rows = list(leads)
    places = {_place(lead) for lead in rows if _place(lead)[0]}
    found = _in(places, limit + 1) if places else []  # One of them may be the lead.
    return {
        lead.pk: [
            other
            for other in found
            if other.pk != lead.pk and _place(other) == _place(lead)
        ][:limit]
        for lead in rows
    }


def _in(places: set[tuple[str, str]], each: int) -> list[Lead]:
    """Return the newest leads of each (name, region)."""
    folded: Any = Func(
        Folded("organisation"),
        Value(SPACES),
        Value(" "),
        Value("g"),
        function="regexp_replace",
        output_field=TextField(),
    )
    same = Q()
    for name, region in places:
        # The index finds candidates, the name itself decides.
        same |= Q(search__contains=name, place=name, region=region)
    rank = Window(
        RowNumber(),
        partition_by=[F("place"), F("region")],
        order_by=[F("created_at").desc(), F("pk").desc()],
    )
    return list(
        Lead.objects.genuine()
        .alias(place=Trim(folded))
        .filter(same)
        .alias(rank=rank)
        .filter(rank__lte=each)
        .select_related("owner")
        .order_by("-created_at", "-pk")
    )


def _place(lead: Lead) -> tuple[str, str]:
    return " ".join(fold(lead.organisation).split()), lead.region
