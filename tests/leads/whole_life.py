"""Somebody of whom everything there can be is held; and where to look for it after.

Whoever adds a table that leads to a contact adds a row of it to `live`: a test of
`test_erasure.py` fails until then.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import redis
from django.apps import apps
from django.conf import settings
from django.contrib.admin.models import CHANGE, LogEntry
from django.core.cache import cache
from django.core.files.storage import storages
from django.db import connection, models
from django.db.models.functions import Now
from django.utils import timezone

from leads import assigning, consent, delivery, exchanges, mailbox, rights
from leads.analytics import facts
from leads.calling import call_at
from leads.correction import correct
from leads.models import (
    Activity,
    Batch,
    ConsentEvent,
    DataLink,
    Escalation,
    Lead,
    Letter,
    Probe,
    RightsRequest,
    SavedView,
    Submission,
)
from leads.models.folding import fold
from outbox import making
from outbox.models import Message, MessageEvent, Undelivered
from reports import errata
from reports.models import Copy, CopyEvent, Edition
from reports.tasks import render_copy
from tests.leads.factories import HitFactory, StaffFactory
from tests.leads.rights import ask, send_all

ADDRESS = "zephyrine.quenotte@chu-brumes.example"
MISTYPED = "zephyrine.quenote@chu-brumes.example"
ANSWERS = {
    "first_name": "Zéphyrine",
    "last_name": "Quenotte",
    "email": ADDRESS,
    "organisation": "Hospice des Trois-Brumes",
    "organisation_type": "ch",
    "job_function": "dsi",
    "region": "53",
}
# Whatever was typed, by the person or of them, anywhere. Folded as searches are.
TYPED = [
    *("Zéphyrine", "Quenotte", "quenote@", "zephyrine.quen", "Trois-Brumes"),
    *("Clinique des Roseaux gris", "brumeuse", "99004242", "01 99 00 42 43"),
    *("campagne-quenotte", "secret-"),
]


def words(where: str) -> str:
    """Return words that staff type in one place, and nobody anywhere else."""
    return f"secret-{where} de Zéphyrine Quenotte"


def live(visitor: Any, client: Any) -> Lead:
    """Let somebody do, and have done to them, all there is. Return their lead."""
    with mock.patch.object(settings, "MAIL_PER_RECIPIENT_PER_DAY", 100):
        lead = _ask_for_it(visitor)
        staff = StaffFactory(is_superuser=True, first_name="Agathe", last_name="Ours")
        _staff_work(lead, staff)
        _messages_in_every_state(lead)
        _rights(visitor, lead)
        _in_the_admin(client, staff, lead)
    facts.refresh_all()
    return Lead.objects.get(pk=lead.pk)


def _post(visitor: Any, **changes: Any) -> Submission:
    data = {**ANSWERS, "news_consent": "on", **changes}
    source = "utm_source=brumeuse&utm_campaign=campagne-quenotte&utm_content=brumeuse"
    assert visitor.post(f"/?{source}", data).status_code == 303
    return Submission.objects.latest("pk")


def _render_and_send() -> None:
    for copy in Copy.objects.due():
        render_copy(copy.pk, copy.lease_no)
    send_all()


def _ask_for_it(visitor: Any) -> Lead:
    wrong = _post(visitor, email=MISTYPED)
    _render_and_send()
    first = correct(wrong, ADDRESS)
    assert first
    call_at(first, "+33199004242")
    _post(visitor, organisation="Clinique des Roseaux gris")
    _post(visitor, website="https://robot.example", last_name="Quenotte-Robot")
    _render_and_send()
    copy = Copy.objects.get(pk=first.copy_id)
    copy.replace_link()
    HitFactory(copy=copy)
    HitFactory(copy=copy, gateway=True)
    visitor.get(f"/exemplaire/{copy.token}/")
    copy.record(CopyEvent.Kind.DEFERRED, words("cause-de-copie"))
    Probe.objects.create(submission=first, copy=copy)
    assert mailbox.confirm(first.lead_id, ADDRESS, mailbox.Kind.PRESSED)
    erratum = Edition.current().errata.model.objects.create(
        edition=copy.edition, note="Une note pour tous."
    )
    errata._owe(erratum, errata.holders(copy.edition).copies, 0)
    return first.lead


def _staff_work(lead: Lead, staff: Any) -> None:
    Lead.objects.filter(pk=lead.pk).update(
        phone="01 99 00 42 43", promised_on=timezone.localdate(), waiting_since=Now()
    )
    exchanges.log(
        lead.pk,
        staff,
        "appel",
        outcome="message",
        body=words("echange"),
        next_action=words("action"),
        next_on=timezone.localdate(),
    )
    assigning.assign([lead.pk], staff, why=words("motif"), by=staff)
    for status in ("rendez-vous", "gagne"):
        exchanges.move([lead.pk], staff, status)
    # Won, they had nothing to come; then staff thought of something.
    Lead.objects.filter(pk=lead.pk).update(
        next_action=words("action"), next_action_on=timezone.localdate()
    )
    told = making.owe("escalation", staff.email, "Promesses", lead=lead)
    Escalation.objects.create(
        lead=lead, owner=staff, to=staff, promised_on="2026-01-02", message=told
    )
    letter = making.owe("morning", staff.email, "Votre matin", lead=lead)
    Letter.objects.create(
        kind="matin", user=staff, day=timezone.localdate(), message=letter
    )
    Batch.objects.create(
        user=staff,
        action="assign",
        leads=[lead.pk],
        params={"reason": words("lot"), "back": "/admin/?q=Quenotte"},
        next_attempt_at=None,
    )
    SavedView.objects.create(name="Quenotte", owner=staff, query="q=quenotte")
    consent.record_news(lead.submissions.latest("pk"), "/")


def _messages_in_every_state(lead: Lead) -> None:
    submission = lead.submissions.filter(copy__isnull=False).latest("pk")
    ends: list[dict[str, Any]] = [
        {},
        {"accepted_at": Now(), "next_attempt_at": None},
        {"accepted_at": Now(), "delivered_at": Now(), "next_attempt_at": None},
        {"accepted_at": Now(), "bounced_at": Now(), "next_attempt_at": None},
        {"failed_at": Now(), "next_attempt_at": None},
        {"withheld_at": Now(), "next_attempt_at": None},
        {"deferred_at": Now(), "attempts": 2},
        {"handing_over_at": Now(), "lease_until": Now() + timedelta(minutes=1)},
    ]
    for values in ends:
        assert delivery.send_again(submission)
        message = submission.messages.latest("pk")
        Message.objects.filter(pk=message.pk).update(**values)
        message.record(MessageEvent.Kind.DEFERRED, cause=f"451 <{ADDRESS}> secret-smtp")
    states = {message.state for message in Message.objects.filter(lead=lead)}
    assert states == set(Message.State), states


def _rights(visitor: Any, lead: Lead) -> None:
    ask(visitor, ADDRESS)
    rights.rectify(lead.pk, {"organisation": "Clinique des Roseaux gris"})
    rights.choose(lead.pk, "actualites", granted=False)
    rights.measure_choice(lead.pk, granted=False)
    rights.measure_choice(lead.pk, granted=True)
    RightsRequest.objects.create(
        lead=lead,
        right="effacement",
        channel="courrier",
        who="Zéphyrine Quenotte",
        said=words("demande"),
        answer=words("reponse"),
    )
    RightsRequest.objects.create(  # Noted before they were found to be this contact.
        right="acces", channel="courriel", who=f"Z. Quenotte <{ADDRESS.upper()}>"
    )
    rights.send_code(DataLink.objects.get(lead=lead))
    rights.freeze(lead.pk)


def _in_the_admin(client: Any, staff: Any, lead: Lead) -> None:
    """Let staff look at every page of the person, and leave their name in the log."""
    client.force_login(staff)
    for name in ("lead", "submission"):
        pk = lead.pk if name == "lead" else lead.submissions.latest("pk").pk
        assert client.get(f"/admin/leads/{name}/{pk}/change/").status_code == 200
    cache.set("quota", 1)
    rows: list[models.Model] = [
        lead,
        *lead.submissions.all(),
        *lead.copies.all(),
        *lead.messages.all(),
        *Undelivered.objects.filter(lead=lead),
        *lead.activities.all(),
        *lead.rights_requests.all(),
        *ConsentEvent.objects.filter(lead=lead),
        *Activity.objects.filter(lead=lead),
        *SavedView.objects.all(),
    ]
    for row in rows:
        LogEntry.objects.log_actions(staff.pk, [row], CHANGE, words("journal"))


# --- Tables that lead to a contact ----------------------------------------------------


def paths_to_lead() -> dict[type[models.Model], str]:
    """Return, for every table that leads to a contact, the shortest path there.

    A new model is found by itself, whatever app it is of.
    """
    found: dict[type[models.Model], str] = {Lead: ""}
    tables = [
        m for m in apps.get_models(include_auto_created=True) if not m._meta.proxy
    ]
    while True:
        more: dict[type[models.Model], str] = {}
        for model in set(tables) - set(found):
            for field in model._meta.concrete_fields:
                to = field.related_model
                if field.is_relation and to in found:
                    more.setdefault(model, f"{field.name}__{found[to]}".strip("_"))
        if not more:
            return found
        found |= more


# --- Where to look --------------------------------------------------------------------


def rows() -> Iterator[tuple[str, str]]:
    """Yield every row of every table of the database, as text, and where it stands."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(relname)"
            " FROM pg_stat_user_tables"
            " UNION SELECT quote_ident(schemaname) || '.' || quote_ident(matviewname)"
            " FROM pg_matviews"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(f"SELECT t::text FROM {table} t")
            for (row,) in cursor.fetchall():
                yield table, row


