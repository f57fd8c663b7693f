"""R23: a file that a frozen worker stored after its person was erased goes."""

from __future__ import annotations

import os
from datetime import datetime, timedelta

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.db.models.functions import Now
from django.utils import timezone

from leads import privacy
from leads.models import PrivacyEvent
from reports import sweeping, tasks
from reports.models import Copy
from reports.tasks import render_copy
from tests.leads.factories import CopyFactory

pytestmark = pytest.mark.django_db


class Killed(BaseException):
    """What no `except Exception` hears: the process is gone."""


def stored(name, age=timedelta(0)):
    store = storages["copies"]
    key = store.save(name, ContentFile(b"x"))
    then = (timezone.now() - age).timestamp()
    os.utime(store.path(key), (then, then))
    return key


def exists(name):
    return storages["copies"].exists(name)


def folder_of(copy):
    return copy.uid.hex[:2]


def hour_of(copy):
    """Return an instant at which the folder of a copy has its turn."""
    return timezone.now().replace(hour=int(folder_of(copy), 16) % sweeping.HOURS)


def test_a_worker_frozen_while_its_person_was_erased_leaves_no_file(monkeypatch):
    copy = CopyFactory()
    save = type(storages["copies"]).save

    def frozen(store, name, content, **kwargs):
        privacy.erase(copy.lead, PrivacyEvent.Kind.NOT_ME)
        key = save(store, name, content, **kwargs)
        raise Killed(key)

    monkeypatch.setattr(type(storages["copies"]), "save", frozen)
    with pytest.raises(Killed):
        render_copy(copy.pk, 0)
    assert exists(copy.file_name(1))

    tasks.sweep_copies()

    assert not exists(copy.file_name(1))


@pytest.mark.parametrize("age", [timedelta(minutes=1), timedelta(hours=2)])
def test_the_file_of_a_copy_and_one_being_made_stay(age):
    made, making = CopyFactory(rendered=True), CopyFactory()
    key = stored(made.file_name(1), age)
    Copy.objects.filter(pk=made.pk).update(file=key, lease_no=1)
    Copy.objects.filter(pk=making.pk).update(lease_no=1, lease_until=Now())
    at_work = stored(making.file_name(1), age)

    for copy in (made, making):
        assert sweeping.sweep_folder(folder_of(copy), timezone.now()) == 0

    assert exists(key)
    assert exists(at_work)


def test_what_dead_workers_left_goes_once_it_is_old():
    copy = CopyFactory(rendered=True)
    kept = stored(copy.file_name(3))
    Copy.objects.filter(pk=copy.pk).update(file=kept, lease_no=3)
    left, young = (
        stored(copy.file_name(1), timedelta(hours=2)),
        stored(copy.file_name(2), timedelta(minutes=50)),
    )

    assert sweeping.sweep_folder(folder_of(copy), timezone.now()) == 1

    assert [exists(name) for name in (kept, left, young)] == [True, False, True]


def test_the_file_of_a_copy_that_is_gone_goes():
    copy = CopyFactory(rendered=True)
    left = stored(copy.file_name(1), timedelta(hours=2))
    copy.delete()

    assert sweeping.sweep_folder(folder_of(copy), timezone.now()) == 1
    assert not exists(left)


def test_nothing_else_of_the_store_is_touched():
    names = [
        stored("00/synthese.pdf", timedelta(days=9)),
        stored("00/00000000-0000-0000-0000-000000000000-1.png", timedelta(days=9)),
        stored("00/not-a-number-that-copies-have-at-all-1.pdf", timedelta(days=9)),
        stored("epreuves/x/synthese.pdf", timedelta(days=9)),
    ]

    for hour in range(24):
        assert (
            sweeping.sweep(datetime(2026, 11, 2, hour, tzinfo=None).astimezone()) == 0
        )

    assert all(exists(name) for name in names)


def test_every_folder_has_its_turn_within_a_day(monkeypatch):
    seen = []
    monkeypatch.setattr(
        sweeping, "sweep_folder", lambda folder, at: seen.append(folder) or 0
    )

    for hour in range(24):
        sweeping.sweep(timezone.now().replace(hour=hour))

    assert sorted(seen) == [f"{number:02x}" for number in range(256)]


def test_a_copy_erased_days_ago_is_found_by_its_folder():
    copy = CopyFactory(rendered=True)
    privacy.erase(copy.lead, PrivacyEvent.Kind.NOT_ME)
    copy.lead.__class__.objects.update(erased_at=timezone.now() - timedelta(days=30))
    left = stored(copy.file_name(7))

    assert sweeping.sweep(hour_of(copy)) == 1
    assert not exists(left)
