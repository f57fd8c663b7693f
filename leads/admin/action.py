"""« Preuve d’action »: what was made of the leads, and whom nobody has called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from itertools import batched
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from leads import assigning, business_days
from leads.admin import csv_file, people
from leads.admin.action_lines import HEADS, cells_of, lines_of
from leads.analytics import action, delays
from leads.analytics.filters import NAMES, NONE, Filters
from leads.analytics.labels import Labels
from leads.models import Lead

WEEKS = 12  # Shown where no period is asked for.
PER_PAGE, AT_ONCE = 50, 2000  # People of a page, and read at once for a file.
WAITING = "a-appeler"  # In the address of a file: who was never called.


@dataclass(frozen=True, slots=True)
class Cell:
    count: int
    total: int
    url: str
    key: str

    @property
    def waits(self) -> bool:
        return self.key in (delays.NOT_YET, action.BROKEN)


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
    labels = _labels(request, filters)
    waiting = Paginator(action.never_called(filters), PER_PAGE)
    waiting.count = action.to_call(filters)  # Counted already.
    page = waiting.get_page(request.GET.get("page"))
    may_assign = request.user.has_perm("leads.assign_lead")
    context = {
        **_context(request, filters, labels, "Preuve d’action"),
        **grids(filters),
        "page": page,
        "lines": list(lines_of(page, request.user, "delivered_at", labels)),
        "to_call": action.TO_CALL,
        "may_assign": may_assign,
        "may_be_given": [
            (user.pk, people.label_of(user)) for user in people.assignable()
        ]
        if may_assign
        else [],
        "given_to": request.GET.get("a", ""),
        "csv_query": filters.query(delai=WAITING),
        "whole": Filters(filters.first, filters.last).query(),
    }
    return TemplateResponse(request, "admin/measure/action.html", context)


@require_safe
def action_rows(request: HttpRequest) -> TemplateResponse:
    """Show the people whom a cell counts, as many as it says."""
    _check(request)
    filters = filters_of(request)
    labels = _labels(request, filters)
    act, key = _asked(request)
    rows = action.rows(filters, act, key).order_by("-day", "-asked_at", "pk")
    paginator = Paginator(rows, PER_PAGE)
    paginator.count = action.count(filters, act, key)
    page = paginator.get_page(request.GET.get("page"))
    context = {
        **_context(request, filters, labels, f"{act.title}\u00a0: {TITLES[key]}"),
        "act": act,
        "page": page,
        "lines": list(lines_of(page, request.user, act.column, labels)),
        "back": f"{reverse('admin:measure-action')}?{filters.query()}",
        "rows_query": filters.query(etape=act.key, delai=key),
    }
    return TemplateResponse(request, "admin/measure/action_rows.html", context)


def _asked(request: HttpRequest) -> tuple[action.Act, str]:
    """Return the act and the delay of a cell: any first contact, where unnamed."""
    act = action.BY_KEY.get(request.GET.get("etape", ""), action.ACTS[0])
    key = request.GET.get("delai", "")
    return act, key if key in TITLES else action.ALL


@require_POST
def action_csv(request: HttpRequest) -> StreamingHttpResponse:
    """Hand over the people of a cell as a file, or who was never called."""
    _check(request)
    filters = filters_of(request)
    labels = _labels(request, filters)
    act, key = _asked(request)
    if request.GET.get("delai") == WAITING:
        title, column, since = "Remis, jamais appelés", "delivered_at", "Remis le"
        rows = action.never_called(filters)
    else:
        title, column = f"{act.title}\u00a0: {TITLES[key]}", act.column
        since = f"{act.title} le"
        rows = action.rows(filters, act, key).order_by("-asked_at", "pk")
    lines = (
        line
        for some in batched(rows.iterator(chunk_size=AT_ONCE), AT_ONCE)
        for line in lines_of(some, request.user, column, labels)
    )
    return csv_file.handed_over(
        request,
        csv_file.Export(
            f"Preuve d’action\u00a0: {title}",
            labels.sentence(filters),
            rows.count(),
            "preuve-d-action",
            [*HEADS[:3], since, *HEADS[3:]],
            (cells_of(line, column) for line in lines),
        ),
    )


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
    # Where one was, and whom one gives to: the next is often for the same.
    kept = {"page": request.GET.get("page", ""), "a": request.POST.get("a", "")}
    kept = {key: n for key, n in kept.items() if n.isdecimal() and len(n) < 10}
    query = filters_of(request).query(**kept)
    response = redirect(f"{reverse('admin:measure-action')}?{query}#a-appeler")
    response.status_code = 303
    return response


def _assign(request: HttpRequest, lead: str, to: str) -> None:
    user = _by_key(people.assignable(), to)
    if user is None:
        messages.error(request, "Choisissez à qui confier ce contact.")
        return
    people_ = Lead.objects.visible_to(request.user)
    found = _by_key(people_.filter(erased_at=None, frozen_at=None), lead)
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


def _labels(request: HttpRequest, filters: Filters) -> Labels:
    return Labels.read(request.user, [filters.cuts.get("owner", "")])


def _context(
    request: HttpRequest, filters: Filters, labels: Labels, title: str
) -> dict[str, Any]:
    return {
        **admin.site.each_context(request),
        "title": title,
        "filters": filters,
        "sentence": labels.sentence(filters),
        "query": filters.query(),
        "now": timezone.now(),
        "cuts": [(NAMES[cut], value) for cut, value in filters.cuts.items()],
    }


# Under /admin/mesure/action/: the end of the address, the view, its name.
PAGES: tuple[tuple[str, Any, str], ...] = (
    ("", action_page, "measure-action"),
    ("contacts/", action_rows, "measure-action-rows"),
    ("contacts.csv", action_csv, "measure-action-csv"),
    ("confier/", action_assign, "measure-action-assign"),
)
