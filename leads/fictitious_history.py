"""Invent what happens to fictitious leads: sendings, requests on links, follow-up."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from leads import assigning, business_days, escalation
from leads.models import Activity, Assignment, Escalation, Lead
from leads.routing import Decision
from outbox import making
from outbox.models import Message, MessageEvent
from outbox.replies import reason_of
from reports import emails
from reports.hits import judge
from reports.models import Copy, CopyEvent, Hit

WORKER = "démonstration"
ROUTED_AFTER = 45  # Seconds.
STATUS = Lead.Status
SENT = MessageEvent.Kind
LATER = (
    (451, "4.7.1 Greylisting in action, please come back later"),
    (421, "4.3.2 Service temporarily unavailable, try again later"),
    (452, "4.2.2 Mailbox full, try again later"),
)
NEVER = (
    (550, "5.1.1 Recipient address rejected: User unknown"),
    (550, "5.1.1 Mailbox does not exist"),
    (554, "5.7.1 Message refused by local policy"),
    (552, "5.3.4 Message size exceeds fixed limit"),
)
# Statuses by age in days: (until, {status: weight}).
BY_AGE: tuple[tuple[float, dict[Lead.Status, int]], ...] = (
    (3, {STATUS.NEW: 16, STATUS.TO_QUALIFY: 4}),
    (
        14,
        {
            STATUS.NEW: 3,
            STATUS.TO_QUALIFY: 4,
            STATUS.QUALIFIED: 4,
            STATUS.CONTACTED: 4,
            STATUS.OUT_OF_SCOPE: 1,
        },
    ),
    (
        9999,
        {
            STATUS.NEW: 1,
            STATUS.TO_QUALIFY: 2,
            STATUS.QUALIFIED: 4,
            STATUS.CONTACTED: 6,
            STATUS.MEETING: 4,
            STATUS.WON: 2,
            STATUS.LOST: 4,
            STATUS.OUT_OF_SCOPE: 3,
        },
    ),
)
WRITING = "Relancer par courriel"  # Only to who accepted it.
NEXT_ACTIONS = {
    STATUS.TO_QUALIFY: ("Vérifier la fonction", "Chercher le standard"),
    STATUS.QUALIFIED: ("Appeler", "Proposer un échange"),
    STATUS.CONTACTED: ("Rappeler", WRITING),
    STATUS.MEETING: ("Préparer le rendez-vous", "Confirmer le rendez-vous"),
}
OUTCOMES: dict[str, tuple[str, ...]] = {
    Activity.Kind.CALL: (
        Activity.Outcome.REACHED,
        Activity.Outcome.MESSAGE_LEFT,
        Activity.Outcome.NO_ANSWER,
    ),
    Activity.Kind.EMAIL: (Activity.Outcome.SENT, Activity.Outcome.ANSWERED),
}
NOTES = {
    STATUS.TO_QUALIFY: ("Fonction à préciser.", "Établissement à vérifier."),
    STATUS.QUALIFIED: ("Projet en réflexion.", "Souhaite comparer avec ses pairs."),
    STATUS.CONTACTED: ("Veut en parler à sa direction.", "Attend le budget."),
    STATUS.MEETING: ("Rendez-vous accepté, en visioconférence.", "Viendra à deux."),
    STATUS.WON: ("Accord donné de vive voix.",),
    STATUS.LOST: ("Pas de projet cette année.", "Un autre projet passe avant."),
    STATUS.OUT_OF_SCOPE: ("Étudiant : hors cible.", "Demande personnelle."),
}
UNHEARD: dict[str, str] = {
    Activity.Outcome.MESSAGE_LEFT: "Au secrétariat.",
    Activity.Outcome.NO_ANSWER: "Standard joint, personne au bureau.",
}
HOURS = (7, 8, 8, 9, 9, 9, 10, 10, 10, 11, 11, 12, 13, 14, 14, 15, 15, 16, 17, 18, 21)


def arrival(rng: random.Random, now: datetime, days: int) -> datetime:
    """Return when somebody may have posted the form: office hours, mostly weekdays."""
    local = timezone.localtime(now) - timedelta(days=rng.uniform(0, days - 2))
    if local.weekday() > 4 and rng.random() < 0.8:
        local -= timedelta(days=local.weekday() - 4)
    local = local.replace(
        hour=rng.choice(HOURS), minute=rng.randrange(60), second=rng.randrange(60)
    )
    if local > now - timedelta(minutes=10):  # Today, an hour that is still to come.
        return now - timedelta(minutes=rng.uniform(10, 600))
    return local


def rendering(copy: Copy) -> list[CopyEvent]:
    """Return the steps of a copy that was rendered at once."""
    begun = copy.requested_at
    steps = {
        CopyEvent.Kind.ATTEMPTED: begun,
        CopyEvent.Kind.RENDERED: copy.rendered_at or begun,
    }
    return [
        CopyEvent(copy=copy, kind=kind, attempt=1, worker=WORKER, at=at)
        for kind, at in steps.items()
    ]


def sending(
    rng: random.Random, now: datetime, copy: Copy, uid: uuid.UUID, at: datetime
) -> tuple[Message, list[MessageEvent]]:
    """Return a message that is over and done with, and its steps."""
    message = _written(copy, uid, at)
    events: list[MessageEvent] = []

    def step(
        kind: MessageEvent.Kind, reply: tuple[int | None, str] = (None, "")
    ) -> None:
        code, cause = reply
        events.append(
            MessageEvent(
                message=message,
                kind=kind,
                at=at,
                attempt=message.attempts,
                smtp_code=code,
                reason=reason_of(code, cause) if code and code >= 500 else "",
                cause=cause,
                worker=WORKER,
            )
        )

    step(SENT.QUEUED)
    deferrals = rng.choices((0, 1, 2), (94, 4, 2))[0]
    while True:
        message.attempts = message.lease_no = message.attempts + 1
        at += timedelta(seconds=rng.uniform(0.2, 1))
        step(SENT.ATTEMPTED)
        at += timedelta(seconds=rng.uniform(0.3, 1.5))
        # A deferral needs time: the end may not lie in the future.
        if message.attempts > deferrals or at + timedelta(minutes=9) > now:
            break
        step(SENT.DEFERRED, rng.choice(LATER))
        at += timedelta(seconds=rng.uniform(60, 240))
    if rng.random() < 0.03:
        message.failed_at = at
        step(SENT.REFUSED, rng.choice(NEVER))
    else:
        message.accepted_at = at
        step(SENT.ACCEPTED, (250, "2.0.0 Ok: queued"))
    return message, events


def _written(copy: Copy, uid: uuid.UUID, at: datetime) -> Message:
    message = emails.synthesis(copy)
    message.uid = uid
    message.message_id = f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>"
    message.created_at = at
    message.next_attempt_at = None  # Never sent, whatever happens.
    return message


def hits(
    rng: random.Random, now: datetime, copy: Copy, accepted: datetime
) -> list[Hit]:
    """Return the requests on a copy's link, labelled as the live ones are."""
    past: list[Hit] = []
    for at, method, agent in sorted(_requests(rng, accepted)):
        if at >= now:
            break
        past.append(
            Hit(
                copy=copy,
                at=at,
                method=method,
                agent=agent,
                since_acceptance=(at - accepted).total_seconds(),
                served=method == "POST",
            )
        )
    judge(past)
    return past


