"""Sum up the days of the audience that are over: hours are many, and change no more.

What is not summed yet is read from its hours (`Audience`, a view of both).
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from leads.models import AudienceDay

LOCK = 2026_07  # The family of the advisory lock: one who sums at a time.
AFTER = timedelta(minutes=5)  # Midnight: what counts waits a second at most.
_SUM = """
INSERT INTO leads_audienceday (day, step, robot, field, origin, campaign, count)
SELECT (hour AT TIME ZONE %s)::date AS day, step, robot, field, origin, campaign,
    sum(count)
FROM leads_audiencecount WHERE hour >= %s AND hour < %s
GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 2, 3, 1
"""


def sum_up(*, again: bool = False) -> None:
    """Sum the days that are over and are not summed, or all of them `again`."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
        if again:
            AudienceDay.objects.all().delete()
        last = AudienceDay.objects.order_by("-day").values_list("day", flat=True)
        first = last[0] + timedelta(days=1) if last else date(2000, 1, 1)
        today = timezone.localdate(timezone.now() - AFTER)
        if first < today:
            zone = settings.TIME_ZONE
            cursor.execute(_SUM, [zone, _start_of(first), _start_of(today)])


def _start_of(day: date) -> datetime:
    return datetime.combine(day, time.min, timezone.get_default_timezone())
