from __future__ import annotations

from leads.models.activity import Activity
from leads.models.consent import ConsentEvent
from leads.models.lead import Lead
from leads.models.privacy import PrivacyEvent
from leads.models.quota import Quota
from leads.models.submission import Submission

__all__ = ["Activity", "ConsentEvent", "Lead", "PrivacyEvent", "Quota", "Submission"]
