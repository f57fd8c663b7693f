"""The pages of staff about people: one module per subject."""

from __future__ import annotations

from leads.admin.batches import BatchAdmin
from leads.admin.consents import ConsentEventAdmin
from leads.admin.leads import LeadAdmin
from leads.admin.messages import MessageAdmin, UndeliveredAdmin
from leads.admin.privacy import PrivacyEventAdmin
from leads.admin.submissions import SubmissionAdmin
from leads.admin.suspects import SuspectAdmin
from leads.admin.views import SavedViewAdmin

__all__ = [
    "BatchAdmin",
    "ConsentEventAdmin",
    "LeadAdmin",
    "MessageAdmin",
    "PrivacyEventAdmin",
    "SavedViewAdmin",
    "SubmissionAdmin",
    "SuspectAdmin",
    "UndeliveredAdmin",
]
