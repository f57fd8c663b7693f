"""R23: who was erased does not come back, by a file or by a restored backup."""

from __future__ import annotations

import errno
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from leads import privacy, rights, tombstones
from leads.models import Lead, PrivacyEvent, Tombstone
from leads.tasks import keep_erasures
from outbox.models import Suppression, suppression_hash
from tests.leads.factories import LeadFactory, delivered

pytestmark = pytest.mark.django_db
ADDRESS = "Zoe.Loeuf@chu-exemple.fr"
Kind = PrivacyEvent.Kind


@pytest.fixture
def lead():
    return delivered(lead__email=ADDRESS).lead


def lost_since_yesterday(act):
    """Do something today, and lose today's database: only the file remembers it."""
    with transaction.atomic():
        act()
        keep_erasures()
        transaction.set_rollback(True)


def reapply(*files, **options):
    out = StringIO()
    call_command("reapply_erasures", *files, stdout=out, **options)
    return out.getvalue()


def test_a_restored_backup_loses_them_again(lead):
    other = delivered().lead
    lost_since_yesterday(lambda: rights.erase(lead))
    assert Lead.objects.filter(erased_at=None).count() == 2
    assert not privacy.is_erased_address(ADDRESS)

    assert "Personnes à effacer de nouveau\u00a0: 1" in reapply(dry_run=True)
    assert Lead.objects.filter(erased_at=None).count() == 2
    assert "Personnes effacées de nouveau\u00a0: 1" in reapply()

    assert Lead.objects.get(erased_at=None) == other
    assert PrivacyEvent.objects.get().kind == Kind.RESTORED
    assert not lead.submissions.exclude(email="").exists()
    assert privacy.is_erased_address(ADDRESS)
    assert "Personnes effacées de nouveau\u00a0: 0" in reapply()


def test_who_came_back_by_themselves_since_stays(lead):
    rights.erase(lead)
    keep_erasures()
    again = LeadFactory(email=ADDRESS)
    Lead.objects.filter(pk=again.pk).update(
        created_at=timezone.now() + timedelta(seconds=1)
    )

    reapply()

    assert Lead.objects.get(erased_at=None) == again


def test_an_address_that_staff_mended_that_day_hides_nobody(lead):
    def mended_then_erased():
        Lead.objects.filter(pk=lead.pk).update(email_key="autre@exemple.fr")
        rights.erase(Lead.objects.get(pk=lead.pk))

    lost_since_yesterday(mended_then_erased)
    reapply()

    assert not Lead.objects.filter(erased_at=None).exists()


def test_a_number_that_is_used_again_erases_nobody_new(lead, settings):
    """Today's contacts are lost with today's database, their numbers given again."""
    at = timezone.now() - timedelta(days=1)
    erasure = tombstones.Erasure(lead.pk, suppression_hash("x@y.fr"), Kind.ASKED, at)
    Path(settings.ERASURES_FILE).write_text(erasure.line())

    reapply()

    assert Lead.objects.filter(erased_at=None).exists()


def test_who_never_asked_is_set_aside_again(lead):
    copy = lead.copies.get()
    lost_since_yesterday(lambda: privacy.not_me(copy))
    assert not Suppression.objects.exists()

    reapply()

    assert Suppression.objects.covers(ADDRESS)


def test_the_file_names_nobody_and_is_nobody_else_s(lead, settings):
    rights.erase(lead)
    keep_erasures()
    keep_erasures()

    path = Path(settings.ERASURES_FILE)
    [line] = path.read_text().splitlines()
    said = json.loads(line)
    assert set(said) == {"contact", "empreinte", "nature", "le"}
    assert bytes.fromhex(said["empreinte"]) == suppression_hash(ADDRESS)
    assert "loeuf" not in line.lower()
    assert path.stat().st_mode & 0o077 == 0


