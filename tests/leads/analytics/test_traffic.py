"""What machines and readers do with mailed links, replayed, and the figures it makes.

The stories are those of tests/reports/test_hits.py; here they go through the site's
own addresses, and are read where staff read them.
"""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import timezone

from leads.analytics import facts, reading
from leads.analytics.filters import Filters
from leads.models import LeadFacts
from leads.not_me import NOT_ME_TOKEN
from outbox import tokens
from outbox.models import Message
from reports import downloads, relabelling
from reports.models import Hit
from tests.leads.factories import delivered
from tests.reports.test_hits import CHROME, COPY, IPHONE, NOT_ME, TRAFFIC

pytestmark = pytest.mark.django_db
OUTLOOK = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/130.0.0.0 Safari/537.36 Edg/130.0.0.0 OneOutlook/1.2026.1"
)
STORIES = {
    **{name: traffic for name, (traffic, _) in TRAFFIC.items()},
    "Outlook, that opens the page before it is read": [(20, "GET", COPY, OUTLOOK)],
    "Outlook’s own preview, then its reader": [
        (1800, "GET", COPY, OUTLOOK), (1830, "GET", COPY, CHROME),
        (1850, "POST", COPY, CHROME),
    ],
    "a reader on two machines, an hour apart": [
        (3600, "GET", COPY, IPHONE), (3620, "POST", COPY, IPHONE),
        (7300, "GET", COPY, CHROME), (7310, "POST", COPY, CHROME),
    ],
}  # fmt: skip
# (files served, probable retrievals) of each; nothing of the others.
EXPECTED = {
    "Proofpoint, that says who it is": (1, 0),
    "Mimecast, that opens at the reader’s click": (1, 1),
    "Safe Links, that opens at the reader’s click, as a browser": (1, 1),
    "Barracuda, whose sandbox presses every button": (1, 0),
    "a sandbox that takes its time": (1, 0),
    "a burst": (1, 0),
    "a reader": (1, 1),
    "a reader who presses twice": (2, 1),
    "a reader whose page a machine had opened long before": (1, 1),
    "Outlook’s own preview, then its reader": (1, 1),
    "a reader on two machines, an hour apart": (2, 2),
}


def replay(client, submission, traffic):
    """Ask the site as they do, on a clock that is told."""
    copy, begun = submission.copy, timezone.now() - timedelta(days=3)
    proof = f"{copy.reference}-{tokens.make(NOT_ME_TOKEN, copy.uid)}"
    pages = {
        COPY: f"/exemplaire/{copy.token}/",
        NOT_ME: f"/ce-n-est-pas-moi/{proof}/",
    }
    for at, method, link, agent in traffic:
        Message.objects.filter(copies=copy).update(
            accepted_at=timezone.now() - timedelta(seconds=at)
        )
        pressed = method == "POST" and link == COPY
        response = client.generic(
            method,
            f"{pages[link]}telecharger/" if pressed else pages[link],
            headers={"User-Agent": agent, "Sec-Fetch-Site": "same-origin"},
        )
        if response.streaming:
            b"".join(response)
        newest = Hit.objects.filter(copy=copy).latest("pk")
        Hit.objects.filter(pk=newest.pk).update(at=begun + timedelta(seconds=at))
    Message.objects.filter(copies=copy).update(accepted_at=begun)
    relabelling.relabel([copy.pk], relabelling.Moves())
    facts.refresh_all()


def figures():
    """Return (raw, probable) wherever they are read: all the same, or it fails."""
    whole = reading.counts(Filters(date(2020, 1, 1), timezone.localdate()))
    fact = LeadFacts.objects.get()
    month = downloads.Period.last_days(30)
    told = {
        (whole["raw_retrievals"], whole["retrievals"]),
        (fact.raw_retrievals, fact.retrievals),
        (downloads.raw(month).count(), downloads.probable(month).count()),
    }
    assert len(told) == 1, told
    assert whole["retrieved"] == bool(fact.retrievals)
    return told.pop()


@pytest.mark.parametrize("name", STORIES)
def test_each_story_gives_its_figures_wherever_they_are_read(client, name):
    submission = delivered()

    replay(client, submission, STORIES[name])

    assert figures() == EXPECTED.get(name, (0, 0))
    assert Hit.objects.count() == len(STORIES[name])


def test_stories_together_are_the_sum_of_each(client):
    for traffic in STORIES.values():
        replay(client, delivered(), traffic)

    whole = reading.counts(Filters(date(2020, 1, 1), timezone.localdate()))
    assert whole["delivered"] == whole["leads"] == len(STORIES)
    assert whole["raw_retrievals"] == sum(raw for raw, _ in EXPECTED.values())
    assert whole["retrievals"] == sum(human for _, human in EXPECTED.values())
    assert whole["retrieved"] == sum(human > 0 for _, human in EXPECTED.values())


def test_every_expectation_has_its_story():
    assert set(EXPECTED) <= set(STORIES)
