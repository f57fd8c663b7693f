"""What one press does with a person of the queue: done, put off, taken, undone."""

from __future__ import annotations

import re
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_POST

from leads import assigning, business_days, exchanges, queue_words
from leads.channels import channels_of, with_consents
from leads.models import Activity, Lead

KEPT = ("personne", "section", "page")  # Of the address that staff come back to.
ANCHOR = re.compile(r"[a-z]+(-\d{1,20})?", re.ASCII)
SALT = "leads.gestures"
UNDO_SECONDS = 3600
DONE = {
    Activity.Kind.CALL: "Appel noté",
    Activity.Kind.EMAIL: "Courriel noté",
    Activity.Kind.MEETING: "Rendez-vous noté",
}


FROZEN = "usage suspendu à la demande de la personne, rien n’est changé."


class Refused(Exception):
    """What was asked is not done; the words say why, to whoever asked."""


def urls(model_admin: Any) -> list[URLPattern]:
    gestures = (
        ("fait", "done", done, ("leads.change_lead", "leads.add_activity")),
        ("reporter", "postpone", postpone, ("leads.change_lead",)),
        ("prendre", "take", take, ("leads.change_lead",)),
        ("annuler", "undo", undo, ("leads.change_lead",)),
    )
    return [
        path(
            f"<int:pk>/{name}/",
            model_admin.admin_site.admin_view(
                partial(_press, gesture=gesture, needed=needed)
            ),
            name=f"leads_lead_{url_name}",
        )
        for name, url_name, gesture, needed in gestures
    ]


@require_POST
def _press(
    request: HttpRequest, pk: int, *, gesture: Any, needed: tuple[str, ...]
) -> HttpResponse:
    """Do a gesture for whoever may, and go back to where they were, saying what."""
    if not request.user.has_perms(needed):
        raise PermissionDenied
    undone_by = ""
    try:
        with transaction.atomic():
            undone_by = gesture(request, _locked(request, pk)) or ""
    except Refused as refusal:
        messages.warning(request, str(refusal))
    except ValidationError as error:
        messages.error(request, error.message)
    except exchanges.Gone:
        messages.warning(
            request, "Cette personne a été effacée entre-temps\u00a0: rien n’est noté."
        )
    return redirect(_back(request, undone_by))


def _locked(request: HttpRequest, pk: int) -> Any:
    """Return a lead that the person may act on. Raises Gone, Refused or Http404."""
    rows = Lead.objects.select_for_update(no_key=True, of=("self",))
    lead = rows.filter(pk=pk).select_related("owner").first()
    if lead is None:
        raise Http404
    if lead.erased_at:
        raise exchanges.Gone
    if lead.frozen_at:
        raise Refused(f"{lead}\u00a0: {FROZEN}")
    if not Lead.objects.visible_to(request.user).filter(pk=pk).exists():
        raise Refused(
            "Ce contact est suivi par quelqu’un d’autre\u00a0: rien n’est changé."
        )
    return lead


def _back(request: HttpRequest, undone_by: str) -> str:
    """Return the address of the queue as it was, near the line that was pressed."""
    asked = QueryDict(request.POST.get("vers", "")[:200])
    query = {name: asked[name] for name in KEPT if name in asked}
    if undone_by:
        query["annuler"] = undone_by
    anchor = request.POST.get("ancre", "")
    fragment = anchor if ANCHOR.fullmatch(anchor) else None
    return reverse("admin:index", query=query, fragment=fragment)


def done(request: HttpRequest, lead: Any) -> None:
    """Write down what was planned, once: the line says what had been written before."""
    if _noted_since(request.POST.get("apres"), lead, request.user):
        raise Refused(f"{lead}\u00a0: vous l’avez déjà noté.")
    row = with_consents(Lead.objects.filter(pk=lead.pk)).get()
    action = queue_words.action(row, channels_of([row])[lead.pk])
    kind = queue_words.kind_of(action)
    exchanges.log(lead.pk, request.user, kind)
    messages.success(
        request,
        format_html(
            '{} pour {}. <a href="{}">Dire ce qu’il en est, et la suite</a>',
            DONE[Activity.Kind(kind)],
            str(lead),
            reverse("admin:leads_lead_change", args=[lead.pk]),
        ),
    )


def _noted_since(last: str | None, lead: Any, user: Any) -> bool:
    """Tell whether somebody noted an exchange after the last one they were shown."""
    if last is None:
        return False
    shown = int(last) if re.fullmatch(r"\d{1,18}", last, re.ASCII) else 0
    mine = Activity.objects.filter(lead=lead, author=user, pk__gt=shown)
    return mine.filter(kind__in=exchanges.CONTACTS).exists()


