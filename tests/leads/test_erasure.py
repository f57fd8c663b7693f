"""R23: erased, nothing of a person is left in any table, file or queue; figures stay.

Tables are found by introspection: what comes later is held to it too.
"""

from __future__ import annotations

import base64
import threading
import zlib
from datetime import timedelta

import pytest
from celery import current_app
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db import connection
from django.utils import timezone

from leads import dossier, privacy, rights
from leads.analytics import action, board, checks, facts
from leads.analytics.filters import Filters
from leads.models import Lead, PrivacyEvent, Submission
from leads.models.facts import FunnelDay
from leads.models.folding import fold
from outbox.claims import claimable_models
from outbox.models import Message
from outbox.relay import Relay
from reports import downloads
from reports.models import Copy
from tests.leads.factories import CopyFactory, SubmissionFactory, delivered
from tests.leads.whole_life import (
    ADDRESS,
    MISTYPED,
    TYPED,
    live,
    paths_to_lead,
    queued,
    rows,
    said,
    stored,
    traces,
)

pytestmark = pytest.mark.django_db
# What leads to a contact only once it is erased.
AFTERWARDS = {PrivacyEvent}


@pytest.fixture
def relay(monkeypatch):
    """A relay whose tasks stay in the broker: no worker runs here."""
    relay = Relay(threading.Event())
    monkeypatch.setattr(relay.inline, "work", lambda *args: None)
    channel = relay.broker.default_channel
    channel._purge(current_app.conf.task_default_queue)
    yield relay
    channel._purge(current_app.conf.task_default_queue)
    relay.broker.close()


@pytest.fixture
def lead(visitor, client, sink):
    return live(visitor, client)


def hand_over(relay):
    return sum(relay.sweep(model) for model in claimable_models())


def figures():
    """Return every sum that staff see of people, but how many were erased."""
    today = timezone.localdate()
    filters = Filters(today - timedelta(days=27), today)
    found = board.read(filters)
    by_type = [c for pair in found.by["organisation_type"].values() for c in pair]
    for counts in (found.now, found.before, *found.days.values(), *by_type):
        counts.pop("erased", None)
    month = downloads.Period.last_days(30)
    cohorts = action.cohorts(filters, *action.ACTS)
    return {
        "board": (found.now, found.before, found.days),
        "by type": found.by["organisation_type"],
        "downloads": (
            downloads.delivered(month).count(),
            downloads.probable(month).count(),
            downloads.raw(month).count(),
            downloads.by_day(month),
            downloads.by_type(month),
        ),
        "cohorts": cohorts,
    }


def test_every_table_that_leads_to_a_contact_has_a_row_of_this_one(lead):
    """Who adds a table adds a row to `whole_life.live`: erasure is tried on it."""
    missing = []
    for model, path in paths_to_lead().items():
        found = model._default_manager.filter(**{path or "pk": lead.pk})
        if model not in AFTERWARDS and not found.exists():
            missing.append(f"{model._meta.label} ({path})")
    assert not missing, "add a row of each to tests/leads/whole_life.py"


def test_what_is_looked_for_was_there(lead, relay):
    """Or the next test would find nothing whatever happens."""
    found = traces(rows())
    for typed in TYPED:
        assert any(trace.endswith(f": {typed}") for trace in found), typed
    # R22: but for what staff keep for themselves, the person's own file has it all.
    own = fold(dossier.as_json(lead))
    for typed in TYPED:
        assert fold(typed) in own, typed
    for where in ("cause-de-copie", "echange", "action", "motif", "demande", "reponse"):
        assert fold(f"secret-{where}") in own
    copies = [name for name, _ in stored() if name.endswith(".pdf")]
    assert len(copies) == 3
    assert hand_over(relay)
    assert list(queued())


