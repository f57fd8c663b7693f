"""One gesture on many leads: chosen, confirmed, then done piece by piece.

A piece and the count of what is done are one transaction: whoever dies in between has
done neither, and whoever comes back begins where the count stands. What is asked of a
lead is checked when it is done, not when it was asked for: the author may still do it,
and still sees that lead.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pghistory
from celery.exceptions import SoftTimeLimitExceeded
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.db import OperationalError, transaction
from django.db.models.functions import Now

from leads import assigning, exchanges, releasing
from leads.models import Batch, Lead, Submission
from leads.outcomes import SUCCESS, WORDS
from leads.resending import resend, resend_new_edition
from outbox.claims import HAND_OVER, LeaseLost, delay

logger = logging.getLogger(__name__)

Action = Batch.Action
PIECE = 50  # Leads of a transaction; as many are done while somebody waits.
TURN = 15  # Seconds a task works before it lets others in; well below its lease.
MAX_ATTEMPTS = 3  # Without a piece done.
CEILING = 2000  # People that one gesture may write to.
MOST = 20_000  # Leads of any gesture.
FORGOTTEN = timedelta(days=1)  # Then a choice that was not confirmed is dropped.
PERMISSIONS: dict[str, str] = {
    Action.ASSIGN: "leads.assign_lead",
    Action.STATUS: "leads.change_lead",
    Action.RESEND: "leads.send_again",
    Action.NEW_EDITION: "leads.send_again",
    Action.TEST: "leads.change_lead",
    Action.REAL: "leads.change_lead",
    Action.SUSPECT: "leads.release_lead",
    Action.RELEASE: "leads.release_lead",
}
WRITES_TO_PEOPLE = {Action.RESEND, Action.NEW_EDITION, Action.RELEASE}
# What the admin's log says of each lead.
LOGGED: dict[str, str] = {
    Action.ASSIGN: "Responsable modifié.",
    Action.STATUS: "Statut modifié.",
    Action.RESEND: "Synthèse renvoyée.",
    Action.NEW_EDITION: "Nouvelle édition demandée.",
    Action.TEST: "Marqué comme essai.",
    Action.REAL: "Plus tenu pour un essai.",
    Action.SUSPECT: "Tenu pour suspect.",
    Action.RELEASE: "Soupçon levé.",
}


def may(user: Any, action: str) -> bool:
    return bool(user.is_active and user.has_perm(PERMISSIONS[action]))


def most_of(action: str) -> int:
    """Return how many leads one gesture may reach."""
    return CEILING if action in WRITES_TO_PEOPLE else MOST


def draft(user: Any, action: str, leads: Iterable[int], **params: Any) -> Batch:
    """Freeze a choice of leads, until its author confirms it. Nothing is owed."""
    Batch.objects.drafts().filter(created_at__lt=Now() - FORGOTTEN).delete()
    return Batch.objects.create(
        user=user,
        action=action,
        leads=list(leads),
        params=params,
        next_attempt_at=None,
    )


def confirm(batch: Batch, **params: Any) -> bool:
    """Owe a batch, and do it at once if it is short; False if it was confirmed before.

    What breaks or dies meanwhile is left to a worker, a short one after HAND_OVER.
    """
    short = batch.total <= PIECE
    owed = Batch.objects.drafts().filter(pk=batch.pk)
    if not owed.update(
        params=batch.params | params,
        next_attempt_at=Now() + delay(HAND_OVER) if short else Now(),
    ):
        return False
    if short:
        claimed = Batch.objects.claim(batch.pk, batch.lease_no)
        if claimed is not None:
            work(claimed)
    batch.refresh_from_db()
    return True


def at_once(user: Any, action: str, leads: Iterable[int], **params: Any) -> Batch:
    """Do a short batch now, for what needs no confirmation."""
    batch = draft(user, action, leads, **params)
    confirm(batch)
    return batch


def work(batch: Batch) -> None:
    """Do what is left of a batch that was claimed, as far as one turn goes."""
    until = time.monotonic() + TURN
    try:
        if batch.attempts > MAX_ATTEMPTS:
            return batch.stop("crashed")
        while batch.left:
            if time.monotonic() > until:
                return batch.postpone(0)
            _work_piece(batch)
        # The reason is kept with each contact, and erased with it.
        params = batch.without_words() | {"back": batch.params.get("back")}
        batch.finish(finished_at=Now(), params=params)
    except LeaseLost:
        return  # Stopped, or somebody else's now.
    except _Refused as refusal:
        with suppress(LeaseLost):
            batch.stop(refusal.outcome)
    except OperationalError:  # Away, or a deadlock: it comes back with its lease over.
        logger.warning("batch %s: put off", batch.pk, exc_info=True)
        with suppress(LeaseLost):
            batch.postpone(1)


class _Refused(Exception):
    def __init__(self, outcome: str) -> None:
        super().__init__(outcome)
        self.outcome = outcome


def _work_piece(batch: Batch) -> None:
    """Do the next leads and count them done, or neither."""
    user = get_user_model().objects.get(pk=batch.user_id)  # With today's permissions.
    if not may(user, batch.action):
        raise _Refused("forbidden")
    # What took a worker down is tried again in small pieces, then one by one.
    size = {0: PIECE, 1: PIECE, 2: PIECE // 5}.get(batch.attempts, 1)
    keys = batch.leads[batch.done : batch.done + size]
    done = batch.done
    try:
        with transaction.atomic(), pghistory.context(user=user.pk, batch=batch.pk):
            batch.advance(len(keys))
            # Locked first, as all who lock several do: by number. Whoever erases one
            # waits, and finds what is logged of it.
            rows = Lead.objects.visible_to(user).filter(
                pk__in=keys, erased_at=None, frozen_at=None
            )
            locked = rows.select_for_update(no_key=True, of=("self",)).order_by("pk")
            found = {lead.pk: lead for lead in locked}
            leads = [found[key] for key in keys if key in found]
            results = _act(batch, user, leads)
            outcomes = Counter(batch.outcomes) + Counter(results.values())
            outcomes["gone"] += len(keys) - len(leads)
            batch.outcomes = dict(+outcomes)
            Batch.objects.filter(pk=batch.pk).update(outcomes=batch.outcomes)
            _log(batch, [lead for lead in leads if _succeeded(results[lead.pk])])
    except BaseException:
        batch.done = done
        raise


def _succeeded(outcome: str) -> bool:
    return WORDS[outcome][0] == SUCCESS


def _log(batch: Batch, leads: list[Lead]) -> None:
    if leads:
        words = LOGGED[batch.action]
        LogEntry.objects.log_actions(str(batch.user_id), leads, CHANGE, words)


def _act(batch: Batch, user: Any, leads: list[Lead]) -> dict[int, str]:
    """Do it to these leads; return what came of each."""
    match batch.action:
        case Action.ASSIGN:
            return _assign(batch, user, leads)
        case Action.STATUS:
            return _move(batch, user, leads)
        case Action.TEST | Action.REAL:
            return _mark(leads, test=batch.action == Action.TEST)
        case Action.SUSPECT:
            held = [lead for lead in leads if lead.suspected_at is None]
            releasing.suspect([lead.pk for lead in held], user)
            return _changed(leads, held)
        case Action.RELEASE:
            return _each(leads, lambda lead: releasing.release(lead.pk, user))
        case _:
            return _send(batch, leads)


def _changed(leads: list[Lead], changed: list[Lead]) -> dict[int, str]:
    results = {lead.pk: "unchanged" for lead in leads}
    return results | {lead.pk: "changed" for lead in changed}


def _assign(batch: Batch, user: Any, leads: list[Lead]) -> dict[int, str]:
    """Give a piece to somebody: one message tells of all of them."""
    to = None
    if key := batch.params.get("to"):
        to = get_user_model().objects.filter(pk=key).first()
        if to is None:
            raise _Refused("refused")
    why = assigning.said_of(user, to)
    if reason := batch.params.get("reason"):
        why += f"\u00a0: {reason}"
    try:
        given = assigning.assign([lead.pk for lead in leads], to, by=user, why=why)
    except ValidationError as error:
        raise _Refused("refused") from error
    results = {lead.pk: "unchanged" for lead in leads}
    done = "given" if to else "taken"
    return results | {assignment.lead_id: done for assignment in given}


def _move(batch: Batch, user: Any, leads: list[Lead]) -> dict[int, str]:
    status, reason = batch.params["status"], batch.params.get("reason", "")
    moving = [
        lead for lead in leads if (lead.status, lead.closed_because) != (status, reason)
    ]
    exchanges.move([lead.pk for lead in moving], user, status, reason)
    results = {lead.pk: "unchanged" for lead in leads}
    return results | {lead.pk: "moved" for lead in moving}


def _mark(leads: list[Lead], *, test: bool) -> dict[int, str]:
    marked = [lead for lead in leads if lead.is_test != test]
    Lead.objects.filter(pk__in=[lead.pk for lead in marked]).update(is_test=test)
    return _changed(leads, marked)


def _send(batch: Batch, leads: list[Lead]) -> dict[int, str]:
    """Send each lead the copy of its latest submission that has one."""
    send = resend if batch.action == Action.RESEND else resend_new_edition
    latest = {
        submission.lead_id: submission
        for submission in Submission.objects.filter(
            lead__in=[lead.pk for lead in leads], copy__isnull=False
        )
        .select_related("copy", "lead")
        .order_by("created_at", "pk")
    }
    return _each(leads, lambda lead: send(latest.get(lead.pk)))


def _each(leads: list[Lead], act: Callable[[Lead], str]) -> dict[int, str]:
    """Do it to one lead after the other: what breaks on one is told, and goes on."""
    results = {}
    for lead in leads:
        try:
            with transaction.atomic():
                results[lead.pk] = act(lead)
        except (OperationalError, SoftTimeLimitExceeded):
            raise  # Not this lead's fault.
        except Exception:
            logger.exception("contact %s: left by a batch", lead.pk)
            results[lead.pk] = "broken"
    return results
