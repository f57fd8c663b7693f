"""Compare what was acknowledged, stored and received, and say what is wrong."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

MESSAGES = """
    SELECT m.recipient, m.message_id, m.accepted_at IS NOT NULL,
        m.next_attempt_at IS NOT NULL OR m.lease_until IS NOT NULL,
        (SELECT count(*) FROM outbox_messageevent e
            WHERE e.message_id = m.id AND e.kind = 'accepted'),
        (SELECT count(*) FROM outbox_messageevent e
            WHERE e.message_id = m.id AND e.ambiguous)
    FROM outbox_message m WHERE m.recipient = ANY(%s)"""
COPIES = """
    SELECT c.recipient, c.sha256, c.rendered_at IS NOT NULL,
        c.next_attempt_at IS NOT NULL OR c.lease_until IS NOT NULL,
        (SELECT count(*) FROM reports_copyevent e
            WHERE e.copy_id = c.id AND e.kind = 'rendered')
    FROM reports_copy c WHERE c.recipient = ANY(%s)"""


@dataclass
class Outcome:
    fault: str
    acknowledged: int = 0
    stored: int = 0
    received: int = 0
    duplicates: int = 0
    allowed: int = 0
    stuck: int = 0
    during: int = 0
    recovery: float = 0.0
    wrong: list = field(default_factory=list)


def owed(house, people):
    """Return how many rows of these people are still owed or held."""
    addresses = [p.address for p in people]
    found = 0
    for table in ("outbox_message", "reports_copy"):
        query = (
            f"SELECT count(*) FROM {table} WHERE recipient = ANY(%s)"
            " AND (next_attempt_at IS NOT NULL OR lease_until IS NOT NULL)"
        )
        found += house.rows(query, addresses)[0][0]
    return found


def judge(house, people, scene):
    """Return the outcome of one fault."""
    out = Outcome(scene.name, allowed=scene.risk + house.sink.risks)
    addresses = [p.address for p in people]
    by_address = defaultdict(list)
    for receipt in house.sink.receipts:
        by_address[receipt.recipient].append(receipt)
    found = house.rows(
        "SELECT email_key FROM leads_lead WHERE email_key = ANY(%s)", addresses
    )
    leads = {row[0] for row in found}
    acknowledged = {p.address for p in people if p.token}
    received = set(addresses) & set(by_address)
    out.acknowledged, out.stored = len(acknowledged), len(leads)
    out.received = len(received)
    out.wrong += [f"unanswered: {p.address} ({p.said})" for p in people if not p.token]
    out.wrong += [f"lost, not stored: {a}" for a in acknowledged - leads]
    out.wrong += [f"lost, not received: {a}" for a in leads - received]
    hashes = {}
    for address, sha256, rendered, held, events in house.rows(COPIES, addresses):
        hashes[address] = sha256
        out.stuck += held
        if rendered != (events == 1):
            out.wrong.append(f"copy rendered {events} times by its events: {address}")
    ambiguous = Counter()
    for address, _, accepted, held, events, unsure in house.rows(MESSAGES, addresses):
        out.stuck += held
        ambiguous[address] += unsure
        if accepted != (events == 1):
            out.wrong.append(f"message accepted {events} times: {address}")
    if out.stuck:
        out.wrong.append(f"stuck: {out.stuck} rows")
    for person in people:
        _judge_receipts(person, by_address[person.address], hashes, ambiguous, out)
    if out.duplicates > out.allowed:
        out.wrong.append(
            f"duplicates: {out.duplicates}, of which {out.allowed} were allowed"
        )
    _time(out, people, by_address, scene)
    return out


def _judge_receipts(person, receipts, hashes, ambiguous, out):
    address, more = person.address, max(0, len(receipts) - 1)
    out.duplicates += more
    if more > ambiguous[address]:
        out.wrong.append(f"duplicate that no event calls uncertain: {address}")
    if len({r.message_id for r in receipts}) > 1:
        out.wrong.append(f"several Message-IDs: {address}")
    if any(r.sha256 != hashes.get(address) for r in receipts):
        out.wrong.append(f"bytes that are not the copy's: {address}")
    if receipts and person.last_name not in re.sub(r"\s", "", receipts[0].cover):
        out.wrong.append(f"another reader's name: {address}")


def _time(out, people, by_address, scene):
    """Note what flowed during the fault, and when the last that waited arrived."""
    if scene.struck is None:
        out.wrong.append("the fault did not strike")
        return
    for person in people:
        for receipt in by_address[person.address][:1]:
            out.during += scene.struck < receipt.at < scene.healed
            if person.acknowledged < scene.healed < receipt.at:
                out.recovery = max(out.recovery, receipt.at - scene.healed)
