"""« Ma file »: the first page that staff who follow people up see in the morning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib.auth import get_user_model
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q
from django.http import Http404, HttpRequest
from django.template.response import TemplateResponse
from django.utils import timezone

from leads import work_queue
from leads.admin import gestures
from leads.assigning import name_of
from leads.models import Lead
from leads.models.folding import fold
from leads.work_queue import Line, Section

PER_PAGE = 50
FOLLOWS = ("leads.view_lead", "leads.change_lead", "leads.add_activity")


@dataclass(frozen=True, slots=True)
class Whose:
    """Whose queue is shown: one person's, or everybody's (`person` is None)."""

    person: Any | None
    others: list[Any]  # Among whom to choose; empty for who sees their own alone.
    mine: bool

    @property
    def title(self) -> str:
        if self.mine:
            return "Ma file"
        if self.person is None:
            return "La file de l’équipe"
        name = name_of(self.person)
        return f"La file {'d’' if fold(name)[:1] in 'aeiouh' else 'de '}{name}"


def has_queue(user: Any) -> bool:
    """Tell whether somebody follows people up: they see and they act."""
    return bool(user.has_perms(FOLLOWS))


def page(site: Any, request: HttpRequest) -> TemplateResponse:
    """Show the queue of somebody, or one section of it, whole."""
    whose = _whose(request)
    key = request.GET.get("section", "")
    if key and key not in work_queue.TITLES:
        raise Http404
    sections, leaf = _one(request, key, whose) if key else _all(whose)
    query = {name: request.GET[name] for name in gestures.KEPT if name in request.GET}
    context = {
        **site.each_context(request),
        "title": whose.title,
        "subtitle": sections[0].title if key else None,
        "whose": whose,
        "sections": [_shown(section) for section in sections if section.total],
        "one": bool(key),  # Not `leaf`: a page with no line is false.
        "leaf": leaf,
        "today": timezone.localdate(),
        "here": urlencode(query),
        "person_query": urlencode({k: v for k, v in query.items() if k == "personne"}),
        "undo": gestures.undoing(request.GET.get("annuler", "")),
    }
    return TemplateResponse(request, "admin/leads/queue.html", context)


def _whose(request: HttpRequest) -> Whose:
    user: Any = request.user
    asked = request.GET.get("personne", "")
    if not user.has_perm("leads.view_all_lead"):
        if asked not in ("", str(user.pk)):
            raise PermissionDenied
        return Whose(user, [], mine=True)
    people = _people()
    if not asked:
        return Whose(None, people, mine=False)
    found = next((p for p in (*people, user) if str(p.pk) == asked), None)
    if found is None:
        raise Http404
    return Whose(found, people, mine=found.pk == user.pk)


def _people() -> list[Any]:
    """Return who has a queue: the sales staff, and whoever has open leads."""
    theirs = Lead.objects.genuine().open().filter(owner=OuterRef("pk"))
    groups = get_user_model().groups.through.objects.filter(
        user=OuterRef("pk"), group__name="Commercial"
    )
    people = get_user_model().objects.filter(
        Q(is_active=True, is_staff=True) & Exists(groups) | Exists(theirs)
    )
    return sorted(people, key=lambda person: name_of(person).lower())


def _all(whose: Whose) -> tuple[list[Section], None]:
    return work_queue.sections(whose.person), None


def _one(request: HttpRequest, key: str, whose: Whose) -> tuple[list[Section], Any]:
    rows = work_queue.section(key, whose.person)
    leaf = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    lines = work_queue.lines(list(leaf))
    title, hint = work_queue.TITLES[key]
    return [Section(key, title, hint, leaf.paginator.count, lines)], leaf


@dataclass(frozen=True, slots=True)
class Shown:
    """A section with, for each line, the one to come back to after a gesture."""

    section: Section
    rows: list[tuple[Line, str]]
    takes: bool  # Nobody's: the gesture is to take.


def _shown(section: Section) -> Shown:
    keys = [f"ligne-{line.lead.pk}" for line in section.lines]
    neighbours = [*keys[1:], keys[-2] if len(keys) > 1 else section.key]
    rows = list(zip(section.lines, neighbours, strict=True))
    return Shown(section, rows, section.key == work_queue.UNASSIGNED)
