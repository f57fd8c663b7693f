"""Name what figures are cut by, as people read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Q

from leads import assigning
from leads.analytics import words
from leads.analytics.filters import NONE, Filters
from leads.models import Campaign
from leads.models.campaign import Origin
from reports.vocabulary import JobFunction, OrganisationType, Region

TITLES = {
    "organisation_type": "Type d’établissement",
    "job_function": "Fonction",
    "region": "Région",
    "origin": "Source",
    "campaign": "Campagne",
    "owner": "Responsable",
}
NOTHING = {
    "organisation_type": "non précisé",
    "job_function": "non précisée",
    "region": "non précisée",
    "origin": "sans source",
    "campaign": "sans campagne",
    "owner": "sans responsable",
}
_MOST = 300  # Campaigns and people that a list offers.


def _named(choices: Iterable[tuple[Any, Any]]) -> dict[str, str]:
    return {str(code): str(label) for code, label in choices}


@dataclass(frozen=True)
class Labels:
    """Names by cut and value; two queries, where they are not `bare`."""

    names: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, user: Any, owners: Iterable[str] = ()) -> Labels:
        """Return the names that somebody may see: their own, or those of all."""
        asked = [int(pk) for pk in owners if pk.isdecimal()]
        staff = Q(is_staff=True, is_active=True) | Q(pk__in=asked)
        if not user.has_perm("leads.view_all_lead"):
            staff = Q(pk=user.pk)
        people = get_user_model()._default_manager.filter(staff).order_by("username")
        campaigns = Campaign.objects.order_by("-is_active", "name")
        return cls(
            {
                "organisation_type": _named(OrganisationType.choices),
                "job_function": _named(JobFunction.choices),
                "region": _named(Region.choices),
                "origin": _named(Origin.choices),
                "campaign": {
                    **_named(campaigns.values_list("code", "name")[:_MOST]),
                    "autre": "autre campagne",
                },
                "owner": {
                    str(person.pk): assigning.name_of(person)
                    for person in people[:_MOST]
                },
            }
        )

    def of(self, cut: str, value: str) -> str:
        """Return the name of a value: as it came, where nobody has named it."""
        if value in ("", NONE):
            return NOTHING[cut]
        known = self.names.get(cut, {})
        return known.get(value, f"n°\u00a0{value}" if cut == "owner" else value)

    def sentence(self, filters: Filters, *, without: Iterable[str] = ()) -> str:
        """Return the filters of a figure in words, its period first."""
        parts = [words.period(filters.first, filters.last)]
        left_out = set(without)
        parts += [
            f"{TITLES[cut].lower()}\u00a0: {self.of(cut, value)}"
            for cut, value in filters.cuts.items()
            if cut not in left_out
        ]
        if filters.owner is not None:
            parts.append("vos contacts et ceux que personne ne suit")
        return ", ".join(parts)
