"""What a figure of the measure costs, beside the query over the events themselves.

    python -m benchmarks figures [--leads 1000000] [--blocks 3]

On a PostgreSQL of its own, gone at the end: as many fictitious leads over 400 days,
each with its submission, copy, message and five requests on its links, and the
anonymous counts of every hour, made by SQL, set by set (1 000 000 leads take some
6 GB of disk and a quarter of an hour). The facts are made as production makes them.
Then ways take turns (A B B A): each reading of the dashboard, and the same counts asked
of the events; they must agree. Milliseconds of the wall, medians, are of this machine;
the ratio is what travels. At last each page and each tile (benchmarks/pages.py).
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg

from benchmarks import ENVIRONMENT, pages
from santescopie.embedded import services

DAYS = 400
EVENTS = 5  # Requests on the links of each lead.
OF_SERVICES = ("DATABASE_URL", "REDIS_URL", "SANTESCOPIE_VAR")
INSIDE = "inside"
PATIENCE = 240.0  # Seconds of asking the events themselves, for each period.

# Without triggers and foreign keys: the rows are right, and all are marked by hand.
PEOPLE = """
INSERT INTO leads_lead (id, first_name, last_name, email, email_key, organisation,
    organisation_type, job_function, region, phone, status, owner_id, next_action,
    first_contact_at, created_at, is_test)
SELECT n, 'Camille', 'Exemple-' || n, n || '@exemple.fr', n || '@exemple.fr',
    'Établissement de démonstration',
    -- A third of them of one type, and a fifth in one region, as it is in life.
    CASE WHEN n %% 3 = 0 THEN 'ch'
        ELSE (%(types)s::text[])[1 + n %% cardinality(%(types)s::text[])] END,
    (%(functions)s::text[])[1 + n / 7 %% cardinality(%(functions)s::text[])],
    CASE WHEN n %% 5 = 0 THEN '11'
        ELSE (%(regions)s::text[])[1 + n / 3 %% cardinality(%(regions)s::text[])] END,
    '', 'nouveau',
    (%(owners)s::bigint[])[1 + n %% 11], '',
    CASE WHEN n %% 10 < 6 THEN at + interval '1 hour' * (n %% 300) END, at, false
FROM generate_series(1, %(leads)s) n,
    LATERAL (SELECT now() - interval '1 day' * %(days)s * (1 - n::float / %(leads)s)
        AS at) asked
"""
SUBMISSIONS = """
INSERT INTO leads_submission (id, uid, lead_id, copy_id, first_name, last_name, email,
    organisation, organisation_type, job_function, region, suspicion, news_consent,
    source, origin, campaign, created_at, token_digest)
SELECT id, gen_random_uuid(), id, id, first_name, last_name, email, organisation,
    organisation_type, job_function, region, '', false, '{}',
    (ARRAY['', 'salon', 'linkedin', 'courriel'])[1 + id %% 4],
    CASE WHEN id %% 4 = 0 THEN '' ELSE 'campagne-' || id %% 20 END,
    created_at, sha256(id::text::bytea)
FROM leads_lead
"""
COPIES = """
INSERT INTO reports_copy (id, uid, reference, edition_id, fingerprint, lead_id,
    first_name, last_name, organisation, organisation_type, job_function, region,
    recipient, lease_no, attempts, next_attempt_at, requested_at, rendered_at, file,
    sha256, size, token_generation, token_digest, link_expires_at)
SELECT id, gen_random_uuid(), 'SC26-' || id, %(edition)s, '', id, first_name,
    last_name, organisation, organisation_type, job_function, region, email, 0, 1, NULL,
    created_at, created_at + interval '2 seconds', 'x', 'x', 1, 1,
    sha256(id::text::bytea),
    created_at + interval '1 year'
FROM leads_lead
"""
MESSAGES = """
INSERT INTO outbox_message (id, uid, kind, lead_id, recipient, subject, text, html,
    headers, links, attachments, message_id, lease_no, attempts, next_attempt_at,
    created_at, accepted_at)
SELECT id, gen_random_uuid(), 'copy', id, email, '', '', '', '{}', '[]', '[]',
    id::text, 0, 1, NULL, created_at,
    CASE WHEN id %% 50 <> 0 THEN created_at + interval '5 seconds' END
FROM leads_lead
"""
LINKS = """
INSERT INTO reports_copy_messages (copy_id, message_id) SELECT id, id FROM leads_lead
"""
HITS = """
INSERT INTO reports_hit (copy_id, link, at, method, agent, since_acceptance, siblings,
    links, page_seen, served, counted, confidence, rule)
SELECT id, 'copy', created_at + interval '1 minute' * k, CASE WHEN k = 4 THEN 'POST'
    ELSE 'GET' END, 'browser', 60 * k, 0, 1, true, k = 4, k = 4 AND id %% 5 < 2,
    CASE WHEN k <> 4 THEN 'douteux' WHEN id %% 5 < 2 THEN 'certain' ELSE 'robot' END,
    CASE WHEN k <> 4 THEN 'get-proves-nothing' WHEN id %% 5 < 2 THEN 'human-pace'
        WHEN id %% 1000 = 4 THEN 'rare' ELSE 'too-soon' END
