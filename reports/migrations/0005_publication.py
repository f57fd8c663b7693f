"""Wake the relay for proofs, seal the first edition, and let marketing publish."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

from outbox.claims import notify_when_due
from reports import editions

MARKETING = ["publish_edition", "send_erratum", "view_proof", "view_erratum"]
DPO = ["view_proof", "view_erratum"]


def seal(apps, schema_editor):
    """Write down what 1.0 was when this database first knew of fingerprints."""
    first = editions.DECLARED[0]
    apps.get_model("reports", "Edition").objects.filter(
        version=first.version, fingerprint=""
    ).update(fingerprint=first.fingerprint)


def grant(apps, schema_editor):
    from django.apps import apps as registry

    # Permissions are otherwise made after all migrations.
    create_permissions(registry.get_app_config("reports"), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    for name, codenames in (("Marketing", MARKETING), ("DPO", DPO)):
        permissions = Permission.objects.filter(
            content_type__app_label="reports", codename__in=codenames
        )
        for group in apps.get_model("auth", "Group").objects.filter(name=name):
            group.permissions.add(*permissions)


def revoke(apps, schema_editor):
    apps.get_model("auth", "Permission").objects.filter(
        content_type__app_label="reports", codename__in=MARKETING
    ).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("reports", "0004_editions"),
        ("leads", "0003_staff_groups"),
    ]
    operations = [
        notify_when_due("reports_proof"),
        migrations.RunPython(seal, migrations.RunPython.noop),
        migrations.RunPython(grant, revoke),
    ]
