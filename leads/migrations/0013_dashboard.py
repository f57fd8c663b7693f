from django.db import migrations, models

from leads.analytics.facts import mark_sql


def mark_everybody(apps, schema_editor):
    schema_editor.execute(
        "INSERT INTO leads_dirtylead (lead_id) SELECT id FROM leads_lead"
    )


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0012_campaigns'),
    ]

    operations = [
        migrations.CreateModel(
            name='MeasureRun',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(choices=[('refresh', 'recompte'), ('check', 'contrôle')], max_length=10, unique=True, verbose_name='nature')),
                ('at', models.DateTimeField(verbose_name='le')),
                ('failures', models.JSONField(blank=True, default=list, verbose_name='écarts')),
            ],
            options={
                'verbose_name': 'passage de la mesure',
                'verbose_name_plural': 'passages de la mesure',
            },
        ),
        migrations.CreateModel(
            name='AsideDay',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('day', models.DateField()),
                ('rule', models.CharField(max_length=40)),
                ('requests', models.PositiveIntegerField()),
                ('files', models.PositiveIntegerField()),
            ],
            options={
                'verbose_name': 'jour des requêtes écartées',
                'constraints': [models.UniqueConstraint(fields=('day', 'rule'), name='asideday_once')],
            },
        ),
        migrations.AddField(
            model_name='leadfacts',
            name='set_aside',
            field=models.JSONField(db_default={}, default=dict),
        ),
        # A request whose rule alone changed marks its lead, too.
        migrations.RunSQL(mark_sql("reports_hit"), migrations.RunSQL.noop),
        migrations.RunPython(mark_everybody, migrations.RunPython.noop),
    ]
