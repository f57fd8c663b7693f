"""Read the anonymous audience: sums of counts, by step, and nothing of anybody.

They are cut by source, campaign and machine alone, which is all that is known. No
count of them is of the people whom the other figures are of: never divide one by the
other without saying so.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import ExtractHour, TruncDate
from django.utils import timezone

from leads.analytics.filters import NONE, Filters
from leads.forms import RequestForm
from leads.models import AudienceCount

Step = AudienceCount.Step
Steps = dict[str, int]

# Each with the one that its rate is of.
STEPS = (
    (
        Step.PAGE,
        "Pages vues",
        "Affichages de la page de l’étude dans un navigateur où les scripts "
        "fonctionnent. La même personne compte autant de fois qu’elle l’ouvre.",
        "",
    ),
    (
        Step.FORM,
        "Formulaires vus",
        "Pages vues où le formulaire est venu à l’écran.",
        Step.PAGE,
    ),
    (
        Step.STARTED,
        "Commencés",
        "Pages vues où au moins un champ du formulaire a été rempli.",
        Step.FORM,
    ),
    (
        Step.SUBMITTED,
        "Envoyés",
        "Pages vues où le bouton d’envoi a été pressé, que les réponses aient été "
        "acceptées ou non\u202f; une correction n’est pas un nouvel envoi.",
        Step.STARTED,
    ),
)
ERRORS = (
    "Champs refusés par le serveur après un envoi, une fois par champ et par page "
    "d’erreurs."
)
NOTE = (
    "Comptes anonymes, sans cookie ni identifiant, tenus par heure, robots à part. "
    "Ils ne se rattachent à aucune personne."
)
CUTS = frozenset({"origin", "campaign"})


def applies(filters: Filters) -> bool:
    """Tell whether these filters can cut the audience: by source and campaign only."""
    return set(filters.cuts) <= CUTS


def rows(filters: Filters, *, robots: bool = False) -> QuerySet[AudienceCount]:
    """Return the aggregates of whole days in Europe/Paris.

    Raises ValueError where the filters know more of people than the audience does.
    """
    if not applies(filters):
        raise ValueError(f"the audience is not cut by {sorted(filters.cuts)}")
    values = {cut: "" if v == NONE else v for cut, v in filters.cuts.items()}
    return AudienceCount.objects.filter(
        hour__gte=_midnight(filters.first),
        hour__lt=_midnight(filters.last + timedelta(days=1)),
        robot=robots,
        **values,
    )


def counts(filters: Filters, *, robots: bool = False) -> Steps:
    """Return the count of each step."""
    return _every(_summed(rows(filters, robots=robots).values("step"), "step"))


def by(filters: Filters, cut: str, *, robots: bool = False) -> dict[str, Steps]:
    """Return the counts for each value of `origin`, `campaign` or `device`."""
    return _grouped(rows(filters, robots=robots), F(cut))


def by_hour(filters: Filters, *, robots: bool = False) -> dict[int, Steps]:
    """Return the counts of each hour of the day, from 0 to 23, in Europe/Paris."""
    found = _grouped(rows(filters, robots=robots), ExtractHour("hour"))
    return {hour: found.get(hour, _every({})) for hour in range(24)}


def series(filters: Filters, *, robots: bool = False) -> dict[date, Steps]:
    """Return the counts of each day, none left out."""
    found = _grouped(rows(filters, robots=robots), TruncDate("hour"))
    days = (filters.first + timedelta(days=n) for n in range(filters.days))
    return {day: found.get(day, _every({})) for day in days}


def errors(filters: Filters, *, robots: bool = False) -> list[tuple[str, str, int]]:
    """Return (field, its label, how often it was refused), the most first."""
    refused = rows(filters, robots=robots).filter(step=Step.ERROR)
    found = _summed(refused.values("field"), "field")
    return [
        (field, str(RequestForm.base_fields[field].label or field), count)
        if field in RequestForm.base_fields
        else (field, field, count)
        for field, count in sorted(found.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())


def _summed(grouped: Any, key: str) -> dict[Any, int]:
    return {row[key]: row["n"] for row in grouped.annotate(n=Sum("count")).order_by()}


def _grouped(found: QuerySet[AudienceCount], by: Any) -> dict[Any, Steps]:
    """Sum by something and by step, errors apart: they have a list of their own."""
    rows: Any = (
        found.exclude(step=Step.ERROR)
        .values("step", key=by)
        .annotate(n=Sum("count"))
        .order_by("key")
    )
    told: dict[Any, Steps] = {}
    for row in rows:
        told.setdefault(row["key"], _every({}))[row["step"]] = row["n"]
    return told


def _every(found: dict[Any, int]) -> Steps:
    return {step.value: found.get(step.value, 0) for step, *_ in STEPS}
