"""An edition is what its fingerprint says, and a copy stays of the one that made it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.core.files.storage import storages
from django.core.management import call_command
from django.db.models.functions import Now

from outbox import files
from outbox.models import Message
from reports import editions
from reports.models import Copy, CopyEvent, Edition
from reports.tasks import render_copy
from santescopie.checks import document_is_its_edition
from tests.leads.factories import CopyFactory, MessageFactory, SubmissionFactory

pytestmark = pytest.mark.django_db

LIVE = editions.PRESENT.version
NEXT = "99.0"
DRAWINGS = list((editions.ROOT / "templates/reports/drawings").glob("*.html"))


@pytest.fixture
def other_tree(monkeypatch):
    """Make this process one that carries a later edition, declared only."""
    declared = editions.Declared(NEXT, editions.fingerprint(), "Une note.")
    monkeypatch.setattr(editions, "PRESENT", declared)
    monkeypatch.setattr(editions, "DECLARED", (*editions.DECLARED, declared))
    return Edition.objects.create(version=NEXT, note=declared.note)


# --- The fingerprint --------------------------------------------------------------


def test_the_document_is_the_last_edition_declared():
    """Where it is not: declare another, or put the new value in FIRST until 1.0 is out.

    manage.py render_synthesis --fingerprint prints it.
    """
    assert editions.fingerprint() == editions.PRESENT.fingerprint
    assert document_is_its_edition(None) == []


def test_a_deployment_whose_document_is_no_edition_is_told(monkeypatch):
    other = editions.Declared("1.0", "0" * 64, "")
    monkeypatch.setattr(editions, "PRESENT", other)
    assert [error.id for error in document_is_its_edition(None)] == ["santescopie.E006"]


def test_the_fingerprint_is_printed(capsys):
    call_command("render_synthesis", fingerprint=True)
    assert capsys.readouterr().out.strip() == editions.fingerprint()


def test_versions_are_declared_once():
    versions = [edition.version for edition in editions.DECLARED]
    assert versions[0] == "1.0"
    assert len(set(versions)) == len(versions)


def test_the_fingerprint_covers_content_templates_style_and_fonts():
    covered = {str(path.relative_to(editions.ROOT)) for path in editions.sources()}
    for name in (
        "reports/study.py",
        "reports/personalisation.py",
        "reports/vocabulary.py",
        "reports/pdf/__init__.py",
        "reports/pdf/engine.py",
        "reports/pdf/synthesis.css",
        "reports/pdf/fonts/EncodeSans-Regular.ttf",
        "reports/readings.py",
        "reports/tools.py",
        "reports/templatetags/french.py",
        "templates/pdf/synthesis.html",
        *(str(path.relative_to(editions.ROOT)) for path in DRAWINGS),
    ):
        assert name in covered
    assert DRAWINGS  # Found by what includes them, and by nothing else.
    # Rows and pages of staff draw nothing.
    assert not any("/models/" in name or "/admin/" in name for name in covered)


@pytest.mark.parametrize(
    "name",
    [
        "reports/study.py",
        "reports/pdf/synthesis.css",
        "reports/pdf/fonts/EncodeSans-Regular.ttf",
        "templates/pdf/synthesis.html",
    ],
)
def test_a_change_of_one_byte_changes_the_fingerprint(tmp_path, monkeypatch, name):
    root = tmp_path / "tree"
    for path in editions.sources():
        twin = root / path.relative_to(editions.ROOT)
        twin.parent.mkdir(parents=True, exist_ok=True)
        twin.write_bytes(path.read_bytes())
    monkeypatch.setattr(editions, "ROOT", root)
    compute = editions.fingerprint.__wrapped__
    assert compute() == editions.fingerprint()

    (root / name).write_bytes((root / name).read_bytes() + b"\n")

    assert compute() != editions.fingerprint()


def test_another_version_of_the_engine_changes_the_fingerprint(monkeypatch):
    monkeypatch.setattr(editions, "version", lambda name: "0")
    assert editions.fingerprint.__wrapped__() != editions.fingerprint()


def test_the_fingerprint_rests_on_what_the_lock_pins():
    lock = Path("requirements.txt").read_text().lower()
    for name in editions.ENGINE:
        assert f"\n{name.lower()}==" in lock


def test_a_released_edition_is_what_was_released():
    """Where it is not: put the old value back, and declare another edition."""
    assert editions.altered() == []


@pytest.mark.parametrize(
    "released", [{LIVE: "0" * 64}, {LIVE: editions.FIRST, "0.9": "0" * 64}]
)
def test_another_value_under_a_released_number_is_found(monkeypatch, released):
    monkeypatch.setattr(editions, "RELEASED", {LIVE: editions.FIRST})
    assert editions.altered() == []
    monkeypatch.setattr(editions, "RELEASED", released)
    assert len(editions.altered()) == 1


def test_only_the_last_edition_may_follow_the_tree(other_tree, monkeypatch):
    monkeypatch.setattr(editions, "RELEASED", {})
    assert editions.altered() == [LIVE]


# --- Declared, then published -----------------------------------------------------


def test_a_declared_edition_waits_for_its_proofs(other_tree):
    Edition.objects.filter(version=NEXT).delete()
    CopyFactory()

    editions.declare(NEXT).code(apps, None)

    edition = Edition.objects.get(version=NEXT)
    assert edition.published_at is None
    assert edition.fingerprint == editions.fingerprint()
    assert Edition.current().version == LIVE


def test_where_no_copy_was_ever_asked_for_it_is_published_at_once(other_tree):
    Edition.objects.filter(version=NEXT).delete()

    editions.declare(NEXT).code(apps, None)
    editions.declare(NEXT).code(apps, None)

    assert Edition.current().version == NEXT


def test_the_first_edition_holds_its_fingerprint():
    assert Edition.objects.get(version="1.0").fingerprint == editions.FIRST


# --- What a copy freezes ----------------------------------------------------------


def test_a_copy_freezes_edition_fingerprint_hash_and_time():
    copy = CopyFactory()
    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.edition.version == editions.PRESENT.version
    assert copy.fingerprint == editions.fingerprint()
    assert copy.rendered_at
    assert hashlib.sha256(copy.content()).hexdigest() == copy.sha256


def test_the_same_reader_reference_and_day_give_the_same_bytes():
    copy = CopyFactory()
    render_copy(copy.pk, 0)
    copy.refresh_from_db()
    Copy.objects.update(rendered_at=None, next_attempt_at=Now())
    render_copy(copy.pk, copy.lease_no)

    again = Copy.objects.get()
    assert again.file != copy.file
    assert again.sha256 == copy.sha256


def test_a_tree_makes_no_other_edition_than_its_own(other_tree):
    """Between deployment and publication nothing bears the wrong number."""
    copy = CopyFactory()
    for _ in range(3):
        Copy.objects.update(lease_until=None)
        copy.refresh_from_db()
        render_copy(copy.pk, copy.lease_no)

    copy.refresh_from_db()
    assert copy.rendered_at is None
    assert copy.next_attempt_at is not None
    assert copy.attempts == 0
    event = copy.events.get()
    assert event.kind == CopyEvent.Kind.DEFERRED
    assert event.cause == f"ce processus porte l’édition {NEXT}, non la {LIVE}"


def test_a_tree_that_is_not_what_it_declares_makes_nothing(monkeypatch):
    monkeypatch.setattr(editions, "PRESENT", editions.Declared(LIVE, "0" * 64, ""))
    copy = CopyFactory()
    render_copy(copy.pk, 0)

    copy.refresh_from_db()
    assert copy.rendered_at is None
    assert copy.next_attempt_at is not None
    assert copy.events.get().cause == (
        f"le document de ce processus n’est pas l’édition {LIVE} qu’il déclare"
    )


def test_a_copy_that_waited_is_of_the_edition_published_meanwhile(other_tree):
    submission = SubmissionFactory(copy=CopyFactory())
    copy = submission.copy
    render_copy(copy.pk, 0)
    Edition.objects.filter(pk=other_tree.pk).update(published_at=Now())

    render_copy(copy.pk, 1)

    copy.refresh_from_db()
    assert copy.rendered_at
    assert copy.edition == other_tree
    assert submission.messages.count() == 1


# --- A file that is not what was rendered -----------------------------------------


@pytest.fixture
def damaged():
    """A copy that was mailed, and whose file somebody changed since."""
    submission = SubmissionFactory()
    storages["copies"].save(submission.copy.file, ContentFile(b"%PDF-other"))
    MessageFactory(accepted=True, copies=[submission.copy])
    return submission.copy


@pytest.mark.logs("reports.models.copy", "django.request")
def test_a_damaged_file_is_told_to_staff_and_never_downloaded(visitor, damaged):
    for _ in range(2):
        response = visitor.post(f"/exemplaire/{damaged.token}/telecharger/")
        assert response.status_code == 503
        assert b"%PDF" not in response.content

    damaged.refresh_from_db()
    assert damaged.damaged_at
    assert damaged.events.get().kind == CopyEvent.Kind.DAMAGED
    assert not damaged.hits.filter(served=True).exists()


@pytest.mark.logs("outbox.sending")
def test_a_damaged_file_is_never_mailed(damaged, sink):
    from outbox.tasks import send_message
    from reports import emails

    message = emails.synthesis(damaged)
    message.save()
    send_message(message.pk, 0)

    assert not sink.messages
    message.refresh_from_db()
    assert message.accepted_at is None
    assert "DamagedFile" in message.events.last().cause


def test_a_file_is_read_whole_or_refused():
    key = storages["copies"].save("essais/x", ContentFile(b"abc"))
    assert files.read(key, hashlib.sha256(b"abc").hexdigest()) == b"abc"
    with pytest.raises(files.DamagedFile):
        files.read(key, hashlib.sha256(b"abd").hexdigest())
    with pytest.raises(FileNotFoundError):
        files.read("essais/y", "")


def test_what_is_mailed_and_downloaded_are_the_stored_bytes(visitor, sink):
    from outbox.tasks import send_message

    submission = SubmissionFactory(copy=CopyFactory())
    copy = submission.copy
    render_copy(copy.pk, 0)
    send_message(Message.objects.get().pk, 0)
    copy.refresh_from_db()

    served = b"".join(
        visitor.post(f"/exemplaire/{copy.token}/telecharger/").streaming_content
    )
    with storages["copies"].open(copy.file) as file:
        stored = file.read()
    (sent,) = sink.messages
    (part,) = [p for p in sent.mail.walk() if p.get_content_type() == "application/pdf"]
    assert served == stored == part.get_payload(decode=True)
