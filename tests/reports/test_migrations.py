"""The migrations of editions go forwards and backwards, and keep what was there."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = [("reports", "0003_first_edition"), ("leads", "0003_staff_groups")]
AFTER = [("reports", "0005_publication"), ("leads", "0003_staff_groups")]
RIGHTS = {"publish_edition", "send_erratum", "view_proof", "view_erratum"}


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return MigrationExecutor(connection).loader.project_state(targets).apps


def rights(apps, group):
    permissions = apps.get_model("auth", "Permission").objects
    return set(
        permissions.filter(
            group__name=group, content_type__app_label="reports", codename__in=RIGHTS
        ).values_list("codename", flat=True)
    )


@pytest.fixture
def migrated():
    """Go back, with what the tests before may have emptied, and forth at the end."""
    apps = migrate(BEFORE)
    for name in ("Marketing", "Commercial", "DPO"):
        apps.get_model("auth", "Group").objects.get_or_create(name=name)
    yield apps
    migrate(MigrationExecutor(connection).loader.graph.leaf_nodes())


def test_forwards_seals_the_first_edition_and_grants_rights(migrated):
    edition = migrated.get_model("reports", "Edition")
    edition.objects.update_or_create(version="1.0", defaults={"fingerprint": ""})

    apps = migrate(AFTER)

    sealed = apps.get_model("reports", "Edition").objects.get(version="1.0")
    assert len(sealed.fingerprint) == 64
    assert rights(apps, "Marketing") == RIGHTS
    assert rights(apps, "DPO") == {"view_proof", "view_erratum"}
    assert rights(apps, "Commercial") == set()


def test_backwards_takes_the_rights_away_and_keeps_the_edition(migrated):
    edition = migrated.get_model("reports", "Edition")
    edition.objects.get_or_create(version="1.0")
    migrate(AFTER)

    apps = migrate(BEFORE)

    assert apps.get_model("reports", "Edition").objects.filter(version="1.0").exists()
    assert rights(apps, "Marketing") == set()
    assert "reports_proof" not in connection.introspection.table_names()
