"""The three groups of staff, and what each may see and do."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

VIEW_FOLLOW_UP = [
    "leads.view_lead",
    "leads.change_lead",
    "leads.view_submission",
    "leads.send_again",
    "leads.view_consentevent",
    "leads.view_activity",
    "leads.add_activity",
    "reports.view_copy",
    "reports.view_copyevent",
    "reports.view_hit",
    "outbox.view_message",
    "outbox.view_messageevent",
]
GROUPS = {
    "Marketing": [*VIEW_FOLLOW_UP, "reports.view_edition"],
    "Commercial": VIEW_FOLLOW_UP,
    "DPO": [
        "leads.view_lead",
        "leads.view_submission",
        "leads.view_consentevent",
        "leads.view_activity",
        "reports.view_copy",
        "reports.view_copyevent",
        "reports.view_hit",
        "reports.view_edition",
        "outbox.view_message",
        "outbox.view_messageevent",
        "outbox.view_suppression",
    ],
}


def create_groups(apps, schema_editor):
    from django.apps import apps as registry

    for label in ("leads", "reports", "outbox"):
        # Permissions are otherwise made after all migrations.
        create_permissions(registry.get_app_config(label), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        for permission in permissions:
            label, codename = permission.split(".")
            group.permissions.add(
                Permission.objects.get(
                    content_type__app_label=label, codename=codename
                )
            )


def delete_groups(apps, schema_editor):
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0002_initial"),
        ("reports", "0003_first_edition"),
        ("outbox", "0002_notify"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(create_groups, delete_groups)]
