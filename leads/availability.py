"""Who may be given leads on a day, and what stands in the way of the others."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from leads import assigning
from leads.models import Absence, Lead
from reports.templatetags.french import MONTHS


@dataclass(slots=True)
class Person:
    """Somebody of the house, as they stand at one moment of one day."""

    user: Any
    load: int = 0  # Open, genuine leads that are theirs.
    cap: int | None = None
    away_until: date | None = None
    today: date = date.min

    @property
    def name(self) -> str:
        return assigning.name_of(self.user)

    @property
    def obstacle(self) -> str:
        """Say why they are given nothing now; empty if nothing stands in the way."""
        if not (self.user.is_active and self.user.is_staff):
            return "compte fermé"
        if not assigning.may_be_given(self.user):
            return "sans adresse électronique"
        if self.away_until:
            return f"en absence jusqu’au {day_in_words(self.away_until, self.today)}"
        if self.cap is not None and self.load >= self.cap:
            noun = "contact ouvert" if self.load == 1 else "contacts ouverts"
            return f"{self.load} {noun}, pour {self.cap} au plus"
        return ""


def day_in_words(day: date, today: date) -> str:
    """Return « 12 décembre », and the year where it is not this one."""
    number = "1er" if day.day == 1 else str(day.day)
    words = f"{number}\u00a0{MONTHS[day.month - 1]}"
    return words if day.year == today.year else f"{words}\u00a0{day.year}"


def carried(user: str, but: QuerySet[Lead] | None = None) -> Coalesce:
    """Count what weighs on somebody: open, genuine leads that are theirs.

    `user` names the account in the query around; leads of `but` weigh on nobody.
    """
    mine = Lead.objects.genuine().open().filter(owner=OuterRef(user))
    if but is not None:
        mine = mine.exclude(pk__in=but.values("pk"))
    counted = mine.order_by().values("owner").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted), 0)


def people(
    keys: Iterable[int], today: date, *, but: QuerySet[Lead] | None = None
) -> dict[int, Person]:
    """Return these users by key, as they stand that day (Europe/Paris). One query.

    Leads of `but` weigh on nobody: they are about to be given again.
    """
    away = Absence.objects.on(today).filter(user=OuterRef("pk")).order_by("-last_day")
    users = (
        get_user_model()
        .objects.filter(pk__in=set(keys))
        .select_related("staff_profile")
        .annotate(
            load=carried("pk", but),
            away_until=Subquery(away.values("last_day")[:1]),
        )
    )
    return {
        user.pk: Person(
            user=user,
            load=user.load,
            cap=getattr(getattr(user, "staff_profile", None), "load_cap", None),
            away_until=user.away_until,
            today=today,
        )
        for user in users
    }
