"""Take the page's word for what its visitors did, as counts.

One small request a step, after the page is there: it never slows it down, and a count
that cannot be written is dropped. Nothing of the visitor is kept: neither address, nor
agent, nor the address they came from.
"""

from __future__ import annotations

import logging

from django.db import Error as DatabaseError
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from leads.forms import RequestForm
from leads.models import AudienceCount
from leads.origin import is_foreign
from leads.sources import known_campaign, known_origin
from leads.throttling import audience_over_quota
from reports.agents import agent_class
from reports.models import Hit

logger = logging.getLogger(__name__)
Step = AudienceCount.Step
Device = AudienceCount.Device
FIELDS = frozenset(RequestForm.base_fields)


@csrf_exempt  # leads/origin.py says what stands in its place.
@require_POST
def measure(request: HttpRequest) -> HttpResponse:
    """Count one step. The answer is the same whatever was made of it."""
    answer = HttpResponse(status=204)
    step, field = request.POST.get("step", ""), request.POST.get("field", "")
    if is_foreign(request) or step not in Step.values:
        return answer
    if (step == Step.ERROR) != bool(field) or (field and field not in FIELDS):
        return answer
    try:
        _count(request, step, field)
    except DatabaseError as error:
        logger.info("audience: a count is lost (%s)", type(error).__name__)
    return answer


# Of its own: what it sets for itself must end with it.
@transaction.atomic(durable=True)
def _count(request: HttpRequest, step: str, field: str) -> None:
    AudienceCount.be_brief()
    agent = request.headers.get("User-Agent", "")
    AudienceCount.count_one(
        step,
        field,
        known_origin(request.POST.get("source", "")),
        known_campaign(request.POST.get("campaign", "")),
        device_of(agent),
        robot=(
            "robot" in request.POST  # A browser that is driven says so.
            or agent_class(agent) != Hit.Agent.BROWSER
            or audience_over_quota(request)
        ),
    )


def device_of(agent: str) -> AudienceCount.Device:
    """Class a machine by its agent string, coarsely: three kinds, no model."""
    agent = agent[:400].lower()
    if (
        "ipad" in agent
        or "tablet" in agent
        or ("android" in agent and "mobile" not in agent)
    ):
        return Device.TABLET
    if "mobile" in agent or "iphone" in agent:
        return Device.PHONE
    return Device.DESKTOP
