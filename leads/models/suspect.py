"""Whoever is taken for a robot, on a screen of their own."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db.models import Q

from leads.models.lead import Lead, LeadQuerySet
from leads.models.submission import Submission


class SuspectQuerySet(LeadQuerySet):
    def held(self) -> SuspectQuerySet:
        """Keep who is held for suspect, and who is known but has a post that is."""
        posts = Submission.objects.exclude(suspicion="").filter(correction=None)
        held = Q(suspected_at__isnull=False) | Q(pk__in=posts.values("lead"))
        return self.filter(held, erased_at=None)


class Suspect(Lead):
    objects: ClassVar[Any] = SuspectQuerySet.as_manager()

    class Meta:
        proxy = True
        default_permissions = ()  # Whoever may lift a suspicion may see these.
        verbose_name = "suspect"
