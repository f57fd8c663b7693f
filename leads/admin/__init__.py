"""The pages of staff about people: one module per subject."""

from __future__ import annotations

from leads.admin.batches import BatchAdmin
from leads.admin.campaigns import CampaignAdmin
from leads.admin.consents import ConsentEventAdmin
from leads.admin.journal import JournalAdmin
from leads.admin.leads import LeadAdmin
from leads.admin.messages import MessageAdmin, UndeliveredAdmin
from leads.admin.privacy import PrivacyEventAdmin
from leads.admin.rights import RightsRequestAdmin
from leads.admin.routing import RoutingRuleAdmin
from leads.admin.submissions import SubmissionAdmin
from leads.admin.suspects import SuspectAdmin
from leads.admin.team import AbsenceAdmin, StaffProfileAdmin
from leads.admin.views import SavedViewAdmin

__all__ = [
    "AbsenceAdmin",
    "BatchAdmin",
    "CampaignAdmin",
    "ConsentEventAdmin",
    "JournalAdmin",
    "LeadAdmin",
    "MessageAdmin",
    "PrivacyEventAdmin",
    "RightsRequestAdmin",
    "RoutingRuleAdmin",
    "SavedViewAdmin",
    "StaffProfileAdmin",
    "SubmissionAdmin",
    "SuspectAdmin",
    "UndeliveredAdmin",
]
