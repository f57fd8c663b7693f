"""S2: failures are counted per account and per network, and nobody is locked out."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import RequestFactory
from django.urls import reverse

from outbox.models import Message
from santescopie.accounts import backends, throttling
from tests.santescopie.accounts.conftest import (
    PASSWORD,
    add_application,
    code_of,
    is_in,
    sign_in,
)

pytestmark = pytest.mark.django_db
RF = RequestFactory().get("/")
HERE, THERE = {"REMOTE_ADDR": "192.0.2.7"}, {"REMOTE_ADDR": "198.51.100.9"}


def attempt(client, login, password, where):
    data = {"login": login, "password": password}
    return client.post(reverse("account_login"), data, **where)


def test_s2_an_account_is_tried_five_times_from_anywhere(client, camille):
    """S2"""
    for number in range(5):
        where = {"REMOTE_ADDR": f"192.0.{number}.1"}
        assert attempt(client, "camille", "x", where).status_code == 200
    response = attempt(client, "Camille", PASSWORD, {"REMOTE_ADDR": "192.0.9.1"})

    assert response.status_code == 429
    assert "Trop d’essais" in response.text
    assert "rien n’est bloqué pour toujours" in response.text.lower()


@pytest.mark.parametrize("alike", ["Iris", "\u0131ris", "ir\u0131s", "iri\u017f"])
def test_s2_other_ways_to_write_a_name_are_the_same_account(somebody, alike):
    """S2: whatever PostgreSQL finds alike is counted together."""
    iris = somebody(username="iris")

    assert backends.find(alike) == iris
    assert throttling.account_key(RF, alike) == throttling.account_key(RF, "iris")


def test_s2_no_way_to_write_an_address_asks_for_more_mail(client, somebody):
    """S2"""
    somebody(username="iris", email="iris.simi@exemple.fr")
    for email in ("iris.simi", "\u0131ris.simi", "ir\u0131s.simi", "iris.\u017fimi"):
        response = client.post(
            reverse("account_reset_password"), {"email": f"{email}@exemple.fr"}
        )

    assert response.status_code == 429
    assert Message.objects.count() == 3


def test_s2_an_unknown_account_is_throttled_in_the_same_words(client, camille):
    """S2, S16"""
    for login in ("camille", "personne"):
        cache.clear()
        for _ in range(5):
            attempt(client, login, "x", HERE)
        response = attempt(client, login, "x", HERE)
        assert response.status_code == 429
        assert "Trop d’essais" in response.text


def test_s2_a_network_is_counted_apart_from_accounts(client, camille, settings):
    """S2: whoever tries many names from one network is stopped, others are not."""
    settings.ACCOUNT_RATE_LIMITS = {
        **settings.ACCOUNT_RATE_LIMITS,
        "login_failed": "3/5m/ip,5/5m/key",
    }
    for number in range(3):
        assert attempt(client, f"nom{number}", "x", HERE).status_code == 200
    near = {"REMOTE_ADDR": "192.0.2.200"}
    assert attempt(client, "camille", PASSWORD, near).status_code == 429
    assert attempt(client, "camille", PASSWORD, THERE).status_code == 302


def test_s2_failures_elsewhere_do_not_keep_the_person_out(client, camille):
    """S2: a network one has signed in from has a bucket of its own."""
    camille_at_work = type(client)()
    secret = add_application(camille)
    attempt(camille_at_work, "camille", PASSWORD, HERE)
    camille_at_work.post(reverse("mfa_authenticate"), {"code": code_of(secret)}, **HERE)
    camille_at_work.post(reverse("account_logout"), **HERE)

    for _ in range(8):
        attempt(client, "camille", "x", THERE)
    assert attempt(client, "camille", PASSWORD, THERE).status_code == 429
    assert attempt(camille_at_work, "camille", PASSWORD, HERE).status_code == 302


def test_s2_the_network_is_what_trusted_proxies_say(client, camille, settings):
    settings.TRUSTED_PROXIES = 1
    settings.ACCOUNT_RATE_LIMITS = {
        **settings.ACCOUNT_RATE_LIMITS,
        "login_failed": "2/5m/ip,5/5m/key",
    }
    for number in range(3):  # What a client says of itself counts for nothing.
        where = {"headers": {"x-forwarded-for": f"203.0.{number}.1, 192.0.2.1"}}
        response = attempt(client, f"nom{number}", "x", where)
    assert response.status_code == 429


def test_s2_the_second_factor_is_throttled_too(client, camille):
    """S2"""
    secret = add_application(camille)
    sign_in(client, "camille")
    address = reverse("mfa_authenticate")
    for _ in range(5):
        client.post(address, {"code": "000000"})
    response = client.post(address, {"code": code_of(secret)})
    assert "Trop d’essais" in response.text
    assert not is_in(client)


def test_s2_passkeys_are_throttled_per_network(client, camille, settings):
    """S2"""
    settings.MFA_RATE_LIMITS = {"webauthn_login": "2/5m/ip"}
    address = reverse("mfa_login_webauthn")
    for _ in range(2):
        assert client.post(address, {"credential": "{}"}).status_code == 302
    response = client.post(address, {"credential": "{}"})
    assert response.status_code == 429
    assert int(response.headers["Retry-After"]) == 300
    assert "Trop d’essais" in response.text


def test_s2_links_by_mail_are_throttled_per_address_and_per_network(client, camille):
    """S2, S16: a known and an unknown address alike."""
    from santescopie.accounts import views

    address = reverse("account_reset_password")
    for email in ("camille@exemple.fr", "personne@exemple.fr"):
        said = [client.post(address, {"email": email}).status_code for _ in range(4)]
        assert said == [302, 302, 302, 429], email
    assert views.ANSWER_AFTER


def test_what_is_counted_by_names_nobody(client, camille):
    """Neither a name, an address nor a network stands in the table of the cache."""
    attempt(client, "camille@exemple.fr", "x", HERE)
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key, value FROM django_cache")
        kept = str(cursor.fetchall())
    assert "allauth" in kept
    for word in ("camille", "exemple", "192.0.2"):
        assert word not in kept


def test_a_success_takes_nothing_from_the_count_of_failures(client, camille, somebody):
    somebody(username="voisin")
    for _ in range(4):
        attempt(client, "camille", "x", HERE)
    attempt(type(client)(), "voisin", PASSWORD, HERE)
    attempt(client, "camille", "x", HERE)
    assert attempt(client, "camille", PASSWORD, HERE).status_code == 429


def test_counts_are_not_thrown_away_to_make_room(settings):
    """A cache that keeps 300 entries could be emptied by trying 300 names."""
    assert cache._max_entries >= 1_000_000


def test_forgiving_empties_the_buckets_of_an_account(client, camille):
    for _ in range(6):
        attempt(client, "camille", "x", HERE)
    throttling.forgive(camille)
    assert attempt(client, "camille", PASSWORD, HERE).status_code == 302
