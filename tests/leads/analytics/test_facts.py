"""Facts and days are the exact count of the events, whatever came late or went back."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction

from leads import exchanges, privacy, tasks
from leads.analytics import bits, facts, reading
from leads.analytics.filters import NAMES, NONE, Filters
from leads.models import (
    Activity,
    Campaign,
    ConsentEvent,
    DayBits,
    DirtyLead,
    FunnelDay,
    Lead,
    LeadFacts,
    MeasureRun,
    PrivacyEvent,
    Submission,
)
from leads.models.facts import DAY_COUNTS
from outbox.models import Message
from reports.models import Copy, Hit
from reports.vocabulary import JobFunction, OrganisationType, Region
from tests.leads.analytics.seeds import SEEDS
from tests.leads.factories import (
    HitFactory,
    LeadFactory,
    MessageFactory,
    StaffFactory,
    SubmissionFactory,
)

pytestmark = pytest.mark.django_db
PARIS = ZoneInfo("Europe/Paris")
# Around both changes of the clock, an hour before and after each midnight.
INSTANTS = [
    datetime(2026, month, day, 22, tzinfo=UTC) + timedelta(hours=hour)
    for month, day in ((3, 28), (3, 29), (10, 24), (10, 25), (11, 2))
    for hour in range(-1, 4)
]
NAMES_OF = {"": "", "salon": "salon", "salon 26": "salon"}
WHOLE = Filters(date(2026, 1, 1), date(2026, 12, 31))


class History:
    """Something happens to somebody, at random; the same for the same seed."""

    def __init__(self, seed):
        self.rng = random.Random(seed)
        Campaign.objects.create(
            code="salon", name="Salon", origin="salon", aliases="salon 26"
        )
        self.staff = [StaffFactory(group="Commercial") for _ in range(2)]
        self.acts = [
            getattr(self, name) for name in dir(self) if name.startswith("act_")
        ]

    def play(self, count):
        for _ in range(count):
            self.rng.choice(self.acts)()
        for _ in range(5):  # What is labelled, and labelled again.
            self.act_press()
            self.act_relabel()

    def lead(self):
        pks = list(Lead.objects.order_by("pk").values_list("pk", flat=True))
        if not pks:
            self.act_ask()
            return self.lead()
        return Lead.objects.get(pk=self.rng.choice(pks))

    def at(self):
        return self.rng.choice(INSTANTS)

    def act_ask(self):
        lead = LeadFactory(
            organisation_type=self.rng.choice(OrganisationType.values[:3]),
            job_function=self.rng.choice(JobFunction.values[:3]),
            region=self.rng.choice(Region.values[:2]),
        )
        self.ask(lead)

    def act_ask_again(self):
        self.ask(self.lead())

    def ask(self, lead):
        campaign = self.rng.choice(["", "printemps", "salon", "salon 26"])
        SubmissionFactory(
            lead=lead,
            created_at=self.at(),
            source={"utm_campaign": [campaign]} if campaign else {},
            copy__rendered=self.rng.random() < 0.8,
        )

    def act_robot(self):
        submission = SubmissionFactory(suspect=True, created_at=self.at())
        if self.rng.random() < 0.5:  # Released later.
            Lead.objects.filter(pk=submission.lead_id).update(suspected_at=None)
            Submission.objects.filter(pk=submission.pk).update(suspicion="")

    def act_test(self):
        Lead.objects.filter(pk=self.lead().pk).update(is_test=self.rng.random() < 0.5)

    def act_deliver(self):
        copy = self.lead().copies.first()
        if copy is not None and not copy.lead.erased_at:
            MessageFactory(next_attempt_at=None, accepted_at=self.at(), copies=[copy])

    def act_press(self):
        if copy := self.lead().copies.first():
            trait = self.rng.choice([{}, {"opened": True}, {"gateway": True}])
            HitFactory(copy=copy, at=self.at(), **trait)

    def act_relabel(self):
        pks = list(Hit.objects.order_by("pk").values_list("pk", flat=True))
        if pks:
            hit = Hit.objects.get(pk=self.rng.choice(pks))
            label = self.rng.choice(Hit.Confidence.values)
            counted = hit.served and self.rng.random() < 0.5
            Hit.objects.filter(pk=hit.pk).update(confidence=label, counted=counted)

    def act_call(self):
        kind = self.rng.choice([Activity.Kind.CALL, Activity.Kind.MEETING])
        lead = self.lead()
        if not lead.erased_at:
            exchanges.log(lead.pk, self.staff[0], kind)

    def act_move(self):
        status = self.rng.choice(["nouveau", "contacte", "rendez-vous", "gagne"])
        exchanges.move([self.lead().pk], self.staff[0], status)

    def act_give(self):
        owner = self.rng.choice([*self.staff, None])
        Lead.objects.filter(pk=self.lead().pk).update(owner=owner)

    def act_object(self):
        ConsentEvent.objects.create(
            lead=self.lead(), purpose="mesure", granted=self.rng.random() < 0.5
        )

    def act_merge(self):
        lead, other = self.lead(), self.lead()
        if lead != other:
            Lead.objects.filter(pk=lead.pk).update(merged_into=other)

    def act_erase(self):
        privacy.erase(self.lead(), PrivacyEvent.Kind.NOT_ME)


def expected():
    """Count by hand, in Python, from the events alone."""
    found = {}
    for lead in Lead.objects.all():
        asked = sorted(
            lead.submissions.filter(suspicion=""), key=lambda s: (s.created_at, s.pk)
        )
        if lead.suspected_at or lead.is_test or lead.merged_into_id or not asked:
            continue
        hits = Hit.objects.filter(copy__lead=lead)
        if lead.refuses_measure:  # Measured nowhere that tells anything of them.
            hits = hits.none()
        messages = Message.objects.filter(copies__lead=lead, accepted_at__isnull=False)
        meetings = lead.activities.filter(kind=Activity.Kind.MEETING)
        human = [
            h for h in hits if h.counted and h.confidence in ("certain", "probable")
        ]
        found[lead.pk] = {
            "day": asked[0].created_at.astimezone(PARIS).date(),
            "cuts": {
                "organisation_type": lead.organisation_type,
                "job_function": lead.job_function,
                "region": lead.region,
                "origin": asked[0].origin,
                "campaign": NAMES_OF.get(asked[0].campaign, "autre"),
                "owner": str(lead.owner_id or ""),
            },
            "counts": {
                "leads": 1,
                "submissions": len(asked),
                "rendered": lead.copies.filter(rendered_at__isnull=False).exists(),
                "delivered": messages.exists(),
                "retrieved": bool(human),
                "contacted": lead.first_contact_at is not None,
                "met": meetings.exists() or lead.status in ("rendez-vous", "gagne"),
                "won": lead.status == "gagne",
                "retrievals": len(human),
                "raw_retrievals": sum(hit.served for hit in hits),
                "erased": lead.erased_at is not None,
            },
        }
    return found


def summed(rows):
    total = Counter()
    for row in rows:
        total.update(row["counts"])
    return {name: total[name] for name in DAY_COUNTS}


@pytest.mark.parametrize("seed", SEEDS)
def test_days_and_facts_equal_the_events(seed):
    history = History(seed)
    for _ in range(3):  # What comes later corrects the past.
        history.play(25)
        facts.refresh_all()
        check(history.rng, expected())
        assert not DirtyLead.objects.exists()


def check(rng, truth):
    assert set(LeadFacts.objects.values_list("pk", flat=True)) == set(truth)
    assert reading.counts(WHOLE) == summed(truth.values())
    for at, counts in reading.series(WHOLE).items():
        assert counts == summed(row for row in truth.values() if row["day"] == at)
    for cut in NAMES:
        told = reading.by(WHOLE, cut)
        values = {row["cuts"][cut] for row in truth.values()}
        assert set(told) == values
        for value in values:
            rows = [row for row in truth.values() if row["cuts"][cut] == value]
            assert told[value] == summed(rows)
    check_columns()
    for _ in range(5):
        check_filters(rng, truth)


def written():
    """Return the columns of every day."""
    return list(
        DayBits.objects.order_by("day", "name").values("day", "name", "labels", "bits")
    )


def check_columns():
    """What was written day after day is what all days come to."""
    told = written()
    bits.write(LeadFacts.objects.values_list("day", flat=True).distinct())
    assert told == written()


def check_filters(rng, truth):
    first = rng.choice(INSTANTS).date()
    last = first + timedelta(days=rng.randrange(200))
    cuts = {
        cut: rng.choice(sorted({row["cuts"][cut] for row in truth.values()})) or NONE
        for cut in rng.sample(sorted(NAMES), rng.randrange(4))
        if truth
    }
    owners = {row["cuts"]["owner"] for row in truth.values()} - {""}
    scope = rng.choice([None, *map(int, sorted(owners))])  # A sales person's, or all.
    kept = [
        row
        for row in truth.values()
        if first <= row["day"] <= last
        and (scope is None or row["cuts"]["owner"] in ("", str(scope)))
        and all(
            row["cuts"][cut] == value.replace(NONE, "") for cut, value in cuts.items()
        )
    ]
    filters = Filters(first, last, cuts, scope)
    assert reading.counts(filters) == summed(kept)
    assert reading.facts(filters).count() == len(kept)
    for cut in NAMES:
        told = reading.by(filters, cut)
        assert set(told) == {row["cuts"][cut] for row in kept}
        for value, counts in told.items():
            assert counts == summed(r for r in kept if r["cuts"][cut] == value)
    weekly = reading.series(filters, weekly=True)
    assert sum(counts["leads"] for counts in weekly.values()) == len(kept)


def test_a_refresh_that_fails_changes_nothing_and_is_done_again(monkeypatch):
    submission = SubmissionFactory()
    monkeypatch.setattr(facts.counting, "count_days", lambda days: 1 / 0)
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        facts.refresh()
    assert not LeadFacts.objects.exists()
    monkeypatch.undo()

    facts.refresh_all()
    facts.refresh_all()

    assert LeadFacts.objects.get().lead_id == submission.lead_id
    assert FunnelDay.objects.get(cut="").leads == 1


def test_all_can_be_made_again_from_nothing():
    History(1).play(60)
    facts.refresh_all()
    before = list(FunnelDay.objects.order_by("cut", "day", "value").values(*DAY_COUNTS))
    columns = written()
    LeadFacts.objects.all().delete()
    FunnelDay.objects.all().delete()

    facts.rebuild()

    assert written() == columns
    after = list(FunnelDay.objects.order_by("cut", "day", "value").values(*DAY_COUNTS))
    assert after == before
    assert before


def test_days_are_those_of_paris_when_the_clock_changes():
    for at in (
        datetime(2026, 3, 28, 22, 59, tzinfo=UTC),  # 23:59, in winter.
        datetime(2026, 3, 28, 23, 0, tzinfo=UTC),  # Midnight.
        datetime(2026, 3, 29, 21, 59, tzinfo=UTC),  # 23:59, in summer.
        datetime(2026, 3, 29, 22, 0, tzinfo=UTC),  # Midnight, 23 hours later.
    ):
        SubmissionFactory(created_at=at)
    facts.refresh_all()

    told = {at.day: c["leads"] for at, c in reading.series(WHOLE).items() if c["leads"]}
    assert told == {28: 1, 29: 2, 30: 1}


def test_a_copy_rendered_after_the_refresh_is_counted_at_the_next():
    submission = SubmissionFactory(copy__rendered=False)
    facts.refresh_all()
    assert reading.counts(everything())["rendered"] == 0

    Copy.objects.filter(pk=submission.copy_id).update(
        rendered_at=submission.created_at, file="x", sha256="x", next_attempt_at=None
    )
    facts.refresh_all()

    assert reading.counts(everything())["rendered"] == 1


def everything():
    return Filters(date(2020, 1, 1), date(2100, 1, 1))


def test_a_week_without_a_worker_is_caught_up_with_in_bounded_batches(monkeypatch):
    leads = [SubmissionFactory().lead_id for _ in range(3)]
    DirtyLead.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_dirtylead (lead_id)"
            " SELECT (%s::bigint[])[1 + n %% 3] FROM generate_series(1, 20000) n",
            [leads],
        )
        cursor.execute("ANALYZE leads_dirtylead")  # As PostgreSQL does by itself.
    taken = []

    facts.refresh_all(taken.append)

    assert taken == list(range(facts.BATCH, 20_001, facts.BATCH))
    assert LeadFacts.objects.count() == 3
    assert not DirtyLead.objects.exists()


def test_who_finds_another_at_it_does_not_wait_and_does_not_say_it_was_done():
    SubmissionFactory()
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [facts.LOCK])
        tasks.refresh_facts()
        assert facts.refresh_all() == 0
        assert not LeadFacts.objects.exists()
        assert not MeasureRun.objects.exists()
    finally:
        other.close()

    tasks.refresh_facts()
    assert LeadFacts.objects.exists()
    assert MeasureRun.objects.get().kind == MeasureRun.Kind.REFRESH


def test_who_freezes_in_the_middle_does_not_keep_the_others_out_for_ever(monkeypatch):
    limits = []

    def look(leads):
        with connection.cursor() as cursor:
            cursor.execute("SHOW idle_in_transaction_session_timeout")
            limits.append(cursor.fetchone())

    DirtyLead.objects.create(lead_id=SubmissionFactory().lead_id)
    monkeypatch.setattr(facts, "remake", look)
    facts.refresh()

    assert limits == [("1min",)]


def test_two_who_mark_the_same_leads_wait_for_nobody():
    """No unique key, no lock: a visitor never waits for another, nor for a refresh."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT contype FROM pg_constraint"
            " WHERE conrelid = 'leads_dirtylead'::regclass AND contype IN ('u', 'f')"
        )
        assert not cursor.fetchall()
