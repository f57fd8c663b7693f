"""Tell a reader's request from a machine's, and say by which rule.

Mail gateways open every link of every message, with the names of ordinary browsers,
often within seconds. So a GET proves nothing, and only a POST can be a retrieval.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db.models import Q
from django.http import HttpRequest
from django.utils import timezone

from reports.models import RETRIEVAL_WINDOW, Copy, Hit

SIBLINGS = timedelta(seconds=10)
TOO_SOON = 5.0  # Seconds after acceptance: no one reads mail that fast.
PAGE_LIFE = timedelta(days=1)

AGENTS = [
    (
        Hit.Agent.SCANNER,
        r"safelinks|proofpoint|mimecast|barracuda|trendmicro|forcepoint",
    ),
    (
        Hit.Agent.ROBOT,
        r"bot\b|bot/|crawl|spider|slurp|preview|facebookexternalhit|whatsapp",
    ),
    (
        Hit.Agent.TOOL,
        r"curl|wget|python|java/|go-http|libwww|okhttp|axios|node|headless",
    ),
    (Hit.Agent.BROWSER, r"mozilla/"),
]


def agent_class(agent: str) -> Hit.Agent:
    """Return the family of an agent string, which is then forgotten."""
    for family, pattern in AGENTS:
        if re.search(pattern, agent, re.IGNORECASE):
            return family
    return Hit.Agent.TOOL if agent else Hit.Agent.NONE


def classify(hit: Hit) -> tuple[Hit.Confidence, str]:
    """Return how likely a reader stands behind a request, and the rule that decided."""
    if hit.method == "HEAD":
        return Hit.Confidence.ROBOT, "head"
    if hit.agent in {Hit.Agent.ROBOT, Hit.Agent.SCANNER}:
        return Hit.Confidence.ROBOT, "agent"
    if hit.since_acceptance is not None and hit.since_acceptance < TOO_SOON:
        return Hit.Confidence.ROBOT, "too-soon"
    if hit.siblings >= 3:
        return Hit.Confidence.ROBOT, "burst"
    if hit.method != "POST":
        return Hit.Confidence.DOUBTFUL, "get-proves-nothing"
    if hit.agent != Hit.Agent.BROWSER:
        return Hit.Confidence.DOUBTFUL, "post-without-browser"
    if hit.page_seen:
        return Hit.Confidence.CERTAIN, "post-from-page"
    return Hit.Confidence.PROBABLE, "post"


def is_retrieval(hit: Hit, at: datetime, counted: Iterable[datetime]) -> bool:
    """Tell whether a classified request counts: a reader's, once per half hour.

    `counted` are the instants of the retrievals of the same copy counted before.
    """
    by_reader = hit.served and hit.confidence in Hit.HUMAN
    return by_reader and not any(then > at - RETRIEVAL_WINDOW for then in counted)


def record(request: HttpRequest, copy: Copy, *, served: bool = False) -> Hit:
    """Write down one request on a copy's link: its features, and what we make of it."""
    now = timezone.now()
    recent = list(
        copy.hits.filter(
            Q(at__gt=now - PAGE_LIFE, method="GET") | Q(at__gt=now - RETRIEVAL_WINDOW)
        )
        .order_by("-at")
        .values_list("at", "method", "counted", "confidence")[:50]
    )
    accepted = copy.accepted_at()
    hit = Hit(
        copy=copy,
        method=(request.method or "")[:8],
        agent=agent_class(request.headers.get("User-Agent", "")),
        since_acceptance=(now - accepted).total_seconds() if accepted else None,
        siblings=sum(at > now - SIBLINGS for at, *_ in recent),
        # A gateway opens every page: that nobody has read it yet.
        page_seen=any(
            method == "GET" and confidence != Hit.Confidence.ROBOT
            for _, method, _, confidence in recent
        ),
        served=served,
    )
    hit.confidence, hit.rule = classify(hit)
    hit.counted = is_retrieval(
        hit, now, [at for at, _, counted, _ in recent if counted]
    )
    hit.save()
    return hit
