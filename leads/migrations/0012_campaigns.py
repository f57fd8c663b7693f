"""Who keeps the campaigns; and a campaign that is named anew corrects the past."""

from django.contrib.auth.management import create_permissions
from django.db import migrations, models

from leads.analytics.facts import CAMPAIGN_MARK

GROUPS = {
    "Commercial": ["view_campaign"],
    "Marketing": ["view_campaign", "add_campaign", "change_campaign"],
    "DPO": ["view_campaign"],
}


def grant(apps, schema_editor):
    from django.apps import apps as registry

    create_permissions(registry.get_app_config("leads"), apps=apps, verbosity=0)
    Permission = apps.get_model("auth", "Permission")
    Group = apps.get_model("auth", "Group")
    for name, codenames in GROUPS.items():
        group, _ = Group.objects.get_or_create(name=name)
        found = Permission.objects.filter(
            content_type__app_label="leads", codename__in=codenames
        )
        assert found.count() == len(codenames), name
        group.permissions.add(*found)


class Migration(migrations.Migration):
    dependencies = [("leads", "0011_alarm")]
    operations = [
        migrations.AlterField(
            model_name="campaign",
            name="aliases",
            field=models.TextField(
                blank=True,
                help_text="Vues dans des liens, une par ligne\u00a0: elles comptent pour celle-ci, pour le passé aussi.",
                verbose_name="autres écritures",
            ),
        ),
        migrations.RunSQL(
            CAMPAIGN_MARK,
            "DROP TRIGGER leads_campaign_mark ON leads_campaign;"
            " DROP FUNCTION leads_campaign_mark();",
        ),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
