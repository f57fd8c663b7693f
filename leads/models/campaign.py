"""The names that sources and campaigns go by, and the links that carry them."""

from __future__ import annotations

from typing import Self
from urllib.parse import urlencode

from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now


class Origin(models.TextChoices):
    """Where a visitor may come from: a short list, so that counts can be compared."""

    MAIL = "courriel", "courriel"
    NEWSLETTER = "lettre", "lettre d’information"
    SOCIAL = "reseau-social", "réseau social"
    CONGRESS = "salon", "salon ou congrès"
    PRESS = "presse", "presse"
    PARTNER = "partenaire", "partenaire"
    SITE = "site", "site de l’éditeur"
    SEARCH = "recherche", "moteur de recherche"
    SHARED = "partage", "partage d’un lecteur"
    SALES = "commercial", "lien d’un commercial"
    OTHER = "autre", "autre source"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def active(self) -> Self:
        return self.filter(is_active=True)


class Campaign(models.Model):
    """An operation that brings visitors, under the one code that its links carry."""

    code = models.CharField(
        "code",
        max_length=60,
        unique=True,
        validators=[
            RegexValidator(
                r"\A[a-z0-9]+(-[a-z0-9]+)*\Z",
                "Lettres minuscules sans accent, chiffres et traits d’union seulement.",
            )
        ],
        help_text="Ce que portent les liens, comme congres-2026-rennes.",
    )
    name = models.CharField("nom", max_length=100)
    origin = models.CharField("source", max_length=20, choices=Origin)
    # Other spellings that were seen in links, one a line: they count for this one.
    aliases = models.TextField("autres écritures", blank=True)
    is_active = models.BooleanField("en cours", default=True)
    created_at = models.DateTimeField("créée le", db_default=Now(), editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "campagne"
        ordering = ["-is_active", "name", "pk"]

    def __str__(self) -> str:
        return self.name

    @property
    def spellings(self) -> set[str]:
        """Return the values that mean this campaign, as `Submission` compares them."""
        lines = (" ".join(line.lower().split()) for line in self.aliases.splitlines())
        return {self.code, *filter(None, lines)}

    @property
    def query(self) -> str:
        """Return what its links add to the address of the page."""
        return urlencode({"utm_source": self.origin, "utm_campaign": self.code})
