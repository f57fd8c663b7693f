"""Everything that happened with a person, newest first, in words: two queries.

Rows of nine tables are read by one UNION, the names of staff by a second query, however
long the past is. What became of one message or copy in a day is one entry with steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from django.contrib.auth import get_user_model
from django.db.models import CharField, F, QuerySet, Value
from django.db.models.functions import JSONObject, TruncDay

from leads import changes
from leads.assigning import name_of
from leads.bases import may_measure
from leads.models import ConsentEvent
from leads.models.lead import Identity
from leads.timeline_words import WORDS, Entry, Row
from outbox import making
from outbox.models import MessageEvent
from reports.models import Copy, CopyEvent, Hit

LATEST = 200  # Rows read, unless more are asked for.
BY_STAFF = ("author", "by", "to", "owner")  # Keys of what a row says, and of accounts.
# A copy's first attempt says nothing that its outcome does not.
STEPS_OF_COPIES = (
    CopyEvent.Kind.RENDERED,
    CopyEvent.Kind.DEFERRED,
    CopyEvent.Kind.ABANDONED,
    CopyEvent.Kind.DAMAGED,
)


def timeline(lead: Any, limit: int = LATEST) -> list[Entry]:
    """Return what happened with a lead that `channels.with_consents` gave."""
    return latest(lead, limit)[0]


def latest(lead: Any, limit: int = LATEST) -> tuple[list[Entry], bool]:
    """Return the entries made of the latest rows, and whether there are older ones."""
    first, *others = (
        rows.order_by("-when", "-key")[: limit + 1] for rows in _sources(lead)
    )
    found = first.union(*others, all=True).order_by("-when", "-key")[: limit + 1]
    rows = [Row(**values) for values in found]
    return _entries(lead, rows[:limit]), len(rows) > limit


def _rows(
    rows: QuerySet[Any], what: str, when: Any = "at", key: str = "pk", **said: Any
) -> QuerySet[Any]:
    """Return rows as the UNION wants them: an instant, a kind, a key and the rest."""
    names = {name: F(value) for name, value in said.items()}
    return rows.order_by().values(
        when=F(when) if isinstance(when, str) else when,
        what=Value(what, CharField()),
        key=F(key),
        said=JSONObject(**names),
    )


def _sources(lead: Any) -> Iterator[QuerySet[Any]]:
    yield from _theirs(lead)
    yield from _documents(lead)
    yield from _ours(lead)


def _theirs(lead: Any) -> Iterator[QuerySet[Any]]:
    """Yield what the person asked for, and agreed to."""
    identity = {field.name: field.name for field in Identity._meta.get_fields()}
    yield _rows(
        lead.submissions.all(),
        "submission",
        "created_at",
        suspicion="suspicion",
        phone="phone",
        news="news_consent",
        origin="origin",
        campaign="campaign",
        corrects="corrects_id",
        **identity,
    )
    yield _rows(
        ConsentEvent.objects.filter(lead=lead),
        "consent",
        purpose="purpose",
        granted="granted",
        channel="channel",
    )


def _ours(lead: Any) -> Iterator[QuerySet[Any]]:
    """Yield what the house did with them."""
    yield _rows(
        lead.activities.all(),
        "activity",
        kind="kind",
        outcome="outcome",
        body="body",
        author="author_id",
    )
    yield _rows(
        lead.assignments.all(),
        "assignment",
        sentence="sentence",
        by="by_id",
        to="to_id",
        rule="rule_id",
    )
    yield _rows(
        lead.escalations.all(), "escalation", to="to_id", promised="promised_on"
    )
    yield _rows(
        lead.history.all(),
        "change",
        "pgh_created_at",
        "pgh_id",
        context="pgh_context",
        status="status",
        reason="closed_because",
        owner="owner_id",
        due="next_action_on",
        test="is_test",
        suspected="suspected_at",
        merged="merged_into_id",
    )


def _documents(lead: Any) -> Iterator[QuerySet[Any]]:
    """Yield what was made for and sent to the person; and what they retrieved."""
    about = {"reference": "reference", "edition": "edition__version"}
    copies = Copy.objects.filter(lead=lead)
    yield _rows(copies, "copy", "requested_at", group="pk", **about)
    steps = CopyEvent.objects.filter(copy__lead=lead, kind__in=STEPS_OF_COPIES)
    about = {name: f"copy__{path}" for name, path in about.items()}
    yield _rows(steps, "copy", kind="kind", cause="cause", group="copy_id", **about)
    # What tells staff is no exchange with the person.
    events = MessageEvent.objects.filter(message__lead=lead)
    yield _rows(
        events.exclude(message__kind__in=making.kinds()),
        "message",
        kind="kind",
        code="smtp_code",
        cause="cause",
        reason="reason",
        subject="message__subject",
        group="message_id",
    )
    if may_measure(lead):
        # To the day, so that not even their order says more.
        hits = Hit.objects.probable().filter(copy__lead=lead)
        reference = "copy__reference"
        retrieved = _rows(
            hits, "retrieval", TruncDay("at"), "copy_id", reference=reference
        )
        yield retrieved.distinct()


def _entries(lead: Any, rows: list[Row]) -> list[Entry]:
    names = _names(rows, lead)
    told = changes.told(lead, rows, names)
    entries: list[Entry] = []
    folded: dict[tuple[str, int, date], Entry] = {}
    for row in rows:
        if row.what == "change":
            entries += told.get(row.key, [])
            continue
        entry = WORDS[row.what](row, lead, names)
        if group := row.said.get("group"):
            place = (row.what, group, entry.day)
            if place in folded:
                folded[place].steps[:0] = entry.steps
                continue
            folded[place] = entry
        entries.append(entry)
    entries.sort(key=lambda entry: (entry.day, entry.exact, entry.at), reverse=True)
    return entries


def _names(rows: Iterable[Row], lead: Any) -> dict[int, str]:
    """Return how those who appear are called, by their accounts' keys."""
    keys = {row.said.get(name) for row in rows for name in BY_STAFF}
    keys |= {(row.said.get("context") or {}).get("user") for row in rows}
    users = get_user_model().objects.in_bulk(keys - {None, lead.owner_id})
    if lead.owner_id:
        users[lead.owner_id] = lead.owner
    return {key: name_of(user) for key, user in users.items()}
