"""« Preuve d’action »: what was made of the leads, and whom nobody has called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from leads import assigning, business_days, sources
from leads.analytics import action, delays
from leads.analytics.filters import NAMES, NONE, Filters
from leads.models import Campaign, ConsentEvent, Lead, LeadFacts
from leads.models.campaign import Origin

WEEKS = 12  # Shown where no period is asked for.
PER_PAGE = 50


@dataclass(frozen=True, slots=True)
class Cell:
    count: int
    total: int
    url: str
    key: str

    @property
    def waits(self) -> bool:
        return self.key in (delays.NOT_YET, action.BROKEN)


@dataclass(frozen=True, slots=True)
class Line:
    """One of the people a figure counts; nothing but `nobody` where they may not be
    named: it says why."""

    fact: LeadFacts
    nobody: str
    since: int | None  # Business days to the act, or to today.
    first_touch: str
    last_touch: str

    @property
    def lead(self) -> Lead:
        return self.fact.lead


def filters_of(request: HttpRequest) -> Filters:
    """Read the address; twelve whole weeks where it names no first day."""
    filters = Filters.parse(request.GET.dict(), request.user)
    if request.GET.get("du"):
        return filters
    monday = action.week_of(filters.last) - timedelta(days=7 * (WEEKS - 1))
    return Filters(monday, filters.last, filters.cuts, filters.owner)


def grids(filters: Filters, names: dict[int, str] | None = None) -> dict[str, Any]:
    """Return what templates/admin/measure/_action.html shows. Two queries.

    `names` of accounts spares the second.
    """
    found = action.cohorts(filters, *action.ACTS)
    contact, meeting = (found[act] for act in action.ACTS)
    if names is None:
        owners = {row.key for row in contact.people}
        users = get_user_model()._default_manager.filter(pk__in=owners - {None})
        names = {user.pk: assigning.name_of(user) for user in users}
    met = {row.key: row for row in meeting.people}
    return {
        "delays": delays.DELAYS,
        "grids": [
            {
                "act": act,
                "weeks": [(row.key, _week(filters, act, row)) for row in table.weeks],
            }
            for act, table in found.items()
        ],
        "people": [
            (
                names.get(row.key, f"compte {row.key}") if row.key else "Personne",
                _person(filters, row, met[row.key]),
            )
            for row in contact.people
        ],
        "example": next((row for row in contact.weeks if row.total), None),
        "promise": business_days.PROMISE,
        "example_kept": next(
            (row.count(action.KEPT) for row in contact.weeks if row.total), 0
        ),
    }


def _week(filters: Filters, act: action.Act, row: action.Row) -> list[Cell]:
    of_week = Filters(
        max(row.key, filters.first),
        min(row.key + timedelta(days=6), filters.last),
        filters.cuts,
    )
    return [_cell(of_week, act, row, key) for key in (*delays.KEYS, action.ALL)]


def _person(filters: Filters, row: action.Row, met: action.Row) -> list[Cell]:
    mine = filters.having("owner", str(row.key or NONE))
    contact, meeting = action.ACTS
    return [
        _cell(mine, contact, row, action.ALL),
        _cell(mine, contact, row, action.KEPT),
        _cell(mine, contact, row, action.BROKEN),
        _cell(mine, contact, row, delays.NOT_YET),
        _cell(mine, meeting, met, action.DONE),
    ]


def _cell(filters: Filters, act: action.Act, row: action.Row, key: str) -> Cell:
    query = filters.query(etape=act.key, delai=key)
    url = f"{reverse('admin:measure-action-rows')}?{query}"
    return Cell(row.count(key), row.total, url, key)


@require_safe
def action_page(request: HttpRequest) -> TemplateResponse:
    """Show the cohorts, what each person did, and who was never called."""
    _check(request)
    filters = filters_of(request)
    staff = list(get_user_model()._default_manager.filter(is_staff=True))
    waiting = Paginator(action.never_called(filters), PER_PAGE)
    page = waiting.get_page(request.GET.get("page"))
    context = {
        **_context(request, filters, "Preuve d’action"),
        **grids(filters, {user.pk: assigning.name_of(user) for user in staff}),
        "page": page,
        "lines": _lines(page, request.user, "delivered_at"),
        "to_call": action.TO_CALL,
        "may_assign": request.user.has_perm("leads.assign_lead"),
        "may_be_given": [
            (user.pk, assigning.name_of(user))
            for user in staff
            if assigning.may_be_given(user)
        ],
    }
    return TemplateResponse(request, "admin/measure/action.html", context)


@require_safe
def action_rows(request: HttpRequest) -> TemplateResponse:
    """Show the people whom a cell counts, as many as it says."""
    _check(request)
    filters = filters_of(request)
    act = action.BY_KEY.get(request.GET.get("etape", ""), action.ACTS[0])
    key = request.GET.get("delai", "")
    key = key if key in TITLES else action.ALL
    rows = action.rows(filters, act, key).order_by("-asked_at", "pk")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    context = {
        **_context(request, filters, f"{act.title}\u00a0: {TITLES[key]}"),
        "act": act,
        "page": page,
        "lines": _lines(page, request.user, act.column),
        "back": f"{reverse('admin:measure-action')}?{filters.query()}",
        "rows_query": filters.query(etape=act.key, delai=key),
    }
    return TemplateResponse(request, "admin/measure/action_rows.html", context)


TITLES = {
    "0-1": "0 ou 1 jour ouvré",
    "2": "2 jours ouvrés",
    "3-5": "3 à 5 jours ouvrés",
    "6-10": "6 à 10 jours ouvrés",
    "plus": "plus de 10 jours ouvrés",
    delays.NOT_YET: "pas encore",
    action.KEPT: f"dans les {business_days.PROMISE} jours ouvrés promis",
    action.BROKEN: f"après les {business_days.PROMISE} jours ouvrés promis",
    action.DONE: "fait",
    action.ALL: "tous les contacts",
}


@require_POST
def action_assign(request: HttpRequest) -> HttpResponse:
    """Give one lead that was never called to somebody, and come back."""
    _check(request)
    if not request.user.has_perm("leads.assign_lead"):
        raise PermissionDenied
    _assign(request, request.POST.get("contact", ""), request.POST.get("a", ""))
    response = redirect(
        f"{reverse('admin:measure-action')}?{filters_of(request).query()}#a-appeler"
    )
    response.status_code = 303
    return response


def _assign(request: HttpRequest, lead: str, to: str) -> None:
    user = _by_key(get_user_model()._default_manager.filter(is_staff=True), to)
    if user is None:
        messages.error(request, "Choisissez à qui confier ce contact.")
        return
    people = Lead.objects.visible_to(request.user).filter(
        erased_at=None, frozen_at=None
    )
    found = _by_key(people, lead)
    if found is None:
        messages.error(request, "Ce contact n’existe plus, ou a été effacé.")
        return
    by = assigning.name_of(request.user)
    try:
        given = assigning.assign(
            [found.pk],
            user,
            why=f"Confié par {by}\u00a0: remis, jamais appelé",
            by=request.user,
        )
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return
    to_whom = assigning.name_of(user)
    said = "est confié à" if given else "était déjà confié à"
    # Who objects to the measure is named nowhere in it.
    name = "Ce contact" if found.refuses_measure else str(found)
    messages.success(request, f"{name} {said} {to_whom}.")


def _by_key(rows: Any, key: str) -> Any:
    return (
        rows.filter(pk=int(key)).first() if key.isdecimal() and len(key) < 18 else None
    )


def _check(request: HttpRequest) -> None:
    if not request.user.has_perm("leads.view_lead"):
        raise PermissionDenied


def _context(request: HttpRequest, filters: Filters, title: str) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": title,
        "filters": filters,
        "query": filters.query(),
        "now": timezone.now(),
        "cuts": [(NAMES[cut], value) for cut, value in filters.cuts.items()],
    }


def _lines(facts: Iterable[LeadFacts], user: Any, column: str) -> list[Line]:
    """Return people as they may be shown at this moment, not as of the last count."""
    listed = list(
        LeadFacts.objects.filter(pk__in=[fact.pk for fact in facts]).select_related(
            "lead__owner"
        )
    )
    by_key = {fact.pk: fact for fact in listed}
    objectors = _objectors(list(by_key))
    names = dict(Campaign.objects.values_list("code", "name"))
    return [
        Line(
            fact,
            _nobody(fact.lead, user, objectors),
            _since(fact, column),
            _touch(fact.origin, fact.campaign, names),
            _touch(fact.last_origin, fact.last_campaign, names),
        )
        for fact in (by_key[fact.pk] for fact in facts if fact.pk in by_key)
    ]


def _touch(origin: str, campaign: str, names: dict[str, str]) -> str:
    """Return « salon ou congrès, Rennes 2026 »."""
    labels = dict(Origin.choices)
    words = [str(labels.get(origin, origin)), names.get(campaign, "")]
    if campaign == sources.UNKNOWN:
        words[1] = "autre campagne"
    return ", ".join(filter(None, words)) or "sans source"


def _objectors(leads: list[int]) -> set[int]:
    acts = ConsentEvent.objects.filter(
        lead__in=leads, purpose=ConsentEvent.Purpose.MEASURE
    )
    latest = acts.order_by("lead_id", "-at", "-pk").distinct("lead_id")
    return {act.lead_id for act in latest if not act.granted}


def _nobody(lead: Lead, user: Any, objectors: set[int]) -> str:
    if lead.erased_at:
        return "Une personne effacée"
    if lead.frozen_at:
        return "Une personne qui a suspendu l’usage de ses données"
    if lead.pk in objectors:
        return "Une personne qui refuse la mesure"
    if lead.owner_id not in (None, user.pk) and not user.has_perm(
        "leads.view_all_lead"
    ):
        return "Une personne confiée depuis à quelqu’un d’autre"
    return ""


def _since(fact: LeadFacts, column: str) -> int | None:
    """Return the business days to an act; from the delivery to today, for that one."""
    at = getattr(fact, column)
    if at is None:
        return None
    day: date = timezone.localdate(at)
    if column == "delivered_at":
        return business_days.between(day, timezone.localdate())
    return max(0, business_days.between(fact.day, day))


# Under /admin/mesure/action/: the end of the address, the view, its name.
PAGES: tuple[tuple[str, Any, str], ...] = (
    ("", action_page, "measure-action"),
    ("contacts/", action_rows, "measure-action-rows"),
    ("confier/", action_assign, "measure-action-assign"),
)
