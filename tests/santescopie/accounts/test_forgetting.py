"""R21: what sign-in leaves behind goes by itself."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.db import connection
from django.utils import timezone

from leads import register
from santescopie.accounts.forgetting import LINKS_KEPT
from santescopie.accounts.models import AccountLink
from santescopie.tasks import forget_sign_ins
from tests.santescopie.accounts.conftest import sign_in

pytestmark = pytest.mark.django_db


def cached():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_cache")
        return cursor.fetchone()[0]


def test_r21_sessions_counts_and_links_go_and_what_serves_stays(client, camille):
    """R21: hourly, and again without harm."""
    sign_in(client, "camille")
    sign_in(type(client)(), "camille", "x")
    cache.set("over", 1, timeout=60)
    old = AccountLink.objects.open(camille, AccountLink.Purpose.INVITATION)
    AccountLink.objects.filter(pk=old.pk).update(
        expires_at=timezone.now() - timedelta(days=31)
    )
    AccountLink.objects.open(camille, AccountLink.Purpose.RESET)
    Session.objects.create(
        session_key="old", session_data="x", expire_date=timezone.now()
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE django_cache SET expires = now() - interval '1 s' "
            "WHERE cache_key LIKE '%over'"
        )
    before = cached()

    for _ in range(2):
        forget_sign_ins()

    assert cached() == before - 1
    assert Session.objects.count() == 1
    assert [link.purpose for link in AccountLink.objects.all()] == [
        AccountLink.Purpose.RESET
    ]


def test_r21_what_the_register_promises_of_sign_in_is_what_is_done():
    """R21: the delay in words is the delay that is applied."""
    kept = register.clock("invitations").kept.replace("\u00a0", " ")

    assert kept.startswith(f"{LINKS_KEPT.days} jours")
