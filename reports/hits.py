"""Write down requests on mailed links, and judge them, at arrival and ever after.

Mail gateways open every link of every message, with the names of ordinary browsers,
often within seconds. So a GET proves nothing, and only a POST can be a retrieval.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Max, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Now
from django.http import HttpRequest

from outbox.models import Message
from reports.agents import agent_class
from reports.models import RETRIEVAL_WINDOW, Copy, Hit
from reports.rules import NEARBY, PAGE_LIFE, decide

CROWD = 20  # Neighbours beyond which none are counted: a storm rewrites no rows.
CONTEXT = 200  # Rows that one arrival looks at: a storm costs no more.
JUDGED = ("siblings", "links", "page_seen", "confidence", "rule", "counted")


def judge(hits: Sequence[Hit], since: datetime | None = None) -> list[Hit]:
    """Judge one copy's requests, in order of time; return those that changed.

    What comes before `since` is only looked at. Asked again, nothing changes.
    """
    opened = [hit for hit in hits if hit.method != "POST"]
    times = [hit.at for hit in opened]
    seen: datetime | None = None  # When a page was last opened by no known machine.
    counted: datetime | None = None
    changed = []
    for hit in hits:
        if since is None or hit.at >= since:
            before = [getattr(hit, name) for name in JUDGED]
            first = bisect_left(times, hit.at - NEARBY)
            last = bisect_right(times, hit.at + NEARBY)
            near = opened[first:last]
            hit.siblings = min(len(near) - (hit.method != "POST"), CROWD)
            hit.links = len({hit.link, *(other.link for other in near)})
            hit.page_seen = seen is not None and hit.at - seen < PAGE_LIFE
            rule = decide(hit)
            hit.confidence, hit.rule = rule.confidence, rule.code
            again = counted is not None and hit.at - counted < RETRIEVAL_WINDOW
            hit.counted = hit.served and hit.confidence in Hit.HUMAN and not again
            if before != [getattr(hit, name) for name in JUDGED]:
                changed.append(hit)
        if hit.method == "GET" and hit.confidence != Hit.Confidence.ROBOT:
            seen = hit.at
        if hit.counted:
            counted = hit.at
    return changed


def save(hits: Iterable[Hit]) -> None:
    """Write what judged requests became, those that became the same together."""
    alike = defaultdict(list)
    for hit in hits:
        alike[tuple(getattr(hit, name) for name in JUDGED)].append(hit.pk)
    for values, keys in alike.items():
        Hit.objects.filter(pk__in=keys).update(**dict(zip(JUDGED, values, strict=True)))


def record(
    request: HttpRequest,
    copy: Copy,
    *,
    link: Hit.Link = Hit.Link.COPY,
    served: bool = False,
) -> Hit:
    """Write down one request on a copy's link: its features, and what we make of it.

    Those of the last seconds are judged again: the burst that they began shows now.
    """
    with transaction.atomic():
        # One at a time, or the two first of a burst would not see each other. Instants
        # are the database's, which dated the acceptance.
        row: Any = (
            Copy.objects.select_for_update(no_key=True, of=("self",))
            .annotate(now=Now(), given_at=Subquery(_given_at()))
            .only("pk")
            .get(pk=copy.pk)
        )
        hit = Hit(
            copy_id=copy.pk,
            at=row.now,
            link=link,
            method=(request.method or "")[:8],
            agent=agent_class(request.headers.get("User-Agent", "")),
            since_acceptance=_seconds(row.given_at, row.now),
            served=served,
        )
        context = [*_context(copy, row.now), hit]
        context.sort(key=lambda found: found.at)
        changed = judge(context, row.now - NEARBY)
        hit.save()
        save(found for found in changed if found is not hit)
    return hit


def weigh(request: HttpRequest, copy: Copy) -> Hit.Confidence:
    """Judge a press on a page of a copy's reader as a download is; keep nothing."""
    row: Any = (
        Copy.objects.annotate(now=Now(), given_at=Subquery(_given_at()))
        .only("pk")
        .get(pk=copy.pk)
    )
    press = Hit(
        method=request.method or "",
        agent=agent_class(request.headers.get("User-Agent", "")),
        since_acceptance=_seconds(row.given_at, row.now),
        siblings=0,
        links=1,
        page_seen=False,
        served=True,
    )
    return decide(press).confidence


def _given_at() -> Any:
    """Return when a mail server last took, or is being given, a message with a copy.

    A gateway may open the links before it accepts.
    """
    given = Message.objects.filter(copies=OuterRef("pk")).order_by().values("copies")
    latest = Max(Coalesce("accepted_at", "handing_over_at"))
    return given.annotate(latest=latest).values("latest")


def _seconds(since: datetime | None, at: datetime) -> float | None:
    return (at - since).total_seconds() if since else None


def _context(copy: Copy, now: datetime) -> list[Hit]:
    """Return what a request of this instant is judged by, bounded."""
    near = Q(at__gt=now - NEARBY)
    page = Q(at__gt=now - PAGE_LIFE, method="GET") & ~Q(confidence="robot")
    retrieved = Q(at__gt=now - NEARBY - RETRIEVAL_WINDOW, counted=True)
    # The retrievals first: no crowd of openings may hide that one was counted.
    found = copy.hits.filter(near | page | retrieved).order_by("-counted", "-at")
    return list(found[:CONTEXT])
