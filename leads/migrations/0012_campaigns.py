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


def mark_everybody(apps, schema_editor):
    """Have the new columns and days made."""
    schema_editor.execute(
        "INSERT INTO leads_dirtylead (lead_id) SELECT id FROM leads_lead"
    )


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
        migrations.AddField(
            model_name="leadfacts",
            name="closed",
            field=models.BooleanField(default=False),
        ),
        migrations.RemoveIndex(model_name="leadfacts", name="leadfacts_to_call"),
        migrations.AddIndex(
            model_name="leadfacts",
            index=models.Index(
                fields=["day", "delivered_at", "lead"],
                name="leadfacts_to_call",
                condition=models.Q(
                    delivered_at__isnull=False,
                    contacted_at=None,
                    closed=False,
                    erased=False,
                ),
            ),
        ),
        migrations.CreateModel(
            name="ActionDay",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True,
                        primary_key=True,
                        serialize=False,
                        verbose_name="ID",
                    ),
                ),
                ("day", models.DateField()),
                ("act", models.CharField(max_length=20)),
                ("owner_id", models.BigIntegerField(null=True)),
                ("delay", models.CharField(max_length=10)),
                ("leads", models.PositiveIntegerField()),
            ],
            options={
                "verbose_name": "jour d’action",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("act", "day", "owner_id", "delay"),
                        name="actionday_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.RunPython(mark_everybody, migrations.RunPython.noop),
        migrations.RunPython(grant, migrations.RunPython.noop),
    ]
