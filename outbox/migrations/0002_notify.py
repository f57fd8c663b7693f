from django.db import migrations

from outbox.claims import notify_when_due


class Migration(migrations.Migration):
    dependencies = [("outbox", "0001_initial")]
    operations = [notify_when_due("outbox_message")]
