"""Give leads to people: owner, reason and the mail that tells, or none of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pghistory
from django.core.exceptions import ValidationError
from django.db import transaction

from leads.models import Assignment, Lead, RoutingRule
from outbox import making
from outbox.models import Message

KIND = "assignment"  # Of the message; leads/assignment_mail.py makes its words.
SUBJECT = "Des contacts vous sont confiés"


def may_be_given(user: Any) -> bool:
    """Tell whether somebody can be told, and may sign in to follow it up."""
    return bool(user.is_active and user.is_staff and user.email)


def assign(
    leads: Iterable[int],
    to: Any | None,
    *,
    why: str | Mapping[int, str],
    by: Any | None = None,
    rule: RoutingRule | None = None,
) -> list[Assignment]:
    """Give leads, by their keys, to somebody, or take them back (`to` is None).

    Whoever has one already keeps it, and nothing is written. One message tells of all
    of them. `by` is who decided; None is a rule's doing. Raises ValidationError where
    the person cannot be told.
    """
    if to is not None and not may_be_given(to):
        raise ValidationError(
            f"{name_of(to)} ne peut pas recevoir de contact : compte fermé, ou sans "
            "adresse électronique."
        )
    author = {"user": by.pk} if by else {"rule": rule.pk if rule else None}
    with transaction.atomic(), pghistory.context(**author):
        rows = list(
            Lead.objects.select_for_update(no_key=True, of=("self",))
            .filter(pk__in=list(leads), erased_at=None)
            .order_by("pk")
        )
        moved = [lead for lead in rows if lead.owner_id != (to and to.pk)]
        if not moved:
            return []
        message = _owe(to, moved) if to else None
        Lead.objects.filter(pk__in=[lead.pk for lead in moved]).update(owner=to)
        return Assignment.objects.bulk_create(
            Assignment(
                lead=lead,
                to=to,
                by=by,
                rule=rule,
                sentence=(why if isinstance(why, str) else why[lead.pk])[:500],
                message=message,
            )
            for lead in moved
        )


def _owe(to: Any, leads: list[Lead]) -> Message:
    # Erased before it leaves, the person takes the message away with them.
    only = leads[0] if len(leads) == 1 else None
    return making.owe(KIND, to.email, SUBJECT, lead=only)


def said_of(by: Any, to: Any | None) -> str:
    """Say in words who gave a lead to whom, or took it back (`to` is None)."""
    name = name_of(by)
    if to is None:
        return f"Repris par {name}"
    return f"Pris par {name}" if to == by else f"Confié par {name}"


def name_of(user: Any) -> str:
    """Return how one of the house is called: their name, or else their account's."""
    return user.get_full_name() or user.get_username() if user else "personne"
