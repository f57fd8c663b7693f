"""Links of copies that newer ones have replaced."""

from __future__ import annotations

from django.db import models
from django.db.models.functions import Now

from reports.models.copy import Copy


class ReplacedLink(models.Model):
    """A link that opened a copy once, so that its holder is told what became of it."""

    copy = models.ForeignKey(Copy, models.CASCADE, related_name="replaced_links")
    token_digest = models.BinaryField(max_length=32, unique=True, editable=False)
    replaced_at = models.DateTimeField("remplacé le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "lien remplacé"
        verbose_name_plural = "liens remplacés"

    def __str__(self) -> str:
        return f"ancien lien de l’exemplaire {self.copy_id}"
