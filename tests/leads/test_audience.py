"""The anonymous audience: exact counts of steps, and nothing that is anybody's."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from django.apps import apps
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leads import sources, tasks
from leads.audience import FIELDS, device_of
from leads.models import AudienceCount, Campaign, Quota
from leads.models.campaign import Origin
from tests.reports.test_hits import CHROME, IPHONE

pytestmark = pytest.mark.django_db
URL = "/mesure/"
TABLET = "Mozilla/5.0 (Linux; Android 14; SM-X200) AppleWebKit/537.36 Safari/537.36"


@pytest.fixture(autouse=True)
def _campaigns_are_read_again():
    sources.forget()
    yield
    sources.forget()


def tell(client, step="page", agent=CHROME, **values):
    headers = {"User-Agent": agent, "Sec-Fetch-Site": "same-origin"}
    headers |= values.pop("headers", {})
    return client.post(URL, {"step": step, **values}, headers=headers)


def kept():
    """Return what is stored, without the hour: {what is counted: how often}."""
    told = {}
    for row in AudienceCount.objects.order_by("pk"):
        key = (row.step, row.field, row.origin, row.campaign, row.device, row.robot)
        told[key] = told.get(key, 0) + row.count
    return told


def test_each_step_is_counted_in_its_hour(client):
    for step in ("page", "form", "started", "submitted"):
        response = tell(client, step)
        assert (response.status_code, response.content) == (204, b"")
        assert not response.cookies
    tell(client, "page")
    tell(client, "error", field="email", agent=IPHONE)

    assert kept() == {
        ("page", "", "", "", "desktop", False): 2,
        ("form", "", "", "", "desktop", False): 1,
        ("started", "", "", "", "desktop", False): 1,
        ("submitted", "", "", "", "desktop", False): 1,
        ("error", "email", "", "", "phone", False): 1,
    }
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    assert {row.hour for row in AudienceCount.objects.all()} == {hour}


@pytest.mark.parametrize("method", ["get", "head", "put", "delete"])
def test_only_a_post_counts(client, method):
    response = getattr(client, method)(URL)

    assert response.status_code == 405
    assert not kept()


@pytest.mark.parametrize(
    "values",
    [
        {"step": ""},
        {"step": "won"},
        {"step": "page\x00"},
        {"step": "page", "field": "email"},
        {"step": "error"},
        {"step": "error", "field": "password"},
        {"step": "error", "field": "email\x00"},
        {"step": "x" * 100_000},
        {"headers": {"Sec-Fetch-Site": "cross-site"}},
        {"headers": {"Sec-Fetch-Site": "same-site"}},
    ],
    ids=lambda values: str(values)[:40],
)
def test_what_makes_no_sense_or_comes_from_elsewhere_is_not_counted(client, values):
    assert tell(client, **values).status_code == 204
    assert not kept()


def test_another_origin_is_not_counted_by_browsers_without_fetch_metadata(client):
    headers = {"User-Agent": CHROME, "Origin": "https://ailleurs.exemple.fr"}
    client.post(URL, {"step": "page"}, headers=headers)

    assert not kept()


@pytest.mark.logs("django.request", "django.security")
def test_what_is_too_long_is_refused_and_not_counted(client):
    response = tell(client, source="x" * 300_000)

    assert 400 <= response.status_code < 500
    assert not kept()


# --- Nobody can write words of their own -----------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        "camille.dupont@chu-exemple.fr",
        "\x00",
        "x" * 50_000,
        "'; --",
        "０",
        "\U0001f600",
    ],
)
def test_words_that_nobody_knows_are_other(client, said):
    tell(client, source=said, campaign=said)

    assert list(kept()) == [("page", "", "autre", "autre", "desktop", False)]


def test_sources_and_campaigns_go_by_their_known_names(client):
    Campaign.objects.create(
        code="congres", name="Congrès", origin="salon", aliases="Salon  2026"
    )
    tell(client, source=" E-Mail ", campaign="CONGRES")
    tell(client, source="linkedin", campaign="salon 2026")
    tell(client, source="salon", campaign="congres")

    assert [key[2:4] for key in kept()] == [
        ("courriel", "congres"),
        ("reseau-social", "congres"),
        ("salon", "congres"),
    ]


def test_whatever_is_sent_the_rows_of_an_hour_are_bounded(client):
    for number in range(30):
        tell(client, source=f"mot {number}", campaign=f"mot {number}")

    assert len(kept()) == 1
    assert AudienceCount.objects.count() <= 8
    assert set(Origin.values) & {"", sources.UNKNOWN} == {"autre"}
    assert max(map(len, FIELDS)) <= AudienceCount._meta.get_field("field").max_length


def test_no_column_could_be_joined_to_anybody():
    """R30: counts have no key in common with a contact."""
    fields = AudienceCount._meta.get_fields()

    assert not [field for field in fields if field.is_relation]
    assert {field.name for field in fields} == {
        "id", "hour", "step", "field", "origin", "campaign", "device", "robot", "slot",
        "count",
    }  # fmt: skip
    for model in apps.get_models():
        for field in model._meta.get_fields():
            assert field.related_model is not AudienceCount


# --- Robots apart -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("agent", "values"),
    [
        ("", {}),
        ("curl/8.5", {}),
        ("Mozilla/5.0 (compatible; Googlebot/2.1)", {}),
        ("Mozilla/5.0 (compatible; Mimecast)", {}),
        (CHROME.replace("Chrome", "HeadlessChrome"), {}),
        (CHROME, {"robot": "1"}),
        ("x" * 50_000, {}),
    ],
    ids=range(7),
)
def test_robots_are_counted_apart(client, agent, values):
    tell(client, agent=agent, **values)

    assert [key[-1] for key in kept()] == [True]


def test_a_flood_from_one_network_counts_as_a_robot_and_others_go_on(client, settings):
    settings.AUDIENCE_PER_NETWORK_PER_HOUR = 3
    for _ in range(5):
        tell(client)
    client.post(
        URL, {"step": "page"}, headers={"User-Agent": CHROME}, REMOTE_ADDR="192.0.2.9"
    )

    assert sorted(kept().items(), key=lambda pair: pair[0][-1]) == [
        (("page", "", "", "", "desktop", False), 4),
        (("page", "", "", "", "desktop", True), 2),
    ]
    assert all(len(bytes(row.key)) == 32 for row in Quota.objects.all())


@pytest.mark.parametrize(
    ("agent", "device"),
    [(CHROME, "desktop"), (IPHONE, "phone"), (TABLET, "tablet"), ("iPad", "tablet")],
)
def test_machines_are_of_three_kinds(agent, device):
    assert device_of(agent) == device


# --- It never slows anything down -------------------------------------------------


def test_a_step_costs_few_statements(client, django_assert_max_num_queries):
    tell(client, campaign="x")  # Campaigns are read once a minute.
    with django_assert_max_num_queries(5):
        tell(client, campaign="x")


@pytest.mark.django_db(transaction=True)
def test_counts_at_once_are_exact_and_nothing_leaks_from_their_transactions():
    def count():
        try:
            for _ in range(10):
                tell(Client())
        finally:
            connection.close()

    threads = [threading.Thread(target=count) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    tell(Client())

    assert list(kept().values()) == [61]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_settings WHERE setting <> reset_val AND name IN"
            " ('synchronous_commit', 'lock_timeout', 'statement_timeout')"
        )
        assert not cursor.fetchall()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["leads_audiencecount", "leads_quota"])
def test_a_table_that_is_held_costs_a_count_and_no_time(table, caplog):
    caplog.set_level(logging.INFO, "leads.audience")
    tell(Client())
    held, release = threading.Event(), threading.Event()

    def hold():
        with connection.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute(f"LOCK {table} IN EXCLUSIVE MODE")
            held.set()
            release.wait(10)
            cursor.execute("ROLLBACK")
        connection.close()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(10)
    try:
        begun = time.monotonic()
        response = tell(Client())
        lasted = time.monotonic() - begun
    finally:
        release.set()
        holder.join()

    assert response.status_code == 204
    assert lasted < 2
    assert list(kept().values()) == [1]
    assert "a count is lost" in caplog.text


def test_a_dead_database_costs_a_count_and_no_error(client, monkeypatch, caplog):
    caplog.set_level(logging.INFO, "leads.audience")

    def dead(*args, **kwargs):
        raise OperationalError("gone")

    monkeypatch.setattr(AudienceCount, "be_brief", dead)

    assert tell(client).status_code == 204
    assert "a count is lost (OperationalError)" in caplog.text
    assert "User-Agent" not in caplog.text


def test_the_page_itself_asks_the_database_nothing(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        client.get("/?utm_source=x&utm_campaign=y")
    assert reverse("leads:audience") == URL


def test_the_script_is_small_and_keeps_nothing():
    """R29: no tracer is kept or read."""
    script = Path("static/js/form.js").read_text()
    counting = script[script.index("// Anonymous counts") :]

    assert "/mesure/" in counting
    assert len(counting.encode()) < 1000
    for word in ("cookie", "Storage", "indexedDB", "referrer", "userAgent"):
        assert word not in script


# --- Kept no longer than it may be ------------------------------------------------


def test_what_is_older_than_25_months_is_deleted_and_twice_changes_nothing(caplog):
    """R29: counts go after 25 months."""
    for days, count in ((757, 3), (759, 5)):
        hour = timezone.now() - timedelta(days=days)
        AudienceCount.objects.create(
            hour=hour, step="page", device="desktop", count=count
        )

    tasks.forget_audience()
    tasks.forget_audience()

    assert [row.count for row in AudienceCount.objects.all()] == [3]
