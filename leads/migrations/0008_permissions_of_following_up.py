"""What each group of staff may do with the follow-up."""

from django.contrib.auth.management import create_permissions
from django.db import migrations

EVERYBODY = [
    "leads.view_assignment",
    "leads.view_escalation",
    "leads.view_leadevent",
    "leads.view_absence",
]
FOLLOW_UP = [
    *EVERYBODY,
    "leads.view_savedview",
    "leads.add_savedview",
    "leads.change_savedview",
    "leads.delete_savedview",
    "leads.view_batch",
    "leads.view_routingrule",
    "leads.view_staffprofile",
    "leads.add_absence",
    "leads.change_absence",
    "leads.delete_absence",
]
GROUPS = {
    "Commercial": FOLLOW_UP,
    "Marketing": [
        *FOLLOW_UP,
        "leads.view_all_lead",
        "leads.assign_lead",
        "leads.release_lead",
        "leads.add_routingrule",
        "leads.change_routingrule",
        "leads.delete_routingrule",
        "leads.add_staffprofile",
        "leads.change_staffprofile",
    ],
    "DPO": [*EVERYBODY, "leads.view_all_lead", "leads.view_routingrule"],
}


def grant(apps, schema_editor):
    from django.apps import apps as registry

    create_permissions(registry.get_app_config("leads"), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        codenames = [permission.split(".")[1] for permission in permissions]
        found = Permission.objects.filter(
            content_type__app_label="leads", codename__in=codenames
        )
        assert found.count() == len(codenames), name
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [
        ("leads", "0007_following_up"),
        ("leads", "0003_staff_groups"),
    ]
    operations = [migrations.RunPython(grant, migrations.RunPython.noop)]
