"""R20, R21: `purge_personal_data` by hand, and each clock that it serves."""

from __future__ import annotations

import os
import signal
from datetime import timedelta
from io import StringIO

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from leads import privacy, purging, register
from leads.models import (
    AudienceCount,
    Batch,
    DataLink,
    JournalEntry,
    Lead,
    Quota,
    RightsRequest,
)
from tests.leads.factories import LeadFactory, StaffFactory
from tests.leads.test_retention import message, old

pytestmark = pytest.mark.django_db


def run(*arguments):
    out, err = StringIO(), StringIO()
    call_command("purge_personal_data", *arguments, stdout=out, stderr=err)
    return out.getvalue(), err.getvalue()


def lines(out):
    """Return what the command counts, by the data of the register."""
    found = {}
    for line in out.splitlines():
        count, _, data = line.strip().partition("  ")
        if count.isdecimal():
            found[data] = int(count)
    return found


def make_one_of_each():
    """Make one row that each clock takes, and one that it leaves."""
    now = timezone.now()
    user = StaffFactory()
    old()
    LeadFactory(suspected_at=now - timedelta(days=400))
    LeadFactory()
    message(91)
    message(3)
    for age in (2, 0):
        Quota.objects.create(key=bytes([age]), hour=now - timedelta(days=age), count=1)
    for age in (800, 700):
        AudienceCount.objects.create(
            hour=now - timedelta(days=age), step="page", device="phone", count=3
        )
    for age in (91, 3):
        Batch.objects.create(
            user=user,
            action="assign",
            leads=[],
            params={"to": 1, "reason": "Zoé le veut", "back": "?q=Zoé"},
            next_attempt_at=None,
            finished_at=now - timedelta(days=age),
        )
    for age in (400, 300):
        LogEntry.objects.log_actions(user.pk, [user], CHANGE, "Zoé")
        entry = LogEntry.objects.latest("pk")
        LogEntry.objects.filter(pk=entry.pk).update(
            action_time=now - timedelta(days=age)
        )
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO leads_journalentry (act, at) VALUES"
            " ('vu', now() - interval '366 days'), ('vu', now() - interval '364 days')"
        )
    for age in (100, 80):
        link = DataLink.objects.create(next_attempt_at=None)
        DataLink.objects.filter(pk=link.pk).update(asked_at=now - timedelta(days=age))
    for age in (1200, 1000):
        RightsRequest.objects.create(
            right="acces",
            channel="courrier",
            answer="x",
            closed_at=now - timedelta(days=age),
        )


def test_every_clock_of_the_purge_is_of_the_register():
    """R20: what the register promises of the purge, the purge does."""
    served = {clock.key for clock in purging.CLOCKS}
    promised = {
        clock.key for clock in register.CLOCKS if clock.by.endswith(register.PURGE)
    }

    assert served == promised


def test_a_dry_run_tells_what_would_go_and_changes_nothing():
    make_one_of_each()
    before = list(Lead.objects.values()), LogEntry.objects.count()

    out, _ = run("--dry-run")

    assert set(lines(out).values()) == {1}
    assert set(lines(out)) == {register.clock(c.key).data for c in purging.CLOCKS}
    assert "rien n’a été changé" in out
    assert (list(Lead.objects.values()), LogEntry.objects.count()) == before


def test_a_run_takes_what_the_dry_run_told_and_no_more(caplog):
    make_one_of_each()
    told = lines(run("--dry-run")[0])

    with caplog.at_level("INFO", "leads.purging"):
        done = lines(run()[0])

    assert done == told
    assert set(lines(run()[0]).values()) == {0}
    assert "contact 1" in caplog.text  # R20: a logged count.
    assert Quota.objects.count() == AudienceCount.objects.count() == 1
    assert (
        LogEntry.objects.count() == JournalEntry.objects.filter(act="vu").count() == 1
    )
    assert DataLink.objects.count() == RightsRequest.objects.count() == 1
    kept = Batch.objects.order_by("finished_at")
    assert kept[0].params == {"to": 1}
    assert "reason" in kept[1].params


@pytest.mark.logs("leads.purging")
def test_what_cannot_be_done_is_told_by_the_exit_code(monkeypatch):
    old()

    def away(*args):
        raise OSError("the store is away")

    monkeypatch.setattr(privacy, "erase", away)

    with pytest.raises(CommandError, match=r"contact \(1\)") as failure:
        run()
    assert failure.value.returncode == 1


def test_stopped_it_says_so_and_what_is_done_is_done(monkeypatch):
    old()
    old()
    erase = privacy.erase

    def then_control_c(*args):
        erased = erase(*args)
        monkeypatch.setattr(privacy, "erase", stop)
        return erased

    def stop(*args):
        os.kill(os.getpid(), signal.SIGINT)

    monkeypatch.setattr(privacy, "erase", then_control_c)

    with pytest.raises(SystemExit) as stopped:
        run()

    assert stopped.value.code == 130
    assert Lead.objects.filter(erased_at=None).count() == 1
    monkeypatch.setattr(privacy, "erase", erase)
    assert lines(run()[0])[register.clock("contact").data] == 1


def test_who_is_frozen_stays_and_is_told_of():
    """R26: neither used nor erased, until the freeze is lifted."""
    frozen = old()
    Lead.objects.filter(pk=frozen.pk).update(frozen_at=timezone.now())

    out, _ = run()

    assert "Contacts gelés, laissés en l’état\u00a0: 1" in out
    frozen.refresh_from_db()
    assert frozen.erased_at is None


def test_progress_is_told_while_it_lasts(monkeypatch):
    from leads.management.commands import purge_personal_data

    monkeypatch.setattr(purge_personal_data, "EVERY", 0.0)
    old()

    assert register.clock("contact").data in run()[1]


def test_the_purge_is_a_job_of_each_night(settings):
    """R20: scheduled daily."""
    entry = settings.CELERY_BEAT_SCHEDULE["purge-personal-data"]

    assert entry["task"] == "leads.purge_personal_data"
    assert (entry["schedule"].hour, entry["schedule"].minute) == ({3}, {15})
