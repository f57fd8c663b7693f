from __future__ import annotations

from leads.models.activity import Activity
from leads.models.assignment import Assignment, Escalation
from leads.models.audience import AudienceCount
from leads.models.batch import Batch
from leads.models.campaign import Campaign
from leads.models.consent import ConsentEvent
from leads.models.establishment import Establishment, RegisterImport
from leads.models.facts import (
    ActionDay,
    AsideDay,
    DirtyLead,
    FunnelDay,
    LeadFacts,
)
from leads.models.lead import Lead
from leads.models.letter import Letter
from leads.models.measure_run import MeasureRun
from leads.models.privacy import PrivacyEvent
from leads.models.probe import Alarm, Probe
from leads.models.quota import Quota
from leads.models.routing import Absence, RoutingRule, StaffProfile
from leads.models.submission import Submission
from leads.models.suspect import Suspect
from leads.models.view import SavedView

__all__ = [
    "Absence",
    "ActionDay",
    "Activity",
    "Alarm",
    "AsideDay",
    "Assignment",
    "AudienceCount",
    "Batch",
    "Campaign",
    "ConsentEvent",
    "DirtyLead",
    "Escalation",
    "Establishment",
    "FunnelDay",
    "Lead",
    "LeadFacts",
    "Letter",
    "MeasureRun",
    "PrivacyEvent",
    "Probe",
    "Quota",
    "RegisterImport",
    "RoutingRule",
    "SavedView",
    "StaffProfile",
    "Submission",
    "Suspect",
]
