"""The names that sources and campaigns go by, and the links that carry them."""

from __future__ import annotations

from typing import Any, Self
from urllib.parse import urlencode

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models.functions import Now
from django.urls import reverse

# In addresses and figures: what nobody knows, and none.
RESERVED = {"autre", "aucun"}


def _quoted(value: object) -> str:
    return f"«\u00a0{value}\u00a0»"


def normal(value: str) -> str:
    """Return a raw value as values are compared: lower case, single spaces."""
    return " ".join(value.lower().split())[:100]


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
    aliases = models.TextField(
        "autres écritures",
        blank=True,
        help_text="Vues dans des liens, une par ligne : elles comptent pour "
        "celle-ci, pour le passé aussi.".replace(" :", "\u00a0:"),
    )
    is_active = models.BooleanField("en cours", default=True)
    created_at = models.DateTimeField("créée le", db_default=Now(), editable=False)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        verbose_name = "campagne"
        ordering = ["-is_active", "name", "pk"]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the aliases as they are compared, each once."""
        names = {normal(line) for line in self.aliases.splitlines()} - {"", self.code}
        self.aliases = "\n".join(sorted(names))
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Leave each writing to one campaign. Raises ValidationError."""
        names = {self.code, *map(normal, self.aliases.splitlines())} - {""}
        if taken := names & RESERVED:
            raise ValidationError(f"{_quoted(min(taken))} a déjà un sens.")
        for other in Campaign.objects.exclude(pk=self.pk).order_by("pk"):
            if taken := names & other.spellings:
                raise ValidationError(
                    f"{_quoted(min(taken))} est déjà une écriture de la campagne "
                    f"{_quoted(other)}."
                )

    @property
    def spellings(self) -> set[str]:
        """Return the values that mean this campaign, as they are compared."""
        return {self.code, *self.aliases.split("\n")} - {""}

    def link(self, user: Any = None) -> str:
        """Return the address to give out; with a user, the one that tells theirs.

        It names an account by its number: no name travels in a link.
        """
        values = {"utm_source": self.origin, "utm_campaign": self.code}
        if user is not None:
            values |= {
                "utm_source": Origin.SALES.value,
                "utm_content": f"equipe-{user.pk}",
            }
        return f"{settings.SITE_URL}{reverse('leads:landing')}?{urlencode(values)}"
