"""Lists that staff come back to."""

from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def for_user(self, user: Any) -> Self:
        """Keep what somebody saved, and what others share."""
        return self.filter(Q(owner=user) | Q(is_shared=True))


class SavedView(models.Model):
    """A list of leads under a name: its filters, search and order."""

    name = models.CharField("nom", max_length=60)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="saved_views",
        editable=False,
        verbose_name="auteur",
    )
    query = models.CharField("filtres", max_length=1000, blank=True, editable=False)
    is_shared = models.BooleanField("partagée avec l’équipe", default=False)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = "vue enregistrée"
        verbose_name_plural = "vues enregistrées"
        ordering = ["name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="savedview_one_name_each",
                fields=["owner", "name"],
                violation_error_message="Vous avez déjà une vue de ce nom.",
            ),
        ]

    def __str__(self) -> str:
        return self.name
