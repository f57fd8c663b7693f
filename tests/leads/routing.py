"""The cast of routing: people, rules and leads, in as few words as tests need."""

from __future__ import annotations

from datetime import timedelta

from django.db.models.functions import Now
from django.utils import timezone

from leads.models import Absence, Lead, RoutingRule, StaffProfile
from tests.leads.factories import LeadFactory, StaffFactory, SubmissionFactory


def sales(name="Dominique", *, cap=None, manager=None, **values):
    """Return somebody who carries leads, called NAME Exemple."""
    values = {"group": "Commercial", **values}
    user = StaffFactory(first_name=name, last_name="Exemple", **values)
    if cap is not None or manager is not None:
        StaffProfile.objects.create(user=user, load_cap=cap, manager=manager)
    return user


def rule(person, position=None, **conditions):
    position = position or RoutingRule.objects.count() + 1
    return RoutingRule.objects.create(person=person, position=position, **conditions)


def away(user, *, before=0, after=3):
    today = timezone.localdate()
    return Absence.objects.create(
        user=user,
        first_day=today - timedelta(days=before),
        last_day=today + timedelta(days=after),
    )


def newcomer(*, minutes=5, campaign="", **values):
    """Return a lead who asked a few minutes ago, and whom nobody has."""
    at = Now() - timedelta(minutes=minutes)
    lead = LeadFactory(created_at=at, **values)
    source = {"utm_campaign": [campaign]} if campaign else {}
    SubmissionFactory(lead=lead, created_at=at, source=source)
    return Lead.objects.get(pk=lead.pk)
