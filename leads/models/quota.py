"""How many posts came from where this hour, without keeping from where."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection, models
from django.db.models.functions import Now

RETENTION = timedelta(hours=24)


class Quota(models.Model):
    """A counter under a keyed hash; the key changes daily, the row goes in a day."""

    key = models.BinaryField(max_length=32)
    hour = models.DateTimeField()
    count = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "compteur d’envois du formulaire"
        verbose_name_plural = "compteurs d’envois du formulaire"
        constraints = [
            models.UniqueConstraint(name="quota_once_per_hour", fields=["key", "hour"]),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%H} h : {self.count}"

    @staticmethod
    def count_one(*keys: bytes) -> dict[bytes, int]:
        """Add one to each counter of this hour and return their new values."""
        values = ", ".join(["(%s, date_trunc('hour', now()), 1)"] * len(keys))
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO leads_quota (key, hour, count) VALUES {values}"
                " ON CONFLICT (key, hour)"
                " DO UPDATE SET count = leads_quota.count + 1 RETURNING key, count",
                keys,
            )
            return {bytes(key): count for key, count in cursor.fetchall()}

    @classmethod
    def forget(cls) -> int:
        """Delete the counters of yesterday and return how many there were."""
        return cls.objects.filter(hour__lt=Now() - RETENTION).delete()[0]
