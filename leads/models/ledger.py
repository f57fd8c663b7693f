"""Rows that are only ever added, which PostgreSQL itself holds to.

A trigger refuses UPDATE, DELETE and TRUNCATE to whoever asks, with no setting that
opens it (pgtrigger's have one): what a ledger holds names nobody, so erasure needs no
door.
"""

from __future__ import annotations

from django.db.migrations import RunSQL

FUNCTION = RunSQL(
    """
    CREATE FUNCTION append_only() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
            USING ERRCODE = 'restrict_violation';
    END $$;
    """,
    "DROP FUNCTION append_only();",
)


def append_only(table: str) -> RunSQL:
    """Return the operation that makes a ledger of a table; FUNCTION goes before it.

    Once a statement, whatever it finds: an attempt on nothing is refused as well.
    """
    return RunSQL(
        f"""
        CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION append_only();
        CREATE TRIGGER never_emptied BEFORE TRUNCATE ON {table}
            FOR EACH STATEMENT EXECUTE FUNCTION append_only();
        """,
        f"""
        DROP TRIGGER append_only ON {table};
        DROP TRIGGER never_emptied ON {table};
        """,
    )
