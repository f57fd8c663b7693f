from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('leads', '0009_measure'),
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
    ]
