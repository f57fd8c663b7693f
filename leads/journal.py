"""Write down who of staff saw, took away or changed what (ASVS 5.0, 16.3; S23, S25).

Changes made in the admin come by a trigger on its log, whoever writes it; pages of one
person, sheets and proofs by the middleware; exports and sign-ins by a call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.http import HttpRequest, HttpResponseBase

from leads.models import (
    ConsentEvent,
    JournalEntry,
    Lead,
    PrivacyEvent,
    RightsRequest,
    Submission,
    Suspect,
)
from outbox.models import Message, Undelivered
from reports.models import Copy

Act = JournalEntry.Act
# Whose page is whose: the model behind an admin's page, and the way to its lead.
PEOPLE: dict[str, tuple[type[Model], str]] = {
    model._meta.label_lower.replace(".", "_"): (model, path)
    for model, path in (
        (Lead, "pk"),
        (Suspect, "pk"),
        (RightsRequest, "lead_id"),
        (Submission, "lead_id"),
        (Copy, "lead_id"),
        (Message, "lead_id"),
        (Undelivered, "lead_id"),
        (ConsentEvent, "lead_id"),
        (PrivacyEvent, "lead_id"),
        (RightsRequest, "lead_id"),
    )
}
PAPERS = ("call_sheet", "proof")


def record(
    act: JournalEntry.Act,
    user: Any = None,
    *,
    about: Model | type[Model] | None = None,
    lead: int | None = None,
    count: int | None = None,
    page: str = "",
    filters: str = "",
) -> None:
    """Add a line. `about` is a row, or the model whose rows were taken away.

    Raises what the database raises: what cannot be written down is not done.
    """
    kind = None
    if about is not None:
        kind = ContentType.objects.get_for_model(about, for_concrete_model=False)
    JournalEntry.objects.create(
        act=act,
        user_id=getattr(user, "pk", None),
        content_type=kind,
        object_id=str(about.pk or "") if isinstance(about, Model) else "",
        lead_id=lead,
        count=count,
        page=page[:100],
        filters=filters[:500],
    )


def record_sheets(user: Any, leads: Iterable[int], page: str) -> None:
    """Add a line for each person whose sheet was taken from a list."""
    kind = ContentType.objects.get_for_model(Lead)
    JournalEntry.objects.bulk_create(
        JournalEntry(
            act=Act.PRINTED,
            user_id=user.pk,
            content_type=kind,
            object_id=str(lead),
            lead_id=lead,
            page=page,
        )
        for lead in leads
    )


class JournalMiddleware:
    """Write down each page of one person, sheet or proof that staff were shown."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        match = request.resolver_match
        if (
            match is not None
            and match.app_name == "admin"
            and response.status_code == 200
            and request.method in ("GET", "POST")
        ):
            _note(request, match)
        return response


def _note(request: HttpRequest, match: Any) -> None:
    found = _whose(match)
    if found is None or not request.user.is_authenticated:
        return
    about, lead = found
    paper = any(name in match.url_name for name in PAPERS)
    act = Act.PRINTED if paper else Act.SEEN
    record(act, request.user, about=about, lead=lead, page=match.url_name)


def _whose(match: Any) -> tuple[Model, int | None] | None:
    """Return the row that a page is about, and its lead; None for other pages."""
    pk = match.kwargs.get("object_id", match.kwargs.get("pk"))
    for name, (model, path) in PEOPLE.items():
        if pk is None or not str(match.url_name).startswith(f"{name}_"):
            continue
        if not str(pk).isdecimal():
            return None
        if path == "pk":
            return model(pk=int(pk)), int(pk)
        lead = model._default_manager.filter(pk=int(pk)).values_list(path, flat=True)
        return model(pk=int(pk)), lead.first()
    return None
