"""Who else of an establishment asked for the synthesis."""

from __future__ import annotations

from leads.models import Lead
from leads.models.folding import fold

SCANNED = 200  # Rows at most that may share the words of a name.


def colleagues_of(lead: Lead, limit: int = 20) -> list[Lead]:
    """Return the genuine leads of the same establishment, newest first. One query.

    The same name without case or accents, in the same region: « CH d’Exemple » of
    another region is another hospital. Their owners come with them.
    """
    name = fold(lead.organisation).split()
    if not name:
        return []
    found = (
        Lead.objects.genuine()
        .filter(search__contains=" ".join(name), region=lead.region)
        .exclude(pk=lead.pk)
        .select_related("owner")
        .order_by("-created_at", "-pk")[:SCANNED]
    )
    return [other for other in found if fold(other.organisation).split() == name][
        :limit
    ]
