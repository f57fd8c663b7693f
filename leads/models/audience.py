"""How often the page was seen and its form begun: counts, and nobody."""

from __future__ import annotations

import secrets
from datetime import timedelta

from django.db import connection, models
from django.db.models.functions import Now

# Twenty-five months at the most (CNIL); they are 758 days long, or more.
RETENTION = timedelta(days=758)
SLOTS = 8  # Rows that share one count, so that visitors do not wait for each other.


class AudienceCount(models.Model):
    """Aggregates of one hour. No visitor, no identifier, no key that joins a lead.

    CNIL, « solutions pour les outils de mesure d’audience » (2025): anonymous counts
    for the publisher alone ask for no consent.
    """

    class Step(models.TextChoices):
        PAGE = "page", "page vue"
        FORM = "form", "formulaire vu"
        STARTED = "started", "formulaire commencé"
        ERROR = "error", "erreur dans un champ"
        SUBMITTED = "submitted", "formulaire envoyé"

    class Device(models.TextChoices):
        PHONE = "phone", "téléphone"
        TABLET = "tablet", "tablette"
        DESKTOP = "desktop", "ordinateur"

    hour = models.DateTimeField("heure")  # Its beginning, UTC.
    step = models.CharField("étape", max_length=10, choices=Step)
    field = models.CharField("champ", max_length=30, blank=True)  # Of an error.
    origin = models.CharField("source", max_length=100, blank=True)
    campaign = models.CharField("campagne", max_length=100, blank=True)
    device = models.CharField("appareil", max_length=10, choices=Device)
    robot = models.BooleanField("robot", default=False)
    slot = models.PositiveSmallIntegerField(default=0)
    count = models.PositiveIntegerField("nombre", default=0)

    class Meta:
        verbose_name = "audience"
        verbose_name_plural = "audience"
        constraints = [
            models.UniqueConstraint(
                # By hour first: every reading is of a period.
                name="audience_one_row_each",
                fields=[
                    "hour",
                    "step",
                    "field",
                    "origin",
                    "campaign",
                    "device",
                    "robot",
                    "slot",
                ],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.hour:%d/%m/%Y %H} h, {self.get_step_display()} : {self.count}"

    @staticmethod
    def be_brief() -> None:
        """Let this transaction wait for nobody. A count may be lost, a visitor never.

        What a crash of the server loses of it is worth no disk write of its own.
        """
        with connection.cursor() as cursor:
            cursor.execute(
                "SET LOCAL lock_timeout = '200ms'; SET LOCAL statement_timeout = '1s';"
                " SET LOCAL synchronous_commit = off"
            )

    @staticmethod
    def count_one(
        step: str, field: str, origin: str, campaign: str, device: str, *, robot: bool
    ) -> None:
        """Add one to this hour's count."""
        values: list[str | int] = [step, field, origin, campaign, device, robot]
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO leads_audiencecount"
                " (hour, step, field, origin, campaign, device, robot, slot, count)"
                " VALUES (date_trunc('hour', now()), %s, %s, %s, %s, %s, %s, %s, 1)"
                " ON CONFLICT"
                " (hour, step, field, origin, campaign, device, robot, slot)"
                " DO UPDATE SET count = leads_audiencecount.count + 1",
                [*values, secrets.randbelow(SLOTS)],
            )

    @classmethod
    def forget(cls) -> int:
        """Delete what is older than it may be, and return how many rows went."""
        AudienceDay.objects.filter(day__lt=Now() - RETENTION).delete()
        return cls.objects.filter(hour__lt=Now() - RETENTION).delete()[0]


class Daily(models.Model):
    """What one day (Europe/Paris) counted, whatever the device."""

    step = models.CharField(max_length=10)
    robot = models.BooleanField()
    field = models.CharField(max_length=30, blank=True)
    origin = models.CharField(max_length=100, blank=True)
    campaign = models.CharField(max_length=100, blank=True)
    count = models.PositiveIntegerField()

    class Meta:
        abstract = True


class AudienceDay(Daily):
    """A day that is over, summed: leads/analytics/audience_days.py writes it."""

    day = models.DateField()

    class Meta:
        verbose_name = "jour d’audience"
        verbose_name_plural = "jours d’audience"
        constraints = [
            models.UniqueConstraint(
                # By step first: a figure is of one over a period.
                name="audienceday_once",
                fields=["step", "robot", "day", "origin", "campaign", "field"],
            ),
        ]
        indexes = [models.Index(fields=["day"], name="audienceday_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.step}: {self.count}"


class Audience(Daily):
    """A view: the days that are summed, then the hours after them. Not to be written.

    Its rows have no key of their own: they are summed or grouped, never fetched.
    """

    day = models.DateField(primary_key=True)

    class Meta:
        managed = False
        verbose_name = "audience par jour"

    def __str__(self) -> str:
        return f"{self.day} {self.step}: {self.count}"
