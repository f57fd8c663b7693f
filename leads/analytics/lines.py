"""Show the rows of a tile as lines of text, and name nobody who may not be named.

A person who objects to the measure or was erased is one line that says nothing more:
looked up as the line is made, not in facts that may be a minute old.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import F, QuerySet, Sum
from django.db.models.functions import TruncDate
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime

from leads import assigning, sources
from leads.analytics.labels import Labels
from leads.analytics.tiles import Kind, Tile
from leads.channels import last_word
from leads.models import AudienceCount, ConsentEvent, Lead
from reports.downloads import rule_of

NOTHING = "—"
MEASURE = ConsentEvent.Purpose.MEASURE
OBJECTS = "Une personne qui refuse la mesure"
ERASED = "Une personne effacée"
FROZEN = "Une personne qui a suspendu l’usage de ses données"
ANOTHER_S = "Un contact confié depuis à quelqu’un d’autre"


@dataclass(frozen=True, slots=True)
class Line:
    cells: list[str]
    url: str = ""  # Of the page of the person, in the first cell.
    named: bool = True


@dataclass(frozen=True, slots=True)
class Listing:
    """How the rows of one kind are read: their heads, their order and their lines."""

    heads: list[str]
    rows: QuerySet[Any]
    line: Callable[[Any], Line]

    def lines(self, rows: Iterable[Any]) -> Iterator[Line]:
        """Yield the lines, last those that name nobody: a place would tell a day."""
        unnamed = []
        for row in rows:
            line = self.line(row)
            if line.named:
                yield line
            else:
                unnamed.append(line)
        yield from sorted(unnamed, key=lambda line: line.cells[0])


def listing(tile: Tile, rows: QuerySet[Any], user: Any, labels: Labels) -> Listing:
    """Return how to list the rows of a tile for somebody. No query yet."""
    match tile.kind:
        case Kind.AUDIENCE:
            by_hour = rows.model is AudienceCount
            return (_audience if by_hour else _days)(rows, labels)
        case Kind.PEOPLE:
            return _people(tile, rows, user)
        case Kind.SUBMISSIONS:
            return _submissions(rows, user, labels)
        case Kind.HITS:
            return _hits(rows)


def unnamed(lead: Lead, granted: bool | None, user: Any) -> str:
    """Return what stands for a person who may not be named, or nothing."""
    if lead.erased_at:
        return ERASED
    if lead.frozen_at:
        return FROZEN
    if granted is False:
        return OBJECTS
    if user is None or user.has_perm("leads.view_all_lead"):
        return ""
    mine = lead.owner_id in (None, user.pk) and lead.suspected_at is None
    return "" if mine else ANOTHER_S


def _line(words: str, cells: list[str], url: str = "") -> Line:
    """Return a line, or one that only says why it names nobody."""
    if words:
        return Line([words, *[NOTHING] * (len(cells) - 1)], named=False)
    return Line(cells, url)


def instant(at: datetime | None) -> str:
    return date_format(localtime(at), "SHORT_DATETIME_FORMAT") if at else NOTHING


def day(at: datetime | date | None) -> str:
    """Return a day and no more: that is what the notice tells people."""
    if isinstance(at, datetime):
        at = localtime(at).date()
    return date_format(at, "SHORT_DATE_FORMAT") if at else NOTHING


def page_of(lead: Lead) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


# Tile → (head, what it shows of the facts), beyond what every person's line has.
_OWN: dict[str, tuple[str, Callable[[Any], str]]] = {
    "rendered": ("Rendue", lambda facts: instant(facts.rendered_at)),
    "retrieved": ("Premier retrait", lambda facts: day(facts.retrieved_at)),
    "contacted": ("Premier contact", lambda facts: instant(facts.contacted_at)),
    "met": ("Rendez-vous", lambda facts: instant(facts.met_at)),
    "won": ("Gagné", lambda facts: instant(facts.won_at)),
}


def _people(tile: Tile, rows: QuerySet[Any], user: Any) -> Listing:
    own = [_OWN[tile.key]] if tile.key in _OWN else []
    heads = ["Personne", "Établissement", "Type", "Responsable", "Demande", "Remise"]

    def line(facts: Any) -> Line:
        lead = facts.lead
        cells = [
            str(lead),
            lead.organisation or NOTHING,
            lead.get_organisation_type_display() or NOTHING,
            assigning.name_of(lead.owner),
            instant(facts.asked_at),
            instant(facts.delivered_at),
            *(show(facts) for _, show in own),
        ]
        return _line(unnamed(lead, facts.granted, user), cells, page_of(lead))

    ordered = rows.select_related("lead__owner").order_by("-day", "-asked_at", "-pk")
    return Listing(
        [*heads, *(head for head, _ in own)],
        ordered.annotate(granted=last_word(MEASURE, "lead_id")),
        line,
    )


def _said(labels: Labels, cut: str, came: str, names: dict[str, str]) -> str:
    """Return the name of what a link carried; in quotes, as it came, if it has none."""
    if came and came not in names:
        return f"«\u00a0{came}\u00a0»"
    return labels.of(cut, names.get(came, ""))


def _submissions(rows: QuerySet[Any], user: Any, labels: Labels) -> Listing:
    campaigns = sources.known_campaigns()

    def line(row: Any) -> Line:
        cells = [
            row.full_name,
            row.organisation or NOTHING,
            row.get_organisation_type_display() or NOTHING,
            _said(labels, "origin", row.origin, sources.ORIGINS),
            _said(labels, "campaign", row.campaign, campaigns),
            instant(row.created_at),
        ]
        return _line(unnamed(row.lead, row.granted, user), cells, page_of(row.lead))

    return Listing(
        ["Personne", "Établissement", "Type", "Source", "Campagne", "Reçue"],
        rows.select_related("lead")
        .annotate(granted=last_word(MEASURE, "lead_id"))
        .order_by("-lead__facts__day", "-lead_id", "-created_at", "-pk"),
        line,
    )


def _hits(rows: QuerySet[Any]) -> Listing:
    """List requests to the day, by the reference of the copy alone."""

    def line(hit: Any) -> Line:
        lead = hit.copy.lead
        cells = [
            hit.copy.reference,
            day(hit.day),
            hit.method,
            hit.get_agent_display(),
            hit.get_confidence_display(),
            rule_of(hit.settled).name,
            "oui" if hit.served else "non",
        ]
        return _line(unnamed(lead, hit.granted, None), cells)

    return Listing(
        ["Exemplaire", "Jour", "Méthode", "Agent", "Confiance", "Règle", "Servi"],
        rows.select_related("copy__lead")
        .annotate(day=TruncDate("at"), granted=last_word(MEASURE, "copy__lead_id"))
        .order_by("-copy__lead__facts__day", "-copy__lead_id", "-day", "pk"),
        line,
    )


def _audience(rows: QuerySet[Any], labels: Labels) -> Listing:
    devices = dict(AudienceCount.Device.choices)

    def line(row: Any) -> Line:
        return Line(
            [
                instant(row["hour"]),
                labels.of("origin", row["origin"]),
                labels.of("campaign", row["campaign"]),
                str(devices.get(row["device"], row["device"])),
                str(row["times"]),
            ]
        )

    names = ("hour", "origin", "campaign", "device")
    grouped = rows.values(*names).annotate(times=Sum(F("count")))
    return Listing(
        ["Heure", "Source", "Campagne", "Appareil", "Nombre"],
        grouped.order_by("-hour", *names[1:]),
        line,
    )


def _days(rows: QuerySet[Any], labels: Labels) -> Listing:
    def line(row: Any) -> Line:
        source, campaign = (labels.of(cut, row[cut]) for cut in names[1:])
        return Line([day(row["day"]), source, campaign, str(row["times"])])

    names = ("day", "origin", "campaign")
    grouped = rows.values(*names).annotate(times=Sum(F("count")))
    return Listing(
        ["Jour", "Source", "Campagne", "Nombre"],
        grouped.order_by("-day", *names[1:]),
        line,
    )
