"""Who is to have which lead: rules, what each person can carry, who is away."""

from __future__ import annotations

from datetime import date
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from reports.vocabulary import JobFunction, OrganisationType, Region


class RuleQuerySet(models.QuerySet["RoutingRule"]):
    def active(self) -> Self:
        return self.filter(is_active=True).order_by("position", "pk")


class RoutingRule(models.Model):
    """Leads of these kinds go to this person. The first rule that applies decides.

    An empty list is no condition.
    """

    position = models.PositiveSmallIntegerField("n°", unique=True)
    types = ArrayField(
        models.CharField(max_length=20, choices=OrganisationType),
        verbose_name="types d’établissement",
        default=list,
        blank=True,
    )
    regions = ArrayField(
        models.CharField(max_length=20, choices=Region),
        verbose_name="régions",
        default=list,
        blank=True,
    )
    functions = ArrayField(
        models.CharField(max_length=20, choices=JobFunction),
        verbose_name="fonctions",
        default=list,
        blank=True,
    )
    campaign = models.CharField("campagne", max_length=100, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="routing_rules",
        limit_choices_to={"is_staff": True, "is_active": True},
        verbose_name="personne",
    )
    is_active = models.BooleanField("en vigueur", default=True)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = "règle d’affectation"
        verbose_name_plural = "règles d’affectation"
        ordering = ["position"]

    def __str__(self) -> str:
        return f"règle n°\u00a0{self.position}"


class StaffProfile(models.Model):
    """What the house asks of one of its people, beyond their account."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="staff_profile",
        verbose_name="personne",
    )
    load_cap = models.PositiveIntegerField(
        "contacts ouverts au plus",
        null=True,
        blank=True,
        help_text="Au-delà, les règles passent à la suivante. Vide : sans limite.",
    )
    manager = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="managed_profiles",
        limit_choices_to={"is_staff": True, "is_active": True},
        verbose_name="responsable hiérarchique",
        help_text="Prévenu quand une promesse de premier contact n’est pas tenue.",
    )
    morning_letter = models.BooleanField("lettre du matin", default=True)

    class Meta:
        verbose_name = "profil de suivi"
        verbose_name_plural = "profils de suivi"
        constraints = [
            models.CheckConstraint(
                name="staffprofile_not_its_own_manager",
                condition=Q(manager=None) | ~Q(manager=F("user")),
                violation_error_message="Une personne n’est pas sa propre responsable.",
            ),
        ]

    def __str__(self) -> str:
        return f"profil de {self.user.get_full_name() or self.user.get_username()}"


class AbsenceQuerySet(models.QuerySet["Absence"]):
    def on(self, day: date) -> Self:
        """Keep the absences that cover a day (Europe/Paris)."""
        return self.filter(first_day__lte=day, last_day__gte=day)


class Absence(models.Model):
    """Days somebody is away, both included: they are given nothing."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="absences",
        limit_choices_to={"is_staff": True, "is_active": True},
        verbose_name="personne",
    )
    first_day = models.DateField("du")
    last_day = models.DateField("au")

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = "absence"
        ordering = ["-first_day", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="absence_ends_after_it_begins",
                condition=Q(last_day__gte=F("first_day")),
                violation_error_message="Le dernier jour vient avant le premier.",
            ),
        ]
        indexes = [
            # Who is away today, each time a lead is given.
            models.Index(fields=["last_day", "first_day"], name="absence_days"),
        ]

    def __str__(self) -> str:
        return f"du {self.first_day:%d/%m/%Y} au {self.last_day:%d/%m/%Y}"
