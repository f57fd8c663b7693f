"""Named points in the product's own functions, where a process may be struck.

A file `armed/POINT` says what is to happen there: the first process to reach the point
takes the file away, notes what it was doing under `fired/`, and does it. `sabotage`
names a safeguard to leave out, so that the suite can be proved able to fail.
"""

from __future__ import annotations

import functools
import json
import os
import signal
import time
from pathlib import Path

from django.apps import AppConfig
from django.conf import settings

# Where the mail server may have taken a message that nobody has noted yet: a kill here
# is allowed one more sending (RFC 1047).
WINDOW = {"message_dotted", "message_answered", "message_noting"}
CHILD, GROUP, STOP = "child", "group", "stop"  # What may happen at a point.

at_work_on = ""  # The recipient of the row that this process has claimed.


def folder() -> Path:
    return settings.VAR_DIR / "faults"


def reach(point):
    """Do what was armed at this point, once among all processes."""
    taken = folder() / "taken" / f"{point}-{os.getpid()}-{time.time_ns()}"
    try:
        (folder() / "armed" / point).rename(taken)
    except FileNotFoundError:
        return
    action = taken.read_text()
    note = {"point": point, "at": time.time(), "action": action, "pid": os.getpid()}
    taken.write_text(json.dumps(note | {"recipient": at_work_on}))
    taken.rename(folder() / "fired" / taken.name)
    if action == STOP:
        os.kill(os.getpid(), signal.SIGSTOP)
    elif action == GROUP:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    else:
        os.kill(os.getpid(), signal.SIGKILL)


def sabotaged(safeguard):
    try:
        return (folder() / "sabotage").read_text() == safeguard
    except FileNotFoundError:
        return False


def around(owner, name, before=None, after=None):
    """Reach a point before a function of the product runs, and one after."""
    real = getattr(owner, name)

    @functools.wraps(real)
    def struck(*args, **kwargs):
        if before:
            reach(before)
        result = real(*args, **kwargs)
        if after:
            reach(after)
        return result

    setattr(owner, name, struck)


def watch_claims():
    from django.db.models import F
    from django.db.models.functions import Now

    from outbox.claims import LEASE, ClaimableQuerySet, delay

    claim = ClaimableQuerySet.claim

    def struck(self, pk, lease_no):
        global at_work_on
        if sabotaged("claim"):  # Whoever asks is given the row.
            lease = {"lease_no": F("lease_no") + 1, "lease_until": Now() + delay(LEASE)}
            row = self.get(pk=pk) if self.filter(pk=pk).update(**lease) else None
        else:
            row = claim(self, pk, lease_no)
        if row is not None:
            at_work_on = getattr(row, "recipient", "")
            reach(f"{row._meta.model_name}_claimed")
        return row

    ClaimableQuerySet.claim = struck


def watch_copies():
    import reports.pdf
    from reports import tasks
    from reports.signals import copy_rendered

    around(reports.pdf, "render", after="copy_laid_out")
    around(tasks, "_finish", before="copy_stored", after="copy_committed")
    around(copy_rendered, "send", after="copy_committing")


def watch_messages():
    from outbox import sending, smtp
    from outbox.models import Message

    around(
        Message, "begin_handing_over", before="message_ready", after="message_leaving"
    )
    around(sending, "send", after="message_noted")
    around(smtp._Client, "data", after="message_answered")
    send, record = smtp._Client.send, Message.record

    def struck_send(self, data):
        if len(data) < 5000:  # A command, not a message's content.
            return send(self, data)
        half = len(data) // 2
        send(self, data[:half])
        reach("message_half_sent")
        send(self, data[half:])
        reach("message_dotted")

    def struck_record(self, kind, **details):
        event = record(self, kind, **details)
        if kind == kind.ACCEPTED:
            reach("message_noting")
        return event

    smtp._Client.send = struck_send
    Message.record = struck_record


def watch_relay():
    from outbox.claims import ClaimableQuerySet
    from outbox.models import MessageQuerySet
    from outbox.relay import Relay

    hand_over, acting = ClaimableQuerySet.hand_over, Relay._acting

    def struck_hand_over(self, limit=100):
        rows = hand_over(self, limit)
        if rows:
            reach("relay_handed_over")
        return rows

    def noted_acting(self):
        if result := acting(self):
            (folder() / "acting").write_text(str(os.getpid()))
        return result

    assert MessageQuerySet.hand_over is not hand_over  # It calls ours by super().
    ClaimableQuerySet.hand_over = struck_hand_over
    Relay._acting = noted_acting
    around(Relay, "_publish", after="relay_published")


def watch_posts():
    from leads import views
    from leads.models import Submission

    around(Submission, "save", after="post_saved")
    around(views, "store", after="post_committed")


def be_ready_for_sabotage():
    from django.db.models import Q
    from django.db.models.functions import Now

    from outbox.claims import Claimable, ClaimableQuerySet
    from outbox.models import Message

    free, held = ClaimableQuerySet._free, Claimable._held
    begin = Message.begin_handing_over

    def struck_free():
        return Q(lease_until=None) if sabotaged("sweep") else free()

    def struck_held(self):
        everything = type(self)._base_manager.filter(pk=self.pk)
        return everything if sabotaged("fence") else held(self)

    def struck_begin(self):
        if sabotaged("fence"):
            struck_held(self).update(handing_over_at=Now())
        else:
            begin(self)

    ClaimableQuerySet._free = staticmethod(struck_free)
    Claimable._held = struck_held
    Message.begin_handing_over = struck_begin


class Points(AppConfig):
    name = "tests.faults"

    def ready(self):
        be_ready_for_sabotage()
        for watch in (
            watch_claims,
            watch_copies,
            watch_messages,
            watch_relay,
            watch_posts,
        ):
            watch()