FROM leads_lead, generate_series(1, %(events)s) k
"""
MEETINGS = """
INSERT INTO leads_activity (lead_id, kind, body, at)
SELECT id, 'rendez-vous', '', created_at + interval '6 days' FROM leads_lead
WHERE id %% 10 = 0
"""
# Each hour: seven of the campaigns, three devices, two of the rows that share a count.
AUDIENCE = """
INSERT INTO leads_audiencecount (hour, step, field, origin, campaign, device, robot,
    slot, count)
SELECT date_trunc('hour', now()) - interval '1 hour' * h, step, field,
    CASE WHEN c = 0 THEN '' ELSE 'salon' END,
    CASE WHEN c = 0 THEN '' ELSE 'campagne-' || (h + 3 * c) %% 20 END,
    device, false, slot, 1 + (h + c) %% 5
FROM generate_series(0, 24 * %(days)s - 1) h, generate_series(0, 6) c,
    unnest(ARRAY['phone', 'tablet', 'desktop']) device, generate_series(0, 1) slot,
    (VALUES ('page', ''), ('form', ''), ('started', ''), ('submitted', ''),
        ('error', 'email'), ('error', 'organisation')) steps (step, field)
"""
FILLING = (
    PEOPLE, SUBMISSIONS, COPIES, MESSAGES, LINKS, HITS, MEETINGS, AUDIENCE,
)  # fmt: skip
# The same counts, as they would be asked of the events.
NAIVE = """
WITH asked AS (
    SELECT lead.id, min(submission.created_at) AS at, count(*) AS submissions,
        lead.first_contact_at
    FROM leads_lead lead
    JOIN leads_submission submission ON submission.lead_id = lead.id
    WHERE submission.suspicion = '' AND lead.suspected_at IS NULL AND NOT lead.is_test
        AND lead.merged_into_id IS NULL
    GROUP BY lead.id
    HAVING min(submission.created_at) >= %(start)s
        AND min(submission.created_at) < %(end)s),
copies AS (
    SELECT copy.lead_id, min(copy.rendered_at) AS rendered_at,
        min(message.accepted_at) AS delivered_at
    FROM asked JOIN reports_copy copy ON copy.lead_id = asked.id
    LEFT JOIN reports_copy_messages link ON link.copy_id = copy.id
    LEFT JOIN outbox_message message ON message.id = link.message_id
    GROUP BY copy.lead_id),
hits AS (
    SELECT copy.lead_id, count(*) FILTER (WHERE hit.served) AS raw,
        count(*) FILTER (
            WHERE hit.counted AND hit.confidence IN ('certain', 'probable')) AS human
    FROM asked JOIN reports_copy copy ON copy.lead_id = asked.id
    JOIN reports_hit hit ON hit.copy_id = copy.id
    GROUP BY copy.lead_id)
SELECT count(*), sum(submissions), count(rendered_at), count(delivered_at),
    count(*) FILTER (WHERE human > 0), count(first_contact_at), sum(human), sum(raw),
    count(*) FILTER (WHERE EXISTS (SELECT FROM leads_activity
        WHERE lead_id = asked.id AND kind = 'rendez-vous'))
