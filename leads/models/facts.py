"""What the figures are read from: one row a lead, and one a day for each way to cut.

Made of the events, never written by hand: `leads/analytics/facts.py` makes both anew
whenever an event says that a lead has changed (triggers write `DirtyLead`).
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models

from leads.models.lead import Lead

DAY_COUNTS = (
    "leads",
    "submissions",
    "rendered",
    "delivered",
    "retrieved",
    "contacted",
    "met",
    "won",
    "retrievals",
    "raw_retrievals",
    "erased",
)
# What became of them; by how soon, a column for each of leads/analytics/delays.py.
ACTION_COUNTS = (
    "to_call",
    *(f"contact_{number}" for number in range(5)),
    *(f"met_{number}" for number in range(5)),
)


class LeadFacts(models.Model):
    """How far one lead has come, in instants. Suspects, tests and merged have none.

    An erased lead keeps its row: it stays counted, and says nothing of anybody.
    """

    lead = models.OneToOneField(
        Lead, models.CASCADE, primary_key=True, related_name="facts"
    )
    # Of the first valid submission; the day, and so the cohort, in Europe/Paris.
    asked_at = models.DateTimeField()
    day = models.DateField()
    submissions = models.PositiveIntegerField()
    organisation_type = models.CharField(max_length=20)
    job_function = models.CharField(max_length=20)
    region = models.CharField(max_length=20)
    # First touch, then last touch, by the names of `leads/sources.py`.
    origin = models.CharField(max_length=100)
    campaign = models.CharField(max_length=100)
    last_origin = models.CharField(max_length=100)
    last_campaign = models.CharField(max_length=100)
    owner_id = models.BigIntegerField(null=True)
    rendered_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    # The first probable retrieval. Of requests, nothing unless `measured`.
    retrieved_at = models.DateTimeField(null=True)
    retrievals = models.PositiveIntegerField()
    raw_retrievals = models.PositiveIntegerField()
    # {rule: [requests it set aside, of which served a file]}.
    set_aside = models.JSONField(default=dict, db_default={})
    contacted_at = models.DateTimeField(null=True)
    met_at = models.DateTimeField(null=True)
    won_at = models.DateTimeField(null=True)
    measured = models.BooleanField()
    erased = models.BooleanField()
    closed = models.BooleanField(default=False)  # Won, lost or out of scope.
    # Which of `DELAYS` (leads/analytics/delays.py) each act came within; null: not yet.
    contact_delay = models.PositiveSmallIntegerField(null=True)
    met_delay = models.PositiveSmallIntegerField(null=True)

    class Meta:
        verbose_name = "fait"
        indexes = [
            # Every figure is of a period, and lists its rows the latest first.
            models.Index(fields=["day", "lead"], name="leadfacts_day"),
            # Two cuts or more are counted from here: narrow, read together.
            *(
                models.Index(fields=[column, "day"], name=f"leadfacts_{name}")
                for column, name in (
                    ("organisation_type", "type"),
                    ("job_function", "function"),
                    ("region", "region"),
                    ("origin", "origin"),
                    ("campaign", "campaign"),
                    ("owner_id", "owner"),
                )
            ),
            # Delivered, never called: the list to act on, the oldest first.
            models.Index(
                fields=["day", "delivered_at", "lead"],
                condition=models.Q(
                    delivered_at__isnull=False,
                    contacted_at=None,
                    closed=False,
                    erased=False,
                ),
                name="leadfacts_to_call",
            ),
        ]

    def __str__(self) -> str:
        return f"contact {self.lead_id}, {self.day}"


class FunnelDay(models.Model):
    """The leads of one day's cohort, counted: all, or those of one value of a cut."""

    day = models.DateField()
    cut = models.CharField(max_length=20, blank=True)  # "" for the whole day.
    value = models.CharField(max_length=100, blank=True)
    leads = models.PositiveIntegerField()
    submissions = models.PositiveIntegerField()
    rendered = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()
    retrieved = models.PositiveIntegerField()
    contacted = models.PositiveIntegerField()
    met = models.PositiveIntegerField()
    won = models.PositiveIntegerField()
    retrievals = models.PositiveIntegerField()
    raw_retrievals = models.PositiveIntegerField()
    erased = models.PositiveIntegerField()
    to_call = models.PositiveIntegerField(default=0)  # Delivered, never called, open.
    contact_0 = models.PositiveIntegerField(default=0)
    contact_1 = models.PositiveIntegerField(default=0)
    contact_2 = models.PositiveIntegerField(default=0)
    contact_3 = models.PositiveIntegerField(default=0)
    contact_4 = models.PositiveIntegerField(default=0)
    met_0 = models.PositiveIntegerField(default=0)
    met_1 = models.PositiveIntegerField(default=0)
    met_2 = models.PositiveIntegerField(default=0)
    met_3 = models.PositiveIntegerField(default=0)
    met_4 = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = "jour de l’entonnoir"
        constraints = [
            models.UniqueConstraint(
                # By cut first: every reading is of one cut over a period.
                name="funnelday_once",
                fields=["cut", "day", "value"],
            ),
        ]
        indexes = [
            # One value over a period, side by side.
            models.Index(fields=["cut", "value", "day"], name="funnelday_of_value"),
            # Counted anew, day by day.
            models.Index(fields=["day"], name="funnelday_day"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.cut} {self.value}: {self.leads}"


class DayBits(models.Model):
    """Columns of the facts of one day's cohort, a bit for each lead, by its key.

    Of a cut: one column for each value; of a count: one for each binary digit. See
    leads/analytics/bits.py.
    """

    day = models.DateField()
    name = models.CharField(max_length=20)  # A cut, or what is counted.
    labels = ArrayField(models.TextField())
    bits = models.BinaryField()  # The columns of the labels, end to end, alike in size.

    class Meta:
        default_permissions = ()
        verbose_name = "jour en colonnes"
        constraints = [
            models.UniqueConstraint(name="daybits_once", fields=["name", "day"]),
        ]
        indexes = [models.Index(fields=["day"], name="daybits_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.name}"


class KeptDay(models.Model):
    """What the days of people who were anonymised count, one cut at a time.

    Their facts lose what could name one of them together (function, region, source):
    each value, by itself, goes on being counted here, and is taken from the empty one.
    Unlike the other sums it cannot be made again: the answers are gone.
    """

    day = models.DateField()
    cut = models.CharField(max_length=20)
    value = models.CharField(max_length=100, blank=True)
    leads = models.IntegerField()
    submissions = models.IntegerField()
    rendered = models.IntegerField()
    delivered = models.IntegerField()
    retrieved = models.IntegerField()
    contacted = models.IntegerField()
    met = models.IntegerField()
    won = models.IntegerField()
    retrievals = models.IntegerField()
    raw_retrievals = models.IntegerField()
    erased = models.IntegerField()

    class Meta:
        default_permissions = ()
        verbose_name = "jour des contacts anonymisés"
        constraints = [
            models.UniqueConstraint(
                # By cut first: a filtered board reads one value over a period.
                name="keptday_once",
                fields=["cut", "value", "day"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.cut} {self.value}: {self.leads}"


class AsideDay(models.Model):
    """The requests of one day's cohort that were set aside, by rule: all, or those
    about the leads of one value of a cut."""

    day = models.DateField()
    cut = models.CharField(max_length=20, blank=True, default="")
    value = models.CharField(max_length=100, blank=True, default="")
    rule = models.CharField(max_length=40)
    requests = models.PositiveIntegerField()
    files = models.PositiveIntegerField()

    class Meta:
        verbose_name = "jour des requêtes écartées"
        constraints = [
            models.UniqueConstraint(
                name="asideday_once", fields=["cut", "value", "day", "rule"]
            ),
        ]
        indexes = [models.Index(fields=["day"], name="asideday_day")]

    def __str__(self) -> str:
        return f"{self.day} {self.rule}: {self.requests}"


class DirtyLead(models.Model):
    """A lead of which something has changed; written by triggers, taken by workers."""

    lead_id = models.BigIntegerField()

    class Meta:
        verbose_name = "contact à recompter"

    def __str__(self) -> str:
        return f"contact {self.lead_id}"
