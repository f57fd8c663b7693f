"""How long sign-in remembers: sessions, failures and links, each on a short clock."""

from __future__ import annotations

from datetime import timedelta

from django.contrib.sessions.models import Session
from django.db import connection
from django.utils import timezone

from santescopie.accounts.models import AccountLink

LINKS_KEPT = timedelta(days=30)  # From the day they expire.


def forget() -> dict[str, int]:
    """Delete sessions and counts that are over, and links a month after they expire.

    Django deletes neither by itself, and the cache only once it is full.
    """
    now = timezone.now()
    sessions, _ = Session.objects.filter(expire_date__lt=now).delete()
    links, _ = AccountLink.objects.filter(expires_at__lt=now - LINKS_KEPT).delete()
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_cache WHERE expires < now()")
        counts = cursor.rowcount
    return {"sessions": sessions, "links": links, "counts": counts}
