"""Send a synthetic lead through the whole chain, follow it, and forget it.

It goes where everybody goes: the form's own checks, the one transaction of a post, the
queue, the document, the message, the mail server, the copy's page and its button. Only
the network before the form, and behind the seed mailbox, is left out.
"""

from __future__ import annotations

import hashlib
import logging
import uuid
from datetime import timedelta
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.handlers.base import BaseHandler
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.http import HttpRequest, QueryDict
from django.urls import reverse
from django.utils import timezone

from leads import alarm
from leads.forms import RequestForm
from leads.models import Alarm, Lead, Probe, Submission
from leads.models.lead import email_key
from leads.suspicion import hour_stamp
from leads.views import store
from outbox.claims import delay
from outbox.models import Message
from reports.models import Copy
from reports.vocabulary import JobFunction, OrganisationType, Region

logger = logging.getLogger(__name__)

LOOK = 10  # Seconds between two looks at a probe that is on its way.
LATER_LOOK = 60  # The same once it is late.
GIVEN_UP = timedelta(days=1)
TRACES = timedelta(days=1)  # Submission, copy, file and message are kept so long.
INSTANTS = timedelta(days=30)  # When each step was passed.


class NotRetrieved(Exception):
    """A reader would not have got the file."""


def start_if_due() -> list[int]:
    """Start a probe where none has been started for long enough; name no message."""
    recent = Probe.objects.filter(started_at__gt=Now() - delay(alarm.EVERY))
    with transaction.atomic():
        if settings.SEED_MAILBOX and alarm.is_ours() and not recent.exists():
            start()
    return []


@transaction.atomic
def start() -> Probe:
    """Post the form as a visitor does: their answers would be taken, or refused.

    The lead is one for all probes, a test from the start. The establishment differs
    each time: other answers make another copy.
    """
    _make_lead()
    form = RequestForm(_answers())
    if not form.is_valid():
        raise ValueError(f"the form refuses the probe: {form.errors.as_json()}")
    submission = store(form, HttpRequest())
    return Probe.objects.create(
        submission=submission,
        copy=submission.copy,
        next_attempt_at=Now() + delay(LOOK),
    )


def _answers() -> QueryDict:
    address = settings.SEED_MAILBOX
    answers = QueryDict(mutable=True)
    answers.update(
        {
            "first_name": "Sonde",
            "last_name": "Automatique",
            "email": address,
            "email_confirmed": address,
            "organisation": f"Établissement de contrôle {uuid.uuid4().hex[:8]}",
            "organisation_type": OrganisationType.OTHER,
            "job_function": JobFunction.QUALITY,
            "region": Region.IDF,
            "rendered": hour_stamp().signed,
        }
    )
    return answers


def _make_lead() -> None:
    """Make the lead of the seed mailbox, or a test of whoever it was.

    Nobody is asked who should have it.
    """
    address = settings.SEED_MAILBOX
    Lead.objects.bulk_create(
        [
            Lead(
                first_name="Sonde",
                last_name="Automatique",
                email=address,
                email_key=email_key(address),
                organisation="Établissement de contrôle",
                organisation_type=OrganisationType.OTHER,
                job_function=JobFunction.QUALITY,
                region=Region.IDF,
                is_test=True,
                routed_at=timezone.now(),
            )
        ],
        update_conflicts=True,
        unique_fields=["email_key"],
        update_fields=["is_test", "routed_at"],
    )


def follow(probe: Probe) -> None:
    """Note how far a claimed probe has come; retrieve its copy once it is accepted.

    Raises LeaseLost.
    """
    seen: Any = Probe.objects.with_steps().get(pk=probe.pk)
    steps = {"rendered_at": seen.rendered, "accepted_at": seen.accepted}
    age = seen.now - seen.started_at
    if seen.accepted and seen.copy:
        try:
            retrieve(seen.copy)
        except NotRetrieved as reason:
            logger.warning("probe %s: not retrieved (%s)", probe.pk, reason)
        else:
            return probe.finish(**steps, retrieved_at=Now())
    if age > GIVEN_UP or not seen.copy:
        return probe.finish(**steps)
    late = age > delay(alarm.RETRIEVED)
    probe.postpone(LATER_LOOK if late else LOOK, **steps)


def retrieve(copy: Copy) -> None:
    """Open the copy's page by its link and press the button, as a reader does.

    Through all of Django, without the network. Raises NotRetrieved.
    """
    _ask("GET", reverse("reports:copy", args=[copy.token]))
    content = _ask("POST", reverse("reports:download", args=[copy.token]))
    if hashlib.sha256(content).hexdigest() != copy.sha256:
        raise NotRetrieved("other bytes than those rendered")


def _ask(method: str, path: str) -> bytes:
    """Return what the site answers to a reader. No signal is sent: a request of theirs
    ends with the connections of the process, and a worker goes on with its own.
    """
    site = urlsplit(settings.SITE_URL)
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "SERVER_NAME": site.hostname,
        "SERVER_PORT": str(site.port or (443 if site.scheme == "https" else 80)),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": site.netloc,
        "HTTP_USER_AGENT": "Santescopie-Sonde/1",
        "HTTP_X_FORWARDED_PROTO": site.scheme,
        "wsgi.url_scheme": site.scheme,
        "wsgi.input": BytesIO(),
    }
    handler = BaseHandler()
    handler.load_middleware()
    response = handler.get_response(WSGIRequest(environ))
    if response.status_code != 200:
        raise NotRetrieved(f"{method}: {response.status_code}")
    return b"".join(response)


def forget() -> int:
    """Delete what old probes made, then the probes; return how many left no trace.

    The one way that anything of a probe goes. Running it again finds none.
    """
    left = Q(submission__isnull=False) | Q(copy__isnull=False)
    for probe in Probe.objects.old(TRACES).filter(left).select_related("copy"):
        _forget_traces(probe)
    Alarm.objects.filter(
        cleared_at__isnull=False, raised_at__lt=Now() - INSTANTS
    ).delete()
    return Probe.objects.old(INSTANTS).delete()[0]


@transaction.atomic
def _forget_traces(probe: Probe) -> None:
    """Delete a probe's submission, copy, file, hits and messages.

    A worker that still holds one of them loses its lease with the row. The file goes
    before the commit: where its store is away, nothing has happened.
    """
    Probe.objects.filter(pk=probe.pk).update(next_attempt_at=None)
    if probe.copy is None:
        return
    messages = list(probe.copy.messages.values_list("pk", flat=True))
    probe.copy.delete_files()
    Submission.objects.filter(copy=probe.copy).delete()
    probe.copy.delete()
    Message.objects.filter(pk__in=messages).delete()
