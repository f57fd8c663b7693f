"""Arrange the demo's fictitious team: rules, profiles, an absence, kept lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from leads import business_days
from leads.models import Absence, RoutingRule, SavedView, StaffProfile
from reports.vocabulary import JobFunction, OrganisationType, Region

T, F = OrganisationType, JobFunction
WEST = [Region.BRE, Region.NOR, Region.PDL]
PUBLIC = [T.CHU, T.CH, T.LOCAL_HOSPITAL, T.EPSM, T.GHT]
CAP = 150  # Open leads of the second of the sales staff.


def write_rules(first: Any, second: Any) -> None:
    """Write rules that leave the private sector to nobody: somebody has to choose."""
    rules: list[dict[str, Any]] = [
        {"types": [T.CHU, T.CH, T.GHT], "regions": WEST, "person": second},
        {"functions": [F.CIO, F.CISO, F.DATA, F.PROJECT], "person": first},
        {"campaign": "demonstration", "person": second},
        {"types": PUBLIC, "person": first},
    ]
    for position, rule in enumerate(rules, start=1):
        RoutingRule.objects.create(position=position, **rule)


def write_the_rest(first: Any, second: Any, manager: Any) -> None:
    """Say who is above whom and what they carry, who will be away, what they look at.

    The absence is to come: today, both receive what is theirs.
    """
    StaffProfile.objects.create(user=first, manager=manager)
    StaffProfile.objects.create(user=second, manager=manager, load_cap=CAP)
    leaves = business_days.after(timezone.localdate(), 3)
    Absence.objects.create(
        user=second, first_day=leaves, last_day=leaves + timedelta(days=6)
    )
    for owner, name, query, shared in (
        (manager, "Rappels demandés", "consentement=rappel", True),
        (first, "Mes rendez-vous", "responsable=moi&status__exact=rendez-vous", False),
    ):
        SavedView.objects.create(owner=owner, name=name, query=query, is_shared=shared)