def test_nothing_of_the_person_is_left_in_any_table_file_or_queue(lead, relay):
    """R23, and idea 12: the whole database, the store and the broker are searched."""
    hand_over(relay)

    assert rights.erase(lead)
    facts.refresh_all()  # As it is done every minute.

    assert not traces(rows())
    assert not traces(stored())
    assert not traces(queued())
    assert not [name for name, _ in stored() if name.endswith(".pdf")]
    assert not Message.objects.filter(lead=lead, next_attempt_at__isnull=False).exists()
    assert not Copy.objects.due().exists()
    assert Lead.objects.filter(erased_at=None).count() == 0


def test_every_past_total_is_what_it_was(lead):
    """Idea 12: totals before are totals after, and the nightly check agrees."""
    delivered()
    rights.unfreeze(lead.pk)
    facts.refresh_all()
    before = figures()
    assert before["board"][0]["won"] == 1
    assert before["board"][0]["retrieved"] == 1

    rights.erase(lead)
    facts.refresh_all()

    assert figures() == before
    checks.run()
    assert not checks.MeasureRun.objects.get(kind="check").failures


def test_it_is_found_whatever_wraps_it():
    secret = "Zéphyrine"
    for wrapped in (
        secret.upper(),
        f"\\x{secret.encode().hex()}",
        base64.b64encode(f"-{secret}".encode()).decode(),
        base64.urlsafe_b64encode(zlib.compress(f"longer {secret}".encode())).decode(),
        '{"body": "Z\\u00e9phyrine"}',
    ):
        assert traces([("here", wrapped)]), wrapped
    assert not traces([("here", "rien de tel")])
    assert list(said(b"x")) == ["x"]


# --- Whom else it could touch ---------------------------------------------------------


def test_who_has_the_mistyped_address_keeps_what_is_theirs(visitor, client, sink):
    """What the person typed there goes; the stranger's contact stays, as theirs."""
    lead = live(visitor, client)
    wrong = Submission.objects.get(corrects=None, email=MISTYPED)
    who = {
        "first_name": "Autre",
        "last_name": "Personne",
        "organisation": "Ailleurs",
    }
    copy = CopyFactory(rendered=True, lead=wrong.lead, **who)
    theirs = SubmissionFactory(lead=wrong.lead, copy=copy, **who)
    storages["copies"].save(theirs.copy.file, ContentFile(b"%PDF-theirs"))

    rights.erase(lead)

    other = Lead.objects.get(erased_at=None)
    assert (other.pk, other.last_name) == (wrong.lead_id, "Personne")
    theirs.refresh_from_db()
    assert (theirs.last_name, theirs.email) == ("Personne", MISTYPED)
    assert storages["copies"].exists(theirs.copy.file)
    wrong.refresh_from_db()
    assert (wrong.last_name, wrong.email) == ("", "")
    of_the_address = {"Zéphyrine", "quenote@", "zephyrine.quen"}
    left = {trace.split(": ")[1] for trace in traces(rows())}
    assert left <= of_the_address


def test_a_contact_merged_into_theirs_goes_with_it(lead):
    other = delivered(lead__merged_into=lead).lead
    rights.erase(lead)
    other.refresh_from_db()
    assert other.erased_at


def test_nobody_else_is_touched(lead):
    other = delivered(lead__email="zephyrine@autre.example")
    models = (Submission, Copy, Message, Lead)
    of = {Submission: "lead", Copy: "lead", Message: "lead", Lead: "pk"}

    def values():
        return [
            list(m.objects.filter(**{of[m]: other.lead_id}).order_by("pk").values())
            for m in models
        ]

    before = values()
    rights.erase(lead)
    assert values() == before
    assert storages["copies"].exists(other.copy.file)
    assert not privacy.is_erased_address(other.lead.email)
    assert privacy.is_erased_address(f" {ADDRESS.upper()} ")


def test_the_lines_that_are_left_still_count(lead):
    days = FunnelDay.objects.filter(cut="").values_list("leads", flat=True)
    assert sum(days) == 2
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reports_hit")
        hits = cursor.fetchone()
    rights.erase(lead)
    facts.refresh_all()
    days = FunnelDay.objects.filter(cut="").values_list("leads", "erased")
    assert [sum(column) for column in zip(*days, strict=True)] == [2, 2]
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM reports_hit")
        assert cursor.fetchone() == hits
