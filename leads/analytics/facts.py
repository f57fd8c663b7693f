"""Make the facts of leads, and the days that sum them up, from the events.

Whatever changes a lead marks it (`MARKS`, in the database: no code can forget to). A
refresh takes the marks, makes those leads' facts anew and counts the days they were
and are of, in one transaction: run twice, stopped or late, it comes to the same. The
truth is always the events; both tables may be emptied and made again (`rebuild`), but
not `KeptDay`: what people who were anonymised had answered is nowhere else any more.

The requests of who objects to the measure are not in the facts at all: by day, type or
owner, a figure less the people whom staff know by name would be theirs. They count
where nothing ties them to anybody, in `reports/downloads.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date

from django.conf import settings
from django.db import connection, transaction

from leads import sources
from leads.analytics import bits, counting, delays
from leads.models import Lead

LOCK = 2026_03  # The family of the advisory lock: one refresh at a time.
BATCH = 2000  # Leads at once.
OF_ALL = 20_000  # The same, where all are made anew: eight days of a busy year.
_MADE = """
SELECT lead.id, s.asked_at, (s.asked_at AT TIME ZONE %(zone)s)::date AS day, s.count,
    lead.organisation_type, lead.job_function, lead.region,
    coalesce(%(origins)s::jsonb ->> s.origin, 'autre'),
    coalesce(%(campaigns)s::jsonb ->> s.campaign, 'autre'),
    coalesce(%(origins)s::jsonb ->> s.last_origin, 'autre'),
    coalesce(%(campaigns)s::jsonb ->> s.last_campaign, 'autre'), lead.owner_id,
    c.rendered_at, m.delivered_at, h.retrieved_at, h.retrievals, h.raw, w.set_aside,
    lead.first_contact_at AS contacted_at,
    -- A status that no history tells of was there from the start.
    CASE WHEN lead.status IN ('rendez-vous', 'gagne')
         THEN coalesce(least(a.met_at, moved.met_at), lead.created_at)
         ELSE a.met_at END AS met_at,
    CASE WHEN lead.status = 'gagne' THEN coalesce(moved.won_at, lead.created_at) END,
    NOT objection.objects, lead.erased_at IS NOT NULL,
    lead.status IN ('gagne', 'perdu', 'hors-cible')
FROM leads_lead lead
CROSS JOIN LATERAL (
    SELECT min(created_at) AS asked_at, count(*) AS count,
        (array_agg(origin ORDER BY created_at, id))[1] AS origin,
        (array_agg(campaign ORDER BY created_at, id))[1] AS campaign,
        (array_agg(origin ORDER BY created_at DESC, id DESC))[1] AS last_origin,
        (array_agg(campaign ORDER BY created_at DESC, id DESC))[1] AS last_campaign
    FROM leads_submission WHERE lead_id = lead.id AND suspicion = '') s
CROSS JOIN LATERAL (
    SELECT min(rendered_at) AS rendered_at FROM reports_copy
    WHERE lead_id = lead.id) c
CROSS JOIN LATERAL (
    SELECT min(message.accepted_at) AS delivered_at
    FROM reports_copy copy
    JOIN reports_copy_messages link ON link.copy_id = copy.id
    JOIN outbox_message message ON message.id = link.message_id
    WHERE copy.lead_id = lead.id) m
CROSS JOIN LATERAL (
    SELECT coalesce((
        SELECT NOT granted FROM leads_consentevent
        WHERE lead_id = lead.id AND purpose = 'mesure'
        ORDER BY at DESC, id DESC LIMIT 1), false) AS objects) objection
CROSS JOIN LATERAL (
    SELECT min(hit.at) FILTER (WHERE human) AS retrieved_at,
        count(*) FILTER (WHERE human) AS retrievals,
        count(*) FILTER (WHERE hit.served) AS raw
    FROM reports_copy copy
    JOIN reports_hit hit ON hit.copy_id = copy.id
    CROSS JOIN LATERAL (
        SELECT hit.counted AND hit.confidence IN ('certain', 'probable') AS human) label
    WHERE copy.lead_id = lead.id AND NOT objection.objects) h