def postpone(request: HttpRequest, lead: Any) -> str:
    """Put the next action off; return what undoes it."""
    today = timezone.localdate()
    on = _asked_day(request, today)
    before = lead.next_action_on
    words = queue_words.day(on, today)
    if before == on:
        raise Refused(f"{lead}\u00a0: c’est déjà prévu {words}.")
    exchanges.plan(lead.pk, request.user, lead.next_action, on)
    messages.success(request, f"{lead}\u00a0: reporté, prévu {words}.")
    promised = None if lead.first_contact_at else lead.promised_on
    if promised and on > promised:
        kept = queue_words.promise(lead, today)
        messages.warning(request, f"La promesse faite à {lead} demeure\u00a0: {kept}.")
    return _signed(lead, "postpone", on, before)


def _asked_day(request: HttpRequest, today: date) -> date:
    """Return the day that a button stands for, or that was typed. Raises Refused."""
    match request.POST.get("dans"):
        case "jour":
            return business_days.after(today)
        case "trois":
            return business_days.after(today + timedelta(days=2))
        case "semaine":
            sunday = today + timedelta(days=6 - today.weekday())
            return business_days.after(sunday)
    try:
        on = date.fromisoformat(request.POST.get("le", ""))
    except ValueError as error:
        raise Refused(
            "Indiquez une date, comme 24/11/2026\u00a0: rien n’est reporté."
        ) from error
    if on < today:
        raise Refused("Cette date est passée\u00a0: rien n’est reporté.")
    if on > today + exchanges.FARTHEST:
        raise Refused("Cette date est à plus de deux ans\u00a0: rien n’est reporté.")
    return on


def take(request: HttpRequest, lead: Any) -> str:
    """Give a lead that nobody has to whoever asks; return what undoes it."""
    if lead.owner == request.user:
        raise Refused(f"{lead}\u00a0: vous suivez déjà ce contact.")
    if lead.owner_id:
        name = assigning.name_of(lead.owner)
        raise Refused(f"{lead} vient d’être pris par {name}.")
    if lead.suspected_at or lead.is_test or lead.merged_into_id:
        raise Refused(f"{lead}\u00a0: ce contact est écarté, il n’est à personne.")
    why = assigning.said_of(request.user, request.user)
    assigning.assign([lead.pk], request.user, by=request.user, why=why)
    messages.success(request, f"{lead}\u00a0: vous suivez maintenant ce contact.")
    return _signed(lead, "take")


def _signed(lead: Any, what: str, *days: date | None) -> str:
    said = [lead.pk, what, *(day.isoformat() if day else None for day in days)]
    return signing.dumps(said, salt=SALT)


def undoing(token: str) -> dict[str, Any] | None:
    """Return what a token of ours undoes, for the button that does; else None."""
    try:
        pk, what, *_ = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature:
        return None
    label = "Annuler le report" if what == "postpone" else "Rendre ce contact"
    url = reverse("admin:leads_lead_undo", args=[pk])
    return {"url": url, "label": label, "token": token}


def undo(request: HttpRequest, lead: Any) -> None:
    """Put back what a gesture changed, unless somebody changed it since."""
    try:
        token = request.POST.get("jeton", "")
        pk, what, *days = signing.loads(token, salt=SALT, max_age=UNDO_SECONDS)
    except signing.BadSignature as error:
        raise Refused(
            "Il est trop tard pour annuler\u00a0: ouvrez le contact."
        ) from error
    if pk != lead.pk:
        raise Http404
    changed = Refused(f"{lead}\u00a0: c’est déjà changé, rien n’est annulé.")
    if what == "take":
        if lead.owner != request.user:
            raise changed
        why = f"Rendu par {assigning.name_of(request.user)}"
        assigning.assign([lead.pk], None, by=request.user, why=why)
        messages.success(request, f"{lead}\u00a0: ce contact n’est plus à vous.")
        return
    on, before = (date.fromisoformat(day) if day else None for day in days)
    if lead.next_action_on != on:
        raise changed
    exchanges.plan(lead.pk, request.user, lead.next_action, before)
    words = (
        f"de nouveau prévu le {queue_words.short(before)}"
        if before
        else "le report est annulé"
    )
    messages.success(request, f"{lead}\u00a0: {words}.")