def _requests(
    rng: random.Random, accepted: datetime
) -> Iterator[tuple[datetime, str, str]]:
    """Yield who asks for what, and when: machines first, then perhaps a reader."""

    def after(seconds: float) -> datetime:
        return accepted + timedelta(seconds=seconds)

    if rng.random() < 0.5:  # A mail gateway opens the link at once.
        agent = rng.choice((Hit.Agent.SCANNER, Hit.Agent.BROWSER, Hit.Agent.BROWSER))
        begun = rng.uniform(0.4, 2.5)
        yield after(begun), "HEAD", agent
        for number in range(rng.choice((1, 1, 2, 4))):
            yield after(begun + 0.4 * (number + 1)), "GET", agent
        if rng.random() < 0.06:  # Some sandboxes press every button.
            yield after(begun + 2.2), "POST", agent
    if rng.random() < 0.03:
        yield after(rng.uniform(600, 90_000)), "POST", Hit.Agent.TOOL
    if rng.random() < 0.45:  # A reader, minutes or days later.
        opened = rng.lognormvariate(9, 1.8) + 60
        for _ in range(rng.choice((1, 1, 1, 1, 2))):
            yield after(opened), "GET", Hit.Agent.BROWSER
            pressed = opened + rng.uniform(8, 120)
            if rng.random() < 0.85:
                yield after(pressed), "POST", Hit.Agent.BROWSER
            if rng.random() < 0.15:  # The same file once more, a moment later.
                yield after(pressed + rng.uniform(20, 900)), "POST", Hit.Agent.BROWSER
            opened += rng.uniform(1, 9) * 86_400


def follow_up(
    rng: random.Random,
    now: datetime,
    lead: Lead,
    owners: list[Any],
    *,
    routed: bool = False,
    may_write: bool = False,
) -> list[Activity]:
    """Give a lead a status, perhaps an owner and a next date; return what was said."""
    age = (now - lead.created_at).total_seconds() / 86_400
    weights = next(weights for until, weights in BY_AGE if age < until)
    lead.status = rng.choices(list(weights), list(weights.values()))[0]
    lead.routed_at = lead.created_at
    lead.promised_on = business_days.promised_for(lead.created_at)
    if reasons := Lead.REASONS.get(STATUS(lead.status)):
        lead.closed_because = rng.choice(reasons)
    left = lead.status == STATUS.NEW and not routed and rng.random() < 0.9
    if not owners or left:
        return []
    lead.owner = rng.choice(owners)
    planned: tuple[str, ...] = NEXT_ACTIONS.get(STATUS(lead.status), ())
    actions = tuple(a for a in planned if may_write or a != WRITING)
    if actions and rng.random() < 0.8:
        lead.next_action = rng.choice(actions)
        day = timezone.localdate(now) + timedelta(days=rng.randint(-2, 14))
        lead.next_action_on = business_days.after(day - timedelta(days=1))
    said = list(_said(rng, now, lead, may_write=may_write))
    contacts = [activity for activity in said if activity.kind != Activity.Kind.NOTE]
    if contacts:
        lead.first_contact_at = contacts[0].at
        if contacts[-1].outcome in Activity.WAITING:
            lead.waiting_since = contacts[-1].at
    return said


