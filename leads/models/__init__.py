from __future__ import annotations

from leads.models.activity import Activity
from leads.models.assignment import Assignment, Escalation
from leads.models.audience import Audience, AudienceCount, AudienceDay
from leads.models.batch import Batch
from leads.models.campaign import Campaign
from leads.models.consent import ConsentEvent
from leads.models.establishment import Establishment, RegisterImport
from leads.models.facts import (
    AsideDay,
    DayBits,
    DirtyLead,
    FunnelDay,
    KeptDay,
    LeadFacts,
)
from leads.models.journal import JournalEntry
from leads.models.lead import Lead
from leads.models.letter import Letter
from leads.models.mailbox import MailboxEvent
from leads.models.measure_run import MeasureRun
from leads.models.privacy import PrivacyEvent
from leads.models.probe import Alarm, Probe
from leads.models.quota import Quota
from leads.models.rights import DataLink, RightsRequest, Tombstone
from leads.models.routing import Absence, RoutingRule, StaffProfile
from leads.models.submission import Submission
from leads.models.suspect import Suspect
from leads.models.view import SavedView

__all__ = [
    "Absence",
    "Activity",
    "Alarm",
    "AsideDay",
    "Assignment",
    "Audience",
    "AudienceCount",
    "AudienceDay",
    "Batch",
    "Campaign",
    "ConsentEvent",
    "DataLink",
    "DayBits",
    "DirtyLead",
    "Escalation",
    "Establishment",
    "FunnelDay",
    "JournalEntry",
    "KeptDay",
    "Lead",
    "LeadFacts",
    "Letter",
    "MailboxEvent",
    "MeasureRun",
    "PrivacyEvent",
    "Probe",
    "Quota",
    "RegisterImport",
    "RightsRequest",
    "RoutingRule",
    "SavedView",
    "StaffProfile",
    "Submission",
    "Suspect",
    "Tombstone",
]