def files(*folders: Any) -> Iterator[tuple[str, bytes]]:
    """Yield every file of the store, of the documents' cache and of the erasures."""
    for folder in folders:
        path = Path(folder)
        for file in [path] if path.is_file() else sorted(path.rglob("*")):
            if file.is_file():
                yield str(file), file.read_bytes()


def stored() -> Iterator[tuple[str, bytes]]:
    copies: Any = storages["copies"]
    yield from files(copies.location, settings.PDF_BASES_DIR, settings.ERASURES_FILE)


def queued() -> Iterator[tuple[str, bytes]]:
    """Yield all that the broker holds, whatever its kind."""
    store: Any = redis.Redis.from_url(settings.CELERY_BROKER_URL)
    try:
        for key in store.scan_iter("*"):
            kind = store.type(key)
            values: list[bytes] = {
                b"list": lambda key: store.lrange(key, 0, -1),
                b"set": lambda key: list(store.smembers(key)),
                b"zset": lambda key: store.zrange(key, 0, -1),
                b"hash": lambda key: [
                    x for pair in store.hgetall(key).items() for x in pair
                ],
                b"string": lambda key: [store.get(key)],
            }[kind](key)
            for value in values:
                yield key.decode(), value
    finally:
        store.close()


BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
HEX = re.compile(r"\\x([0-9a-f]{6,})")


