from django.db import migrations

from outbox.claims import notify_when_due


class Migration(migrations.Migration):
    dependencies = [("reports", "0001_initial")]
    operations = [notify_when_due("reports_copy")]