CROSS JOIN LATERAL (
    -- Rule → requests it set aside, and of which served a file. As `with_settled`.
    SELECT coalesce(jsonb_object_agg(rule, jsonb_build_array(requests, files)), '{}')
        AS set_aside
    FROM (
        SELECT CASE WHEN hit.confidence IN ('certain', 'probable') THEN 'repeated'
                ELSE hit.rule END AS rule,
            count(*) AS requests, count(*) FILTER (WHERE hit.served) AS files
        FROM reports_copy copy
        JOIN reports_hit hit ON hit.copy_id = copy.id
        WHERE copy.lead_id = lead.id AND NOT objection.objects
            AND NOT (hit.counted AND hit.confidence IN ('certain', 'probable'))
        GROUP BY 1) rules) w
CROSS JOIN LATERAL (
    SELECT min(at) AS met_at FROM leads_activity
    WHERE lead_id = lead.id AND kind = 'rendez-vous') a
CROSS JOIN LATERAL (
    -- When it came to a status: the end of the row before it, which history keeps.
    SELECT min(at) FILTER (WHERE became IN ('rendez-vous', 'gagne')) AS met_at,
        max(at) FILTER (WHERE became = 'gagne') AS won_at
    FROM (
        SELECT pgh_created_at AS at, status AS was,
            lead(status, 1, lead.status) OVER (ORDER BY pgh_id) AS became
        FROM leads_leadevent WHERE pgh_obj_id = lead.id) change
    WHERE became <> was) moved
WHERE lead.id = ANY(%(leads)s) AND lead.suspected_at IS NULL AND NOT lead.is_test
    AND lead.merged_into_id IS NULL AND s.asked_at IS NOT NULL
"""
_FACTS = f"""
INSERT INTO leads_leadfacts (
    lead_id, asked_at, day, submissions, organisation_type, job_function, region,
    origin, campaign, last_origin, last_campaign, owner_id, rendered_at, delivered_at,
    retrieved_at, retrievals, raw_retrievals, set_aside, contacted_at, met_at, won_at,
    measured, erased, closed, contact_delay, met_delay)
