"""Invent leads with a history, for the demo and for measures.

Nobody can take them for real: « Camille Exemple », « Établissement de démonstration »,
addresses at exemple.fr. Nothing they hold is owed to anybody: no copy is due to be
rendered, no message to be sent. The same seed on the same data gives the same rows.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.text import slugify

from leads import fictitious_audience as visits
from leads import fictitious_history as history
from leads import routing
from leads.consent import Wording, call_wording, news_wording
from leads.models import (
    Activity,
    Assignment,
    ConsentEvent,
    Escalation,
    Lead,
    MailboxEvent,
    RoutingRule,
    Submission,
)
from leads.models.lead import email_key
from outbox import tokens
from outbox.models import Message, MessageEvent
from reports.models import LINK_LIFETIME, Copy, CopyEvent, Edition, Hit
from reports.personalisation import Reader
from reports.references import ALPHABET, PREFIX
from reports.vocabulary import JobFunction, OrganisationType, Region

DOMAIN = "exemple.fr"
COPIES = "fictif/"  # Where their files stand once somebody asks for one.
NOT_YET_RENDERED = "0" * 64  # The hash of a file that nobody has asked for yet.
DAYS = 60
BATCH = 500

FIRST_NAMES = (
    "Camille", "Dominique", "Claude", "Sacha", "Maxence", "Noémie", "Zoë", "François",
    "Maëlys", "Inès", "Noël", "Élodie", "Yann", "Anaïs", "Thaïs", "Jean-Loup",
)  # fmt: skip
LAST_NAMES = (
    "Exemple", "Fictif", "Modèle", "Spécimen", "Gabarit", "Maquette", "Témoin",
    "d’Essai", "Échantillon", "Démonstration", "Fictif-Modèle", "Prototype",
)  # fmt: skip
T, F = OrganisationType, JobFunction
TYPES = {
    T.CHU: 12, T.CH: 24, T.LOCAL_HOSPITAL: 5, T.EPSM: 5, T.GHT: 6, T.ESPIC: 7,
    T.CLCC: 3, T.CLINIC: 12, T.SMR: 5, T.HAD: 3, T.HEALTH_HOUSE: 3, T.EHPAD: 8,
    T.ARS: 3, T.GRADES: 2, T.INDUSTRY: 3, T.OTHER: 2,
}  # fmt: skip
FUNCTIONS = {
    F.CHIEF_EXECUTIVE: 12, F.DEPUTY: 5, F.FINANCE: 3, F.QUALITY: 7, F.STRATEGY: 6,
    F.CIO: 18, F.CISO: 5, F.DPO: 4, F.DIM: 6, F.DATA: 4, F.PROJECT: 5, F.CME: 4,
    F.DEPARTMENT: 4, F.PHYSICIAN: 7, F.PHARMACY: 2, F.RADIOLOGY: 2,
    F.CARE_DIRECTION: 5, F.CARE_MANAGER: 5, F.AGENCY: 2, F.CONSULTANT: 2,
}  # fmt: skip
SOURCES: tuple[dict[str, list[str]], ...] = (
    {},
    {},
    {"utm_source": ["lettre"], "utm_medium": ["email"]},
    {"utm_source": ["reseau-social"], "utm_campaign": ["demonstration"]},
    {"utm_source": ["LinkedIn"], "utm_campaign": ["Demo"]},  # Another writing of it.
    {"utm_source": ["salon"], "utm_campaign": ["salon-fictif"], "utm_medium": ["qr"]},
    {"utm_source": ["salon"], "utm_campaign": ["lien-inconnu"]},
)


@transaction.atomic
def generate(
    count: int,
    *,
    seed: int = 1,
    now: datetime | None = None,
    progress: Callable[[int], object] = lambda done: None,
) -> None:
    """Add `count` fictitious leads, all of them or none; `progress` hears how many."""
    now = now or timezone.now()
    visits.make_campaigns()
    start = Lead.objects.count()  # Numbers go on where an earlier run stopped.
    author = Author(
        random.Random(f"{seed}:{start}"),
        now,
        Edition.current(),
        owners=_members("Commercial"),
        told=_members("Marketing"),
        rules=(rules := routing.rules_in_force()),
        persons=routing.persons_of(rules, timezone.localdate(now)),
    )
    for first in range(0, count, BATCH):
        last = min(first + BATCH, count)
        for number in range(start + first + 1, start + last + 1):
            author.write(number)
        author.rows.save()
        visits.write(author.rng, author.rows.submissions)
        author.rows = Rows()
        progress(last)


def _members(group: str) -> list[Any]:
    members = get_user_model().objects.filter(
        is_staff=True, is_active=True, groups__name=group
    )
    return list(members.order_by("pk"))


EVENTS: tuple[type[Model], ...] = (
    Assignment,
    Escalation,
    ConsentEvent,
    MailboxEvent,
    Activity,
    CopyEvent,
    MessageEvent,
    Hit,
)


class Rows:
    """Rows that name each other and are not saved yet."""

    def __init__(self) -> None:
        self.leads: list[Lead] = []
        self.copies: list[Copy] = []
        self.messages: list[Message] = []
        self.submissions: list[Submission] = []
        self.events: list[Any] = []  # Whatever names the rows above.
        self.confirmed: set[int] = set()  # Whose mailbox somebody reads, by identity.
        self.copy_messages: list[tuple[Copy, Message]] = []
        self.submission_messages: list[tuple[Submission, Message]] = []

    def save(self) -> None:
        """Insert everything, in the order of the foreign keys."""
        Lead.objects.bulk_create(self.leads)
        Copy.objects.bulk_create(self.copies)
        Message.objects.bulk_create(self.messages)
        Submission.objects.bulk_create(self.submissions)
        for model in EVENTS:
            rows = [row for row in self.events if isinstance(row, model)]
            model._default_manager.bulk_create(rows, batch_size=2000)
        Copy.messages.through.objects.bulk_create(
            Copy.messages.through(copy_id=copy.pk, message_id=message.pk)
            for copy, message in self.copy_messages
        )
        Submission.messages.through.objects.bulk_create(
            Submission.messages.through(
                submission_id=submission.pk, message_id=message.pk
            )
            for submission, message in self.submission_messages
        )


@dataclass
class Author:
    """Write one lead after the other, each with its history."""

    rng: random.Random
    now: datetime
    edition: Edition
    owners: list[Any]
    told: list[Any]  # Of the promises that were not kept.
    rules: list[RoutingRule]
    persons: dict[int, Any]  # As `routing.decide` takes them.

    def __post_init__(self) -> None:
        self.rows = Rows()

    def write(self, number: int) -> None:
        """Write the history of one lead."""
        rng = self.rng
        reader = self._reader()
        name = f"{slugify(reader.first_name)}.{slugify(reader.last_name)}"
        email = f"{name}.{number}@{DOMAIN}"
        at = history.arrival(rng, self.now, DAYS)
        lead = Lead(
            **asdict(reader), email=email, email_key=email_key(email), created_at=at
        )
        self.rows.leads.append(lead)
        if rng.random() < 0.02:
            self._suspect(lead, reader, at)
            return
        lead.is_test = rng.random() < 0.01
        submission, copy = self._submit(lead, reader, at)
        self._deliver(submission, copy, at + timedelta(seconds=rng.uniform(1, 3)))
        again = at + timedelta(days=rng.uniform(1, 20))
        if rng.random() < 0.1 and again < self.now - timedelta(hours=1):
            self._come_back(lead, submission, again)
        self._follow_up(lead, submission)

    def _follow_up(self, lead: Lead, submission: Submission) -> None:
        """Give the lead as the rules would have, or else to whoever took it."""
        facts = routing.Facts(
            pk=0,
            type=lead.organisation_type,
            region=lead.region,
            function=lead.job_function,
            campaign=submission.campaign,
        )
        decision = routing.decide(facts, self.rules, self.persons)
        person = decision.person.user if decision.person else None
        self.rows.events += history.follow_up(
            self.rng,
            self.now,
            lead,
            [person] if person else self.owners,
            routed=person is not None,
            may_write=submission.news_consent and id(lead) in self.rows.confirmed,
        )
        if lead.owner:
            self._owed(history.given(lead, self._uid(), decision))
        if self.told and history.promise_is_long_broken(lead, self.now):
            self._owed(history.signalled(lead, self.told[0], self._uid()))

    def _owed(self, owed: tuple[Message, Any]) -> None:
        """Keep a message of the house, over and done with, and what it told."""
        message, row = owed
        self.rows.messages.append(message)
        self.rows.events.append(row)

    def _reader(self) -> Reader:
        rng = self.rng
        return Reader(
            first_name=rng.choice(FIRST_NAMES),
            last_name=rng.choice(LAST_NAMES),
            organisation=f"Établissement de démonstration n° {rng.randint(1, 180)}",
            organisation_type=_weighted(rng, TYPES),
            job_function=_weighted(rng, FUNCTIONS),
            region=rng.choice(Region.values[:18]),
        )

    def _uid(self) -> uuid.UUID:
        return uuid.UUID(int=self.rng.getrandbits(128), version=4)

    def _suspect(self, lead: Lead, reader: Reader, at: datetime) -> None:
        """Write what a robot posts: kept, flagged, and never answered."""
        lead.suspected_at = at
        suspicion = self.rng.choice(Submission.Suspicion.values)
        self._submission(lead, reader, None, at, suspicion=suspicion)

    def _submit(
        self, lead: Lead, reader: Reader, at: datetime
    ) -> tuple[Submission, Copy]:
        copy = self._copy(lead, reader, at)
        consents = self.rng.random() < 0.35
        asks = self.rng.random() < 0.15
        # 01 99 00: numbers for fiction, that nobody is given (Arcep, 2018-0881).
        phone = f"+3319900{self.rng.randrange(10_000):04}" if asks else ""
        submission = self._submission(
            lead, reader, copy, at, news_consent=consents, phone=phone
        )
        if consents:
            self._consent(submission, ConsentEvent.Purpose.NEWS, news_wording())
        if asks:
            self._consent(submission, ConsentEvent.Purpose.CALL, call_wording())
        return submission, copy

    def _consent(self, submission: Submission, purpose: str, wording: Wording) -> None:
        self.rows.events.append(
            ConsentEvent(
                lead=submission.lead,
                submission=submission,
                purpose=purpose,
                granted=True,
                wording=wording.text,
                wording_version=wording.version,
                wording_sha256=wording.sha256,
                page="/",
                channel=ConsentEvent.Channel.WEB,
                at=submission.created_at,
            )
        )

    def _submission(
        self,
        lead: Lead,
        reader: Reader,
        copy: Copy | None,
        at: datetime,
        **values: Any,
    ) -> Submission:
        submission = Submission(
            uid=self._uid(),
            lead=lead,
            copy=copy,
            email=lead.email,
            source=self.rng.choice(SOURCES),
            created_at=at,
            **asdict(reader),
            **values,
        )
        submission.token_digest = tokens.digest(submission.token)
        submission.name_source()
        self.rows.submissions.append(submission)
        return submission

    def _copy(self, lead: Lead, reader: Reader, at: datetime) -> Copy:
        """Return a copy that is rendered but for its file, made when asked for."""
        symbols = "".join(self.rng.choice(ALPHABET) for _ in range(8))
        uid = self._uid()
        copy = Copy(
            uid=uid,
            reference=f"{PREFIX}-{symbols[:4]}-{symbols[4:]}",
            edition=self.edition,
            lead=lead,
            recipient=lead.email,
            requested_at=at,
            rendered_at=at + timedelta(seconds=self.rng.uniform(0.4, 1)),
            file=f"{COPIES}{uid}.pdf",
            sha256=NOT_YET_RENDERED,
            link_expires_at=at + LINK_LIFETIME,
            next_attempt_at=None,
            attempts=1,
            lease_no=1,
            **asdict(reader),
        )
        copy.token_digest = tokens.digest(copy.token)
        self.rows.copies.append(copy)
        self.rows.events += history.rendering(copy)
        return copy

    def _deliver(self, submission: Submission, copy: Copy, at: datetime) -> None:
        again = copy is not self.rows.copies[-1]  # Its readers have come already.
        message, events = history.sending(self.rng, self.now, copy, self._uid(), at)
        message.lead = submission.lead
        self.rows.messages.append(message)
        self.rows.events += events
        self.rows.copy_messages.append((copy, message))
        self.rows.submission_messages.append((submission, message))
        if message.accepted_at and not again:
            hits = history.hits(self.rng, self.now, copy, message.accepted_at)
            self.rows.events += hits
            self._confirm(submission.lead, hits)

    def _confirm(self, lead: Lead, hits: list[Hit]) -> None:
        """Note that a reader downloaded from the mail, as leads/mailbox.py does."""
        read = [hit.at for hit in hits if hit.served and hit.confidence in Hit.HUMAN]
        if read:
            kind = MailboxEvent.Kind.DOWNLOADED
            self.rows.events.append(MailboxEvent(lead=lead, kind=kind, at=min(read)))
            self.rows.confirmed.add(id(lead))

    def _come_back(self, lead: Lead, first: Submission, at: datetime) -> None:
        """Post again: the same answers (the same copy), or another function."""
        reader, copy = first.reader, first.copy
        assert copy is not None
        if self.rng.random() < 0.4:
            function = self.rng.choice([f.value for f in FUNCTIONS])
            reader = replace(reader, job_function=function)
            if reader != first.reader:
                copy = self._copy(lead, reader, at)
        submission = self._submission(lead, reader, copy, at)
        self._deliver(submission, copy, at + timedelta(seconds=2))


def _weighted(rng: random.Random, weights: dict[Any, int]) -> str:
    return str(rng.choices(list(weights), list(weights.values()))[0].value)
