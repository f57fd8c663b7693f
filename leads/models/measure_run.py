"""When the figures were last made anew and last checked, and what disagreed then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import models
from django.db.models.functions import Now


class MeasureRun(models.Model):
    """The last run of one kind: a row each, written over."""

    class Kind(models.TextChoices):
        REFRESH = "refresh", "recompte"
        CHECK = "check", "contrôle"

    kind = models.CharField("nature", max_length=10, choices=Kind, unique=True)
    at = models.DateTimeField("le")
    # In words, what a check found to disagree. Empty: all agreed.
    failures = models.JSONField("écarts", default=list, blank=True)

    class Meta:
        verbose_name = "passage de la mesure"
        verbose_name_plural = "passages de la mesure"

    def __str__(self) -> str:
        return f"{self.get_kind_display()} du {self.at:%d/%m/%Y %H:%M}"

    @classmethod
    def note(cls, kind: str, failures: Sequence[Any] = ()) -> None:
        """Write that a run has just ended, and what it found."""
        values = {"at": Now(), "failures": list(failures)}
        cls.objects.update_or_create(kind=kind, defaults=values)