SELECT made.*, {delays.numbered("made.contacted_at")}, {delays.numbered("made.met_at")}
FROM ({_MADE}) made {delays.JOINED} ON borders.day = made.day
RETURNING day
"""
# The days that leads will be of. Who asks meanwhile is marked, and made once more.
_DAYS = """
SELECT DISTINCT (min(created_at) AT TIME ZONE %s)::date FROM leads_submission
WHERE lead_id = ANY(%s) AND suspicion = '' GROUP BY lead_id
"""

_TAKE = """
WITH taken AS MATERIALIZED (  -- Once: in a subquery, some plans ask for more and more.
    SELECT id FROM leads_dirtylead ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
DELETE FROM leads_dirtylead USING taken WHERE leads_dirtylead.id = taken.id
RETURNING lead_id
"""

# Table → (what of a row names its lead, columns whose change matters).
MARKS = {
    "leads_lead": (
        "NEW.id",
        "organisation_type, job_function, region, owner_id, status, suspected_at, "
        "is_test, merged_into_id, erased_at, first_contact_at",
    ),
    "leads_submission": ("NEW.lead_id", "suspicion, origin, campaign, lead_id"),
    "reports_copy": ("NEW.lead_id", "rendered_at"),
    "outbox_message": ("NEW.lead_id", "accepted_at"),
    "reports_hit": (
        "(SELECT lead_id FROM reports_copy WHERE id = NEW.copy_id)",
        "served, counted, confidence, rule",
    ),
    "leads_activity": ("NEW.lead_id", "kind"),
    "leads_consentevent": ("NEW.lead_id", "granted"),
}


def mark_sql(table: str) -> str:
    """Return the SQL that makes a table mark the leads that its rows change."""
    name, columns = MARKS[table]
    return f"""
        CREATE OR REPLACE FUNCTION {table}_mark() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE marked bigint := {name};
        BEGIN
            IF marked IS NOT NULL THEN
                INSERT INTO leads_dirtylead (lead_id) VALUES (marked);
            END IF;
            RETURN NULL;
        END $$;
        CREATE OR REPLACE TRIGGER {table}_mark
        AFTER INSERT OR UPDATE OF {columns} ON {table}
        FOR EACH ROW EXECUTE FUNCTION {table}_mark();
    """


# A campaign that gets another name, or loses one, corrects the past.
CAMPAIGN_MARK = """
    CREATE FUNCTION leads_campaign_mark() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
        names text[] := ARRAY[]::text[];
    BEGIN
        IF TG_OP <> 'INSERT' THEN
            names := names || OLD.code || string_to_array(OLD.aliases, E'\\n');
        END IF;
        IF TG_OP <> 'DELETE' THEN
            names := names || NEW.code || string_to_array(NEW.aliases, E'\\n');
        END IF;
        INSERT INTO leads_dirtylead (lead_id)
        SELECT DISTINCT lead_id FROM leads_submission
        WHERE campaign = ANY(names) AND campaign <> '';
        RETURN NULL;
    END $$;
    CREATE TRIGGER leads_campaign_mark
    AFTER INSERT OR DELETE OR UPDATE OF code, aliases ON leads_campaign
    FOR EACH ROW EXECUTE FUNCTION leads_campaign_mark();
"""


def unmark_sql(table: str) -> str:
    return f"DROP TRIGGER {table}_mark ON {table}; DROP FUNCTION {table}_mark();"


def refresh(limit: int = BATCH) -> int | None:
    """Make anew the facts of leads that changed; return how many marks were taken.

    None where somebody else is at it: a worker has better to do than to wait. One that
    freezes in the middle loses its transaction, and the lock with it.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL idle_in_transaction_session_timeout = '60s'")
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if cursor.fetchone() != (True,):
            return None
        cursor.execute(_TAKE, [limit])
        marks = [lead for (lead,) in cursor.fetchall()]
        if leads := sorted(set(marks)):
            remake(leads)
    return len(marks)


def refresh_all(progress: Callable[[int], object] = lambda done: None) -> int:
    """Take every mark there is; return how many there were."""
    done = 0
    while taken := refresh():
        done += taken
        progress(done)
    return done


def rebuild(progress: Callable[[int], object] = lambda done: None) -> None:
    """Make all facts and all days anew, batch by batch; figures stay readable."""
    last = 0
    while True:
        rows = (
            Lead.objects.filter(pk__gt=last).order_by("pk").values_list("pk", flat=True)
        )
        batch = list(rows[:OF_ALL])
        if not batch:
            break
        with transaction.atomic():
            lock()
            remake(batch)
        last = batch[-1]
        progress(last)


def mark_recent(since: date) -> int:
    """Mark the leads that asked or were made since a day, whatever the marks say.

    A net under the triggers: it finds what was changed while they were off.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_dirtylead (lead_id) SELECT id FROM leads_lead"
            " WHERE created_at >= %s",
            [since],
        )
        return int(cursor.rowcount)


def lock() -> None:
    """Let nobody else count until this transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])


def remake(leads: list[int]) -> None:
    """Replace the facts of leads, and count the days they were and are of.

    Call it locked.
    """
    days: set[date] = set()
    with connection.cursor() as cursor:
        cursor.execute(_DAYS, [settings.TIME_ZONE, leads])
        asked = [day for (day,) in cursor.fetchall()]
        cursor.execute(
            "DELETE FROM leads_leadfacts WHERE lead_id = ANY(%s) RETURNING day", [leads]
        )
        days.update(day for (day,) in cursor.fetchall())
        cursor.execute(
            _FACTS,
            {
                "leads": leads,
                "zone": settings.TIME_ZONE,
                # Submissions keep what came; the facts go by the names it has today.
                "origins": json.dumps({"": "", **sources.ORIGINS}),
                "campaigns": json.dumps({"": "", **sources.campaigns()}),
                **delays.parameters(asked),
            },
        )
        days.update(day for (day,) in cursor.fetchall())
    counting.count_days(days)
    bits.write(days)
