"""Every figure that the measure shows: what it is, and the rows it is made of.

The same `Tile` counts and lists, so that a figure is as many rows as it opens. Figures
about people are of the cohort: of those whose first valid submission is of the period.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from leads.analytics import anonymous, bits, reading
from leads.analytics.filters import Filters
from leads.analytics.steps import EXCLUDED, STEPS
from leads.models import AsideDay, AudienceCount, LeadFacts, Submission
from reports.downloads import DEFINITIONS, with_settled
from reports.models import Hit

COHORT = (
    "Au jour de la première demande valide de la personne (heure de Paris)\u00a0: ce "
    "qui arrive ensuite, même plus tard, compte pour ce jour-là."
)
OBJECTORS = (
    "Qui s’est opposé à la mesure, ou a été effacé, compte dans le total et n’est "
    "jamais nommé."
)


class Kind(StrEnum):
    """What the rows of a tile are."""

    PEOPLE = "personnes"
    SUBMISSIONS = "demandes"
    HITS = "requêtes"
    AUDIENCE = "agrégats"


@dataclass(frozen=True, slots=True)
class Tile:
    key: str  # In addresses, and the column of a count.
    title: str
    definition: str
    kind: Kind
    exclusions: str
    noun: str  # « 12 contacts »: what it is as a denominator.
    of: str = ""  # The tile that its rate is of.
    at: str = "Au jour et à l’heure du pas (heure de Paris)."
    robots: bool = False

    @property
    def is_anonymous(self) -> bool:
        return self.kind is Kind.AUDIENCE

    def rows(self, filters: Filters, rule: str = "") -> QuerySet[Any]:
        """Return the rows that the figure counts, in no order."""
        match self.kind:
            case Kind.AUDIENCE:
                return _aggregates(self, filters)
            case Kind.PEOPLE:
                return _people(self, filters)
            case Kind.SUBMISSIONS:
                return _submissions(filters)
            case Kind.HITS:
                return _hits(self, filters, rule)

    def count(self, filters: Filters, rule: str = "") -> int:
        """Return how many rows there are, as they are counted already.

        For what is anonymous, add up the aggregates.
        """
        if self.is_anonymous:
            rows = _steps(self, anonymous.found(filters))
            total: int = rows.aggregate(total=Coalesce(Sum("count"), 0))["total"]
            return total
        if self.key in ("set_aside", "served_aside"):
            whole = self.key == "set_aside"
            return sum(
                requests if whole else files
                for code, requests, files in set_aside(filters)
                if rule in ("", code)
            )
        if len(filters.kept) > 1:
            return reading.count(filters, [self.key])[self.key]
        return reading.counts(filters)[self.key]


def _aggregates(tile: Tile, filters: Filters) -> QuerySet[Any]:
    is_short = filters.days <= anonymous.HOURLY
    return _steps(tile, (anonymous.hours if is_short else anonymous.found)(filters))


def _steps(tile: Tile, rows: QuerySet[Any]) -> QuerySet[Any]:
    step = AudienceCount.Step.PAGE if tile.robots else tile.key
    return rows.filter(step=step, robot=tile.robots)


def _people(tile: Tile, filters: Filters) -> QuerySet[LeadFacts]:
    step = next(step for step in STEPS if step.key == tile.key)
    return reading.facts(filters).filter(step.rows)


def _submissions(filters: Filters) -> QuerySet[Submission]:
    people = filters.facts("lead__facts__")
    return Submission.objects.filter(people, suspicion="")


def _hits(tile: Tile, filters: Filters, rule: str) -> QuerySet[Any]:
    """Return the requests; of leads whose facts say that they have such ones alone."""
    facts = "copy__lead__facts__"
    measured = {f"{facts}measured": True}
    hits: Any = with_settled(Hit.objects.filter(filters.facts(facts), **measured))
    rows: Any
    match tile.key:
        case "retrievals":
            rows = hits.probable().filter(**{f"{facts}retrieved_at__isnull": False})
        case "raw_retrievals":
            rows = hits.served().filter(**{f"{facts}raw_retrievals__gt": 0})
        case _:
            rows = hits.exclude(counted=True, confidence__in=Hit.HUMAN)
            if tile.key == "served_aside":
                rows = rows.served()
    if rule:
        rows = rows.filter(settled=rule, **{f"{facts}set_aside__has_key": rule})
    found: QuerySet[Any] = rows
    return found


def aside_days(filters: Filters) -> QuerySet[AsideDay]:
    """Return the days that hold the answer where no more than one cut is filtered."""
    found = AsideDay.objects.filter(day__gte=filters.first, day__lte=filters.last)
    ((cut, values),) = filters.kept.items() or [("", [""])]
    return found.filter(cut=cut, value__in=values)


type Aside = tuple[str, int, int]  # Rule, requests, of which served a file.


def set_aside(filters: Filters) -> list[Aside]:
    """Return (rule, requests set aside, of which served a file), the most first.

    From the days where they hold the answer, else from their columns. One query.
    """
    if len(filters.kept) < 2:
        days = aside_days(filters).values_list("rule")
        found = days.annotate(Sum("requests"), Sum("files"))
        return _most_first(found.order_by())
    return aside_of(bits.read(filters, [bits.REQUESTS, bits.FILES]))


def aside_of(found: bits.Columns) -> list[Aside]:
    requests, files = (
        found.by_rule(found.kept, name) for name in (bits.REQUESTS, bits.FILES)
    )
    return _most_first((r, n, files[r]) for r, n in requests.items() if n)


def _most_first(rows: Iterable[Aside]) -> list[Aside]:
    return sorted(rows, key=lambda row: (-row[1], row[0]))


_NOUNS = {
    "leads": "contacts",
    "rendered": "synthèses rendues",
    "delivered": "remis",
    "retrieved": "retirés",
    "contacted": "premiers contacts",
    "met": "rendez-vous",
    "won": "gagnés",
}
_ROBOTS = (
    "Sans les robots qui se nomment, les navigateurs pilotés et les visites en rafale, "
    "comptés à part. Sans JavaScript, rien n’est compté. Une page revue compte "
    "deux fois."
)
NO_OBJECTOR = (
    "Les requêtes de qui s’est opposé à la mesure n’y sont pas, sans que les remis "
    "changent\u00a0: dans un filtre étroit, elles le désigneraient. Qui a été effacé "
    "compte et n’est jamais nommé."
)
_HITS = f"Suspects, essais et contacts fusionnés ne sont pas comptés. {NO_OBJECTOR}"

ANONYMOUS = (
    Tile(
        "page",
        "Pages vues",
        "Affichages de la page de l’étude, comptés par le navigateur, sans cookie ni "
        "identifiant\u00a0: des visites, et non des personnes.",
        Kind.AUDIENCE,
        _ROBOTS,
        "pages vues",
    ),
    Tile(
        "form",
        "Formulaire vu",
        "Visites où le formulaire est entré dans l’écran.",
        Kind.AUDIENCE,
        _ROBOTS,
        "formulaires vus",
        "page",
    ),
    Tile(
        "started",
        "Formulaire commencé",
        "Visites où un champ a été rempli ou choisi.",
        Kind.AUDIENCE,
        _ROBOTS,
        "formulaires commencés",
        "form",
    ),
    Tile(
        "submitted",
        "Formulaire envoyé",
        "Visites où le formulaire a été envoyé, accepté ou non.",
        Kind.AUDIENCE,
        _ROBOTS,
        "formulaires envoyés",
        "started",
    ),
)
ROBOTS = Tile(
    "robots",
    "Pages vues par des robots",
    "Affichages de la page par des robots, tenus à part de tous les autres nombres.",
    Kind.AUDIENCE,
    "Seuls sont comptés ceux qui font tourner le script de la page.",
    "pages vues par des robots",
    robots=True,
)
SUBMISSIONS = Tile(
    "submissions",
    "Demandes valides",
    "Toutes les demandes valides des contacts de la période, celles d’après comprises.",
    Kind.SUBMISSIONS,
    f"{EXCLUDED} {OBJECTORS}",
    "demandes",
    at=COHORT,
)
PEOPLE = tuple(
    Tile(
        step.key,
        step.title,
        step.definition,
        Kind.PEOPLE,
        f"{EXCLUDED} {NO_OBJECTOR if step.key == 'retrieved' else OBJECTORS}",
        _NOUNS[step.key],
        step.of,
        COHORT,
    )
    for step in STEPS
)
RETRIEVALS = (
    Tile(
        "retrievals",
        "Retraits probables",
        DEFINITIONS["probable"],
        Kind.HITS,
        _HITS,
        "retraits probables",
        at=COHORT,
    ),
    Tile(
        "raw_retrievals",
        "Retraits bruts",
        DEFINITIONS["raw"],
        Kind.HITS,
        _HITS,
        "retraits bruts",
        at=COHORT,
    ),
)
ASIDE = (
    Tile(
        "set_aside",
        "Requêtes écartées",
        DEFINITIONS["set_aside"],
        Kind.HITS,
        _HITS,
        "requêtes écartées",
        at=COHORT,
    ),
    Tile(
        "served_aside",
        "Retraits bruts écartés",
        "Retraits bruts qui ne sont pas probables\u00a0: la différence des deux.",
        Kind.HITS,
        _HITS,
        "retraits écartés",
        at=COHORT,
    ),
)
TILES = (*ANONYMOUS, ROBOTS, SUBMISSIONS, *PEOPLE, *RETRIEVALS, *ASIDE)
BY_KEY = {tile.key: tile for tile in TILES}