def _said(
    rng: random.Random, now: datetime, lead: Lead, *, may_write: bool
) -> Iterator[Activity]:
    """Yield a first contact, most often in time, and perhaps what came of it."""
    notes = NOTES.get(STATUS(lead.status))
    idle = 0.4 if lead.status == STATUS.TO_QUALIFY else 0.03
    if not notes or rng.random() < idle:
        return
    kind = Activity.Kind.CALL
    if may_write and rng.random() < 0.25:
        kind = Activity.Kind.EMAIL
    outcome = rng.choice(OUTCOMES[kind])
    heard = outcome in (Activity.Outcome.REACHED, Activity.Outcome.ANSWERED)
    body = rng.choice(notes) if heard else UNHEARD.get(outcome, "")
    at = _contact(rng, now, lead)
    yield _activity(lead, kind, outcome, body, at)
    later = at + (now - at) * rng.uniform(0.2, 0.8)
    if lead.status in (STATUS.CONTACTED, STATUS.MEETING, STATUS.WON) and not heard:
        kind, outcome = Activity.Kind.CALL, Activity.Outcome.REACHED
        yield _activity(lead, kind, outcome, rng.choice(notes), later)
    elif rng.random() < 0.3:
        yield _activity(lead, Activity.Kind.NOTE, "", rng.choice(notes), later)


def _activity(lead: Lead, kind: str, outcome: str, body: str, at: datetime) -> Activity:
    return Activity(
        lead=lead, author=lead.owner, kind=kind, outcome=outcome, body=body, at=at
    )


def _contact(rng: random.Random, now: datetime, lead: Lead) -> datetime:
    """Return when somebody called first: office hours, mostly within the promise."""
    asked = timezone.localtime(lead.created_at)
    for _ in range(8):
        day = asked.date() + timedelta(days=-1)
        day = business_days.after(day, rng.choice((1, 2, 2, 2, 3, 3, 3, 7)))
        hour = time(rng.randint(9, 17), rng.randrange(60), tzinfo=asked.tzinfo)
        if asked < (at := datetime.combine(day, hour)) < now:
            return at
    return lead.created_at + (now - lead.created_at) * rng.uniform(0.3, 0.9)


def _house(
    lead: Lead, uid: uuid.UUID, kind: str, subject: str, to: Any, at: datetime
) -> Message:
    """Return a message to one of the house that has been sent."""
    message = making.to_be_made(
        kind,
        recipient=to.email,
        subject=subject,
        lead=lead,
        created_at=at,
        accepted_at=at + timedelta(seconds=2),
        next_attempt_at=None,
        attempts=1,
    )
    message.uid = uid
    message.message_id = f"<{uid}@{settings.MESSAGE_ID_DOMAIN}>"
    return message


def given(lead: Lead, uid: uuid.UUID, decision: Decision) -> tuple[Message, Assignment]:
    """Return how its owner was given a lead, or took it, and was told."""
    assert lead.owner
    sentence = f"Pris par {assigning.name_of(lead.owner)}"
    at = lead.created_at + timedelta(seconds=ROUTED_AFTER)
    message = _house(lead, uid, assigning.KIND, assigning.SUBJECT, lead.owner, at)
    return message, Assignment(
        lead=lead,
        to=lead.owner,
        by=None if decision.person else lead.owner,
        rule=decision.rule,
        message=message,
        sentence=decision.sentence if decision.person else sentence,
        at=at,
    )


def promise_is_long_broken(lead: Lead, now: datetime) -> bool:
    """Tell whether it broke days ago; what broke since is for the demo to tell."""
    if lead.status in Lead.CLOSED or lead.first_contact_at or lead.promised_on is None:
        return False
    return business_days.between(lead.promised_on, timezone.localdate(now)) > 2


def signalled(lead: Lead, to: Any, uid: uuid.UUID) -> tuple[Message, Escalation]:
    """Return how somebody was told, the next business day, of a broken promise."""
    assert lead.promised_on
    zone = timezone.get_current_timezone()
    at = datetime.combine(business_days.after(lead.promised_on), time(9), tzinfo=zone)
    lead.escalated_at = at
    message = _house(lead, uid, escalation.KIND, escalation.SUBJECT, to, at)
    return message, Escalation(
        lead=lead,
        owner=lead.owner,
        to=to,
        promised_on=lead.promised_on,
        message=message,
        at=at,
    )