def test_it_is_written_as_soon_as_it_is_committed(
    lead, settings, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        rights.erase(lead)

    assert Path(settings.ERASURES_FILE).exists()
    assert Tombstone.objects.get().kept_at


@pytest.mark.logs("leads.tombstones")
def test_a_disk_that_is_away_erases_all_the_same_and_is_tried_again(
    lead, settings, tmp_path, django_capture_on_commit_callbacks
):
    (tmp_path / "file").write_text("")
    settings.ERASURES_FILE = tmp_path / "file" / "erasures.jsonl"
    with django_capture_on_commit_callbacks(execute=True):
        assert rights.erase(lead)
    assert Tombstone.objects.get().kept_at is None

    settings.ERASURES_FILE = tmp_path / "erasures.jsonl"
    keep_erasures()

    assert Tombstone.objects.get().kept_at


def test_several_machines_have_a_file_each(settings, tmp_path):
    for name in ("un", "deux"):
        settings.ERASURES_FILE = tmp_path / name
        lead = delivered(lead__email=f"{name}@exemple.fr").lead
        lost_since_yesterday(lambda lead=lead: rights.erase(lead))

    reapply(str(tmp_path / "un"), str(tmp_path / "deux"))

    assert not Lead.objects.filter(erased_at=None).exists()


@pytest.mark.parametrize("content", ["{", "{}", '{"contact": 1}', "[]", "null", "x"])
def test_a_file_that_is_none_of_ours_erases_nobody(lead, settings, content):
    Path(settings.ERASURES_FILE).write_text(content)
    with pytest.raises(CommandError, match="not an erasure"):
        reapply()
    assert Lead.objects.get().erased_at is None


def test_a_broken_line_hides_nobody_else(lead, settings):
    """R23: a torn line is told; whoever stands around it is erased again."""
    path = Path(settings.ERASURES_FILE)
    lost_since_yesterday(lambda: rights.erase(lead))
    path.write_bytes(b'{"contact": 12, "empr\n\xff\xfe\n' + path.read_bytes())

    with pytest.raises(CommandError, match="ligne 1") as told:
        reapply()

    assert "ligne 2" in str(told.value)
    assert not Lead.objects.filter(erased_at=None).exists()


def test_half_a_line_that_a_crash_left_spoils_no_other(lead, settings):
    """R23"""
    Path(settings.ERASURES_FILE).write_text('{"contact": 12, "empr')

    rights.erase(lead)
    keep_erasures()

    said = []
    lines = Path(settings.ERASURES_FILE).read_text().splitlines()
    read = list(tombstones.read(lines, lambda number, error: said.append(number)))
    assert ([one.number for one in read], said) == ([lead.pk], [1])


@pytest.mark.logs("leads.tombstones")
def test_a_disk_that_fills_up_leaves_whole_lines(
    lead, settings, monkeypatch, django_capture_on_commit_callbacks
):
    """R23: what could not be written whole is not there, and is tried again."""
    rights.erase(lead)
    keep_erasures()
    before = Path(settings.ERASURES_FILE).read_text()
    other = delivered().lead

    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as disk:
        disk.setattr("os.fsync", full)
        with django_capture_on_commit_callbacks(execute=True):
            assert rights.erase(other)
    assert Path(settings.ERASURES_FILE).read_text() == before

    keep_erasures()

    assert len(Path(settings.ERASURES_FILE).read_text().splitlines()) == 2


def test_who_cannot_be_erased_keeps_nobody_else(lead, monkeypatch):
    """R23: the store of copies is away for one of them; the other is gone."""
    other = delivered().lead
    lost_since_yesterday(lambda: [rights.erase(one) for one in (lead, other)])
    erase = privacy.erase

    def away(one, kind):
        if one.pk == lead.pk:
            raise TimeoutError
        return erase(one, kind)

    with monkeypatch.context() as store:
        store.setattr(privacy, "erase", away)
        with pytest.raises(CommandError, match=f"contact {lead.pk}"):
            reapply()

    assert Lead.objects.get(erased_at=None) == lead
    assert "Personnes effacées de nouveau\u00a0: 1" in reapply()


def test_no_file_is_an_error(lead):
    with pytest.raises(CommandError, match="erasures"):
        reapply()


@pytest.mark.parametrize(
    ("asked", "refused"),
    [
        (ADDRESS, True),
        (f" {ADDRESS.upper()} ", True),
        ("zoe.loeuf+etude@chu-exemple.fr", True),
        ("autre@chu-exemple.fr", False),
        ("", False),
    ],
)
def test_a_file_brings_nobody_back(lead, asked, refused):
    """Importers ask `privacy.is_erased_address`."""
    rights.erase(lead)
    assert privacy.is_erased_address(asked) == refused
