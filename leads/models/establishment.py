"""Establishments of the open FINESS register, as its last imported extract has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from leads.establishments.names import as_read
from leads.establishments.places import OVERSEAS
from reports.vocabulary import OrganisationType, Region

if TYPE_CHECKING:
    from datetime import date

# FINESS numbers the overseas departments 9A to 9F; people say 971 to 976.
OVERSEAS_NUMBERS = {code: number for number, code in OVERSEAS.items()}


class Establishment(models.Model):
    """One geographical establishment (« structureet »), by its FINESS number.

    Never deleted: one that an extract no longer holds stays, for leads name it.
    """

    finess = models.CharField("numéro FINESS", max_length=9, primary_key=True)
    entity = models.CharField("entité juridique", max_length=9, db_default="")
    # As the register writes them: in capitals, often abbreviated.
    short_name = models.CharField("raison sociale", max_length=100)
    long_name = models.CharField("raison sociale longue", max_length=200, db_default="")
    complement = models.CharField("complément", max_length=100, db_default="")
    address = models.CharField("adresse", max_length=200, db_default="")
    postcode = models.CharField("code postal", max_length=5, db_default="")
    town = models.CharField("ville", max_length=100, db_default="")
    department = models.CharField("département", max_length=2, db_default="")
    region = models.CharField("région", max_length=20, choices=Region, db_default="")
    category = models.CharField("catégorie", max_length=4)
    category_label = models.CharField("libellé de la catégorie", max_length=100)
    status = models.CharField("statut (codesph)", max_length=2, db_default="")
    organisation_type = models.CharField(
        "type d’établissement",
        max_length=20,
        choices=OrganisationType,
        db_default="",
        blank=True,
    )
    phone = models.CharField("standard", max_length=20, db_default="")
    siret = models.CharField("SIRET", max_length=14, db_default="")
    opened_on = models.DateField("ouvert le", null=True)
    updated_on = models.DateField("mis à jour le", null=True)
    # Of the extract: what an older one says of it is not news.
    as_of = models.DateField("extrait du")
    closed_on = models.DateField("absent depuis l’extrait du", null=True, blank=True)
    # What a search compares (leads/establishments/names.py).
    name_key = models.CharField(max_length=100, editable=False)
    search_words = models.TextField(editable=False)

    class Meta:
        verbose_name = "établissement"
        indexes = [
            GinIndex(
                OpClass(F("search_words"), name="gin_trgm_ops"),
                name="establishment_words",
                fastupdate=False,  # Written once a month, read at each letter.
            ),
            models.Index(
                F("organisation_type"), F("region"), name="establishment_kind"
            ),
            models.Index(F("entity"), name="establishment_entity"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.finess})"

    @property
    def name(self) -> str:
        return self.long_name or self.short_name

    @property
    def readable_name(self) -> str:
        """The name as it is written in French: what the form proposes."""
        return as_read(self.name)

    @property
    def place(self) -> str:
        """Town and department, as they tell two of the same name apart."""
        number = OVERSEAS_NUMBERS.get(self.department, self.department)
        return f"{as_read(self.town)} ({number})" if self.town else number


class RegisterImport(models.Model):
    """An extract that was imported, and what it changed."""

    at = models.DateTimeField("le", db_default=Now(), editable=False)
    file_name = models.CharField("fichier", max_length=200)
    sha256 = models.CharField("empreinte", max_length=64)
    as_of = models.DateField("extrait du")
    read = models.PositiveIntegerField("lignes lues")
    left_out = models.PositiveIntegerField("hors du champ")
    created = models.PositiveIntegerField("ajoutés")
    changed = models.PositiveIntegerField("modifiés")
    closed = models.PositiveIntegerField("fermés", db_default=0)

    class Meta:
        verbose_name = "import du registre"
        verbose_name_plural = "imports du registre"
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        day: date = self.as_of
        return f"extrait du {day:%d/%m/%Y}"