FROM asked LEFT JOIN copies ON copies.lead_id = asked.id
LEFT JOIN hits ON hits.lead_id = asked.id
"""
TOLD = (
    "leads", "submissions", "rendered", "delivered", "retrieved", "contacted",
    "retrievals", "raw_retrievals", "met",
)  # fmt: skip


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks figures")
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument("--blocks", type=int, default=3)
    options = parser.parse_args(arguments)
    print(__doc__, flush=True)
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    settings = {k: v for k, v in ENVIRONMENT.items() if k not in OF_SERVICES}
    for name in OF_SERVICES:
        os.environ.pop(name, None)  # Nobody's but our own.
    with tempfile.TemporaryDirectory() as folder, roomy(Path(folder)) as urls:
        subprocess.run(
            [
                *(sys.executable, "-m", "benchmarks.figures", INSIDE),
                *(str(options.leads), str(options.blocks)),
            ],
            env={**kept, **settings, **urls, "SANTESCOPIE_VAR": folder},
            check=True,
        )


@contextmanager
def roomy(folder: Path) -> Iterator[dict[str, str]]:
    """Run services whose PostgreSQL keeps a gigabyte in memory, as a server of ours."""
    with (
        services(folder, durable=False) as urls,
        psycopg.connect(urls["DATABASE_URL"], autocommit=True) as connection,
    ):
        connection.execute("ALTER SYSTEM SET shared_buffers = '1GB'")
    with services(folder, durable=False) as urls:
        yield urls


def inside(leads: int, blocks: int) -> None:
    """Fill the database that the environment names, and measure on it."""
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    fill(leads)
    make_facts(leads)
    measure(blocks)
    pages.compare()


def fill(leads: int) -> None:
    from django.contrib.auth import get_user_model
    from django.db import connection, transaction

    from leads.models import Campaign
    from reports.models import Edition
    from reports.vocabulary import JobFunction, OrganisationType, Region

    users = get_user_model()._default_manager
    owners = [users.create(username=f"agent{n}", is_staff=True).pk for n in range(10)]
    Campaign.objects.bulk_create(
        Campaign(code=f"campagne-{n}", name=f"Campagne {n}", origin="salon")
        for n in range(20)
    )
    values = {
        "leads": leads,
        "days": DAYS,
        "events": EVENTS,
        "types": list(OrganisationType.values),
        "functions": list(JobFunction.values),
        "regions": list(Region.values),
        "owners": [*owners, None],
        "edition": Edition.objects.first().pk,  # type: ignore[union-attr]
    }
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")
        # Letters of names are no figure, and their index takes the longest.
        cursor.execute("DROP INDEX lead_search")
        for sql in FILLING:
            begun = time.perf_counter()
            cursor.execute(sql, values)
            table = sql.split()[2]
            seconds = time.perf_counter() - begun
            print(f"  {cursor.rowcount} rows of {table}: {seconds:.0f} s", flush=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def make_facts(leads: int) -> None:
    from django.db import connection

    from leads.analytics import audience_days, facts

    begun = time.perf_counter()
    facts.rebuild()
    seconds = time.perf_counter() - begun
    print(f"  all facts: {seconds:.0f} s, {leads / seconds:.0f} leads a second")
    audience_days.sum_up()
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
        cursor.execute("SELECT pg_database_size(current_database())")
        print(f"  {cursor.fetchone()[0] / 1e9:.1f} GB\n", flush=True)


def measure(blocks: int) -> None:
    """Compare each period's readings with the events; print what each costs."""
    from django.utils import timezone

    from benchmarks.measure import ratio, table, turns
    from leads.analytics.filters import Filters

    today = timezone.localdate()
    for days in (28, 365):
        filters = Filters(today - timedelta(days=days - 1), today)
        begun = time.perf_counter()
        told = dict(zip(TOLD, naive(filters), strict=True))
        # A block asks the events twice.
        fit = int(PATIENCE / 2 / (time.perf_counter() - begun))
        blocks_ = max(1, min(blocks, fit))
        ways = readings(filters)
        found = ways["the funnel, whole"]()
        assert {name: found[name] for name in TOLD} == told, (found, told)
        ways = {"events": lambda of=filters: naive(of), **ways}
        costs = turns(
            {name: timed(way) for name, way in ways.items()},
            blocks_,
            reference="events",
        )
        rows: list[tuple[Any, ...]] = [("way", "ms, median", "events ÷ it", "95 %")]
        for name, seconds in costs.items():
            middle, low, high = ratio(costs["events"], seconds)
            ms = f"{statistics.median(seconds) * 1000:.1f}"
            rows.append((name, ms, f"{middle:.0f}", f"{low:.0f}–{high:.0f}"))
        print(f"{days} days, {told['leads']} leads, {blocks_} blocks")
        table(rows)
        print(flush=True)


def readings(filters: Any) -> dict[str, Callable[[], Any]]:
    from leads.analytics import action, reading
    from leads.analytics.filters import Filters

    _, meeting = action.ACTS
    cut = filters.having("organisation_type", "ch")
    twice = cut.having("origin", "salon")
    thrice = twice.having("region", "11")
    mine = Filters(filters.first, filters.last, owner=1)
    return {
        "the funnel, whole": lambda: reading.counts(filters),
        "the funnel before": lambda: reading.counts(filters.previous),
        "of one type": lambda: reading.counts(cut),
        "of one type and source": lambda: reading.counts(twice),
        "of one type, source and region": lambda: reading.counts(thrice),
        "of one’s own leads": lambda: reading.counts(mine),
        "by campaign": lambda: reading.by(filters, "campaign"),
        "by region, of one type": lambda: reading.by(cut, "region"),
        "by day": lambda: reading.series(filters),
        "by week, of one type and source": lambda: reading.series(twice, weekly=True),
        "cohorts of action": lambda: action.cohorts(filters, *action.ACTS),
        "rows of a cell, counted": lambda: action.count(filters, meeting, "3-5"),
        "never called, counted": lambda: action.to_call(filters),
        "never called, first page": lambda: list(action.never_called(filters)[:50]),
    }


def naive(filters: Any) -> tuple[int, ...]:
    from datetime import datetime
    from datetime import time as clock

    from django.db import connection
    from django.utils import timezone

    zone = timezone.get_default_timezone()
    after = filters.last + timedelta(days=1)
    with connection.cursor() as cursor:
        cursor.execute(
            NAIVE,
            {
                "start": datetime.combine(filters.first, clock.min, zone),
                "end": datetime.combine(after, clock.min, zone),
            },
        )
        return tuple(int(value or 0) for value in cursor.fetchone())


def timed(way: Callable[[], Any]) -> Callable[[], float]:
    def seconds() -> float:
        begun = time.perf_counter()
        way()
        return time.perf_counter() - begun

    return seconds


if __name__ == "__main__" and sys.argv[1] == INSIDE:
    inside(int(sys.argv[2]), int(sys.argv[3]))
