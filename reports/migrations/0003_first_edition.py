from django.db import migrations
from django.db.models.functions import Now


def publish(apps, schema_editor):
    apps.get_model("reports", "Edition").objects.get_or_create(
        version="1.0", defaults={"published_at": Now(), "note": "Première édition."}
    )


class Migration(migrations.Migration):
    dependencies = [("reports", "0002_notify")]
    operations = [migrations.RunPython(publish, migrations.RunPython.noop)]
