"""Make the facts of leads, and the days that sum them up, from the events.

Whatever changes a lead marks it (`MARKS`, in the database: no code can forget to). A
refresh takes the marks, makes those leads' facts anew and counts the days they were
and are of, in one transaction: run twice, stopped or late, it comes to the same. The
truth is always the events; both tables may be emptied and made again (`rebuild`), but
not `KeptDay`: what people who were anonymised had answered is nowhere else any more.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import date

from django.conf import settings
from django.db import connection, transaction

from leads import sources
from leads.analytics import delays
from leads.models import Lead
from leads.models.facts import DAY_COUNTS

LOCK = 2026_03  # The family of the advisory lock: one refresh at a time.
BATCH = 2000  # Leads at once.
CUTS = (
    "organisation_type",
    "job_function",
    "region",
    "origin",
    "campaign",
    "owner",
)

_FACTS = """
INSERT INTO leads_leadfacts (
    lead_id, asked_at, day, submissions, organisation_type, job_function, region,
    origin, campaign, last_origin, last_campaign, owner_id, rendered_at, delivered_at,
    retrieved_at, retrievals, raw_retrievals, set_aside, contacted_at, met_at, won_at,
    measured, erased, closed)
SELECT lead.id, s.asked_at, (s.asked_at AT TIME ZONE %(zone)s)::date, s.count,
    lead.organisation_type, lead.job_function, lead.region,
    coalesce(%(origins)s::jsonb ->> s.origin, 'autre'),
    coalesce(%(campaigns)s::jsonb ->> s.campaign, 'autre'),
    coalesce(%(origins)s::jsonb ->> s.last_origin, 'autre'),
    coalesce(%(campaigns)s::jsonb ->> s.last_campaign, 'autre'), lead.owner_id,
    c.rendered_at, m.delivered_at, h.retrieved_at, h.retrievals, h.raw, w.set_aside,
    lead.first_contact_at,
    -- A status that no history tells of was there from the start.
    CASE WHEN lead.status IN ('rendez-vous', 'gagne')
         THEN coalesce(least(a.met_at, moved.met_at), lead.created_at)
         ELSE a.met_at END,
    CASE WHEN lead.status = 'gagne' THEN coalesce(moved.won_at, lead.created_at) END,
    NOT coalesce(objection.objects, false), lead.erased_at IS NOT NULL,
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
    SELECT min(hit.at) FILTER (WHERE human) AS retrieved_at,
        count(*) FILTER (WHERE human) AS retrievals,
        count(*) FILTER (WHERE hit.served) AS raw
    FROM reports_copy copy
    JOIN reports_hit hit ON hit.copy_id = copy.id
    CROSS JOIN LATERAL (
        SELECT hit.counted AND hit.confidence IN ('certain', 'probable') AS human) label
    WHERE copy.lead_id = lead.id) h
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
        WHERE copy.lead_id = lead.id
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
LEFT JOIN LATERAL (
    SELECT NOT granted AS objects FROM leads_consentevent
    WHERE lead_id = lead.id AND purpose = 'mesure'
    ORDER BY at DESC, id DESC LIMIT 1) objection ON true
WHERE lead.id = ANY(%(leads)s) AND lead.suspected_at IS NULL AND NOT lead.is_test
    AND lead.merged_into_id IS NULL AND s.asked_at IS NOT NULL
"""

_TAKE = """
WITH taken AS MATERIALIZED (  -- Once: in a subquery, some plans ask for more and more.
    SELECT id FROM leads_dirtylead ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)
