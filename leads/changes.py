"""What staff, or a rule, changed of a lead, from rows that hold it as it was."""

from __future__ import annotations

from collections import Counter
from typing import Any

from leads.models import Lead
from leads.timeline_words import Entry, Names, Row, day_said

STATUSES = {str(one.value): str(one.label) for one in Lead.Status}
REASONS = {str(one.value): str(one.label) for one in Lead.Reason}


def told(lead: Any, rows: list[Row], names: Names) -> dict[int, list[Entry]]:
    """Return the entries of each change, by its key. Rows are the newest first.

    A row says what was: what it became is in the next row, or in the lead. A change of
    owner is told by its assignment, which says why.
    """
    given = Counter(row.said["to"] for row in rows if row.what == "assignment")
    after = _of(lead)
    entries: dict[int, list[Entry]] = {}
    events = [row for row in rows if row.what == "change"]
    for row in sorted(events, key=lambda row: row.key, reverse=True):
        before = row.said
        if before["owner"] != after["owner"] and given[after["owner"]]:
            given[after["owner"]] -= 1
            after = {**after, "owner": before["owner"]}
        who = _who(before.get("context") or {}, names)
        entries[row.key] = [
            Entry(row.when, "changement", what, who)
            for what in _differences(before, after, names)
        ]
        after = before
    return entries


def _of(lead: Any) -> dict[str, Any]:
    due = lead.next_action_on
    return {
        "status": lead.status,
        "reason": lead.closed_because,
        "owner": lead.owner_id,
        "due": due and due.isoformat(),
        "test": lead.is_test,
        "suspected": lead.suspected_at,
        "merged": lead.merged_into_id,
    }


def _who(context: dict[str, Any], names: Names) -> str:
    """Name who did it. A number is kept, never a name: their account may be gone."""
    if "rule" in context:
        return "Règle d’affectation"
    if context.get("user"):
        return names.get(context["user"], "compte fermé")
    return "Automatique"


def _differences(
    before: dict[str, Any], after: dict[str, Any], names: Names
) -> list[str]:
    found = []
    state = ("status", "reason")
    if any(before[key] != after[key] for key in state):
        found.append(f"Statut\u00a0: {_status(after)}, auparavant {_status(before)}")
    if before["owner"] != after["owner"]:
        was, now = (names.get(row["owner"], "personne") for row in (before, after))
        found.append(f"Responsable\u00a0: {now}, auparavant {was}")
    if before["due"] != after["due"]:
        found.append(_due(before["due"], after["due"]))
    if before["test"] != after["test"]:
        words = "Marqué comme essai" if after["test"] else "N’est plus un essai"
        found.append(words)
    if bool(before["suspected"]) != bool(after["suspected"]):
        found.append("Tenu pour suspect" if after["suspected"] else "Soupçon levé")
    if before["merged"] != after["merged"]:
        into = after["merged"]
        found.append(f"Fusionné dans n°\u00a0{into}" if into else "Fusion défaite")
    return found


def _status(row: dict[str, Any]) -> str:
    label = STATUSES.get(row["status"], row["status"])
    reason = REASONS.get(row["reason"])
    return f"{label} ({reason})" if reason else label


def _due(before: str | None, after: str | None) -> str:
    if after is None:
        return "Plus rien de prévu"
    if before is None:
        return f"À faire le {day_said(after)}"
    return f"À faire le {day_said(after)}, et non plus le {day_said(before)}"