def said(content: str | bytes, deep: int = 3) -> Iterator[str]:
    """Yield what something says: as it is, and out of bytea, base64 and zlib."""
    if isinstance(content, bytes):
        yield from said(content.decode("utf-8", "replace"), deep)
        for start in [m.start() for m in re.finditer(rb"x[\x01\x5e\x9c\xda]", content)]:
            try:
                yield (
                    zlib.decompressobj()
                    .decompress(content[start:])
                    .decode("utf-8", "replace")
                )
            except zlib.error:
                continue
        return
    yield content
    if "\\u" in content:  # JSON.
        yield re.sub(r"\\u([0-9a-f]{4})", lambda m: chr(int(m[1], 16)), content)
    if not deep:
        return
    for found in HEX.findall(content):
        yield from said(bytes.fromhex(found[: len(found) // 2 * 2]), deep - 1)
    for found in BASE64.findall(content):
        for altchars in (b"+/", b"-_"):
            try:
                bare = found.rstrip("=")
                padded = bare + "=" * (-len(bare) % 4)
                plain = base64.b64decode(padded, altchars, validate=True)
            except (binascii.Error, ValueError):
                continue
            yield from said(plain, deep - 1)


def traces(places: Any) -> list[str]:
    """Return where something typed is still to be read, and what."""
    wanted = [(typed, fold(typed)) for typed in TYPED]
    found = []
    for where, content in places:
        for text in said(content):
            folded = fold(text)
            found += [f"{where}: {typed}" for typed, form in wanted if form in folded]
    return sorted(set(found))
