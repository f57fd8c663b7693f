"""The pages of staff about people: one module per subject."""

from __future__ import annotations

from leads.admin.campaigns import CampaignAdmin
from leads.admin.consents import ConsentEventAdmin
from leads.admin.leads import LeadAdmin
from leads.admin.messages import MessageAdmin, UndeliveredAdmin
from leads.admin.privacy import PrivacyEventAdmin
from leads.admin.submissions import SubmissionAdmin

__all__ = [
    "CampaignAdmin",
    "ConsentEventAdmin",
    "LeadAdmin",
    "MessageAdmin",
    "PrivacyEventAdmin",
    "SubmissionAdmin",
    "UndeliveredAdmin",
]