DELETE FROM leads_dirtylead USING taken WHERE leads_dirtylead.id = taken.id
RETURNING lead_id
"""

# What could name somebody together: the facts of who is anonymised lose it.
LOST = ("job_function", "region", "origin", "campaign")

# What a day counts of the facts, in the order of DAY_COUNTS.
REACHED = ("rendered", "delivered", "retrieved", "contacted", "met", "won")
SUMS = (
    "count(*)",
    "coalesce(sum(submissions), 0)",
    *(f"count({name}_at)" for name in REACHED),
    "coalesce(sum(retrievals), 0)",
    "coalesce(sum(raw_retrievals), 0)",
    "count(*) FILTER (WHERE erased)",
)

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


def refresh(limit: int = BATCH) -> int:
    """Make anew the facts of leads that changed; return how many marks were taken."""
    with transaction.atomic(), connection.cursor() as cursor:
        lock()
        cursor.execute(_TAKE, [limit])
        marks = [lead for (lead,) in cursor.fetchall()]
        _remake(sorted(set(marks)))
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
        batch = list(rows[:BATCH])
        if not batch:
            return
        with transaction.atomic():
            lock()
            _remake(batch)
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


def keep(lead: int) -> None:
    """Count somebody who is about to be anonymised in `KeptDay`. Call it locked.

    One row for each cut that will lose its value: what each of them says by itself
    stays counted, and nothing says any more that they were one person's.
    """
    _remake([lead])
    columns = ", ".join(DAY_COUNTS)
    person = ", ".join(
        f"{total.replace('count(*) FILTER (WHERE erased)', '1')} AS {name}"
        for total, name in zip(SUMS, DAY_COUNTS, strict=True)
    )
    added = ", ".join(
        f"{name} = leads_keptday.{name} + excluded.{name}" for name in DAY_COUNTS
    )
    moved = ", ".join(f"sign * {name}" for name in DAY_COUNTS)
    with connection.cursor() as cursor:
        for cut in LOST:
            cursor.execute(
                f"INSERT INTO leads_keptday (day, cut, value, {columns})"
                f" SELECT day, %s, CASE sign WHEN 1 THEN value ELSE '' END, {moved}"
                f" FROM (SELECT day, {cut} AS value, {person} FROM leads_leadfacts"
                f" WHERE lead_id = %s AND {cut} <> '' GROUP BY day, {cut}) person,"
                " (VALUES (1), (-1)) AS signs (sign)"
                f" ON CONFLICT (cut, value, day) DO UPDATE SET {added}",
                [cut, lead],
            )


def remake(leads: list[int]) -> None:
    """Make the facts of leads anew at once. Call it locked."""
    _remake(leads)


def _remake(leads: list[int]) -> None:
    """Replace the facts of leads, then count the days they were and are of."""
    if not leads:
        return
    days: set[date] = set()
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM leads_leadfacts WHERE lead_id = ANY(%s) RETURNING day", [leads]
        )
        days.update(day for (day,) in cursor.fetchall())
        cursor.execute(
            _FACTS + " RETURNING day",
            {
                "leads": leads,
                "zone": settings.TIME_ZONE,
                # Submissions keep what came; the facts go by the names it has today.
                "origins": json.dumps({"": "", **sources.ORIGINS}),
                "campaigns": json.dumps({"": "", **sources.campaigns()}),
            },
        )
        days.update(day for (day,) in cursor.fetchall())
    _count(days)


def _count(days: Iterable[date]) -> None:
    """Count whole days anew, once for each cut and once for all."""
    columns = [f"{cut}_id" if cut == "owner" else cut for cut in CUTS]
    sets = ", ".join(["(day)", *(f"(day, {column})" for column in columns)])
    cut = " ".join(
        f"WHEN grouping({column}) = 0 THEN '{name}'"
        for name, column in zip(CUTS, columns, strict=True)
    )
    value = " ".join(
        f"WHEN grouping({column}) = 0 THEN coalesce({column}::text, '')"
        for column in columns
    )
    with connection.cursor() as cursor:
        listed = list(days)
        cursor.execute("DELETE FROM leads_funnelday WHERE day = ANY(%s)", [listed])
        names = ", ".join(DAY_COUNTS)
        sums = ", ".join(f"greatest(sum({name}), 0)" for name in DAY_COUNTS)
        cursor.execute(
            f"INSERT INTO leads_funnelday (day, cut, value, {names})"
            f" SELECT day, cut, value, {sums} FROM ("
            f" SELECT day, CASE {cut} ELSE '' END, CASE {value} ELSE '' END,"
            f" {', '.join(SUMS)} FROM leads_leadfacts WHERE day = ANY(%s)"
            f" GROUP BY GROUPING SETS ({sets})"
            f" UNION ALL SELECT day, cut, value, {names} FROM leads_keptday"
            f" WHERE day = ANY(%s)) counted (day, cut, value, {names})"
            " GROUP BY day, cut, value HAVING sum(leads) > 0",
            [listed, listed],
        )
        cursor.execute("DELETE FROM leads_asideday WHERE day = ANY(%s)", [listed])
        cursor.execute(
            "INSERT INTO leads_asideday (day, rule, requests, files)"
            " SELECT day, rule, sum((n ->> 0)::int), sum((n ->> 1)::int)"
            " FROM leads_leadfacts, jsonb_each(set_aside) AS of_rule (rule, n)"
            " WHERE day = ANY(%s) GROUP BY day, rule",
            [listed],
        )
        cursor.execute("DELETE FROM leads_actionday WHERE day = ANY(%s)", [listed])
        source = "SELECT * FROM leads_leadfacts WHERE day = ANY(%s)"
        for act in delays.ACTS if listed else ():
            counted = delays.grouped(act, "f.day, f.owner_id", source)
            cursor.execute(
                "INSERT INTO leads_actionday (act, day, owner_id, delay, leads)"
                f" SELECT %s, * FROM ({counted}) counted",
                [act, listed, *delays.parameters(listed)],
            )
