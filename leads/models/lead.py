"""One person, one normalised address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from reports.vocabulary import JobFunction, OrganisationType, Region

if TYPE_CHECKING:
    from leads.models.submission import Submission


class Identity(models.Model):
    """What a person says of themselves; typed in a submission, kept by a lead."""

    first_name = models.CharField("prénom", max_length=100)
    last_name = models.CharField("nom", max_length=100)
    email = models.EmailField("adresse électronique", max_length=254)
    organisation = models.CharField("établissement", max_length=200)
    organisation_type = models.CharField(
        "type d’établissement", max_length=20, choices=OrganisationType
    )
    job_function = models.CharField("fonction", max_length=20, choices=JobFunction)
    region = models.CharField("région", max_length=20, choices=Region)

    class Meta:
        abstract = True

    @property
    def full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()


def email_key(address: str) -> str:
    """Return what tells one person from another: the address in lower case."""
    return address.lower()


class LeadQuerySet(models.QuerySet["Lead"]):
    def genuine(self) -> Self:
        """Leave out suspects, tests and people who were erased or merged."""
        return self.filter(
            suspected_at=None, is_test=False, erased_at=None, merged_into=None
        )

    def suspect(self) -> Self:
        return self.filter(suspected_at__isnull=False)

    def for_submission(self, submission: Submission) -> Lead:
        """Return the lead of an address, locked, making it on first contact.

        A known lead is left as it is: anyone can type anyone's address. Locked, so
        that two posts at once see each other. Call it in a transaction.
        """
        typed = {
            field.name: getattr(submission, field.name)
            for field in Identity._meta.get_fields()
        }
        key = email_key(submission.email)
        lead = Lead(email_key=key, suspected_at=submission.suspected_at, **typed)
        if submission.suspicion:  # A robot: it makes nobody suspect who is known.
            self.bulk_create([lead], ignore_conflicts=True)
            return self._locked(submission, key)
        # A robot that used the address first is forgotten: its owner has come since.
        # What is written is no key: a worker that owes a message to this lead must not
        # wait for us, who may wait for its copy.
        self.bulk_create(
            [lead],
            update_conflicts=True,
            unique_fields=["email_key"],
            update_fields=["suspected_at"],
        )
        return Lead.from_db(self.db, ["id"], [lead.pk])  # The rest is as it is stored.

    def _locked(self, submission: Submission, key: str) -> Lead:
        try:
            return self.select_for_update(no_key=True).get(email_key=key)
        except Lead.DoesNotExist:  # Erased while we waited: the address is free again.
            return self.for_submission(submission)

    def open_for(self, user: Any) -> Self:
        return self.filter(owner=user).exclude(status__in=Lead.CLOSED)


class Lead(Identity):
    class Status(models.TextChoices):
        NEW = "nouveau", "nouveau"
        TO_QUALIFY = "a-qualifier", "à qualifier"
        QUALIFIED = "qualifie", "qualifié"
        CONTACTED = "contacte", "contacté"
        MEETING = "rendez-vous", "rendez-vous"
        WON = "gagne", "gagné"
        LOST = "perdu", "perdu"
        OUT_OF_SCOPE = "hors-cible", "hors cible"

    CLOSED = (Status.WON, Status.LOST, Status.OUT_OF_SCOPE)

    # Null once erased: a null is equal to no other, so the address may come back.
    email_key = models.CharField(  # noqa: DJ001
        "adresse normalisée", max_length=254, null=True, unique=True, editable=False
    )
    phone = models.CharField("téléphone", max_length=20, blank=True)

    status = models.CharField(
        "statut", max_length=20, choices=Status, default=Status.NEW
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        limit_choices_to={"is_staff": True, "is_active": True},
        verbose_name="responsable",
    )
    next_action = models.CharField("prochaine action", max_length=200, blank=True)
    next_action_on = models.DateField("à faire le", null=True, blank=True)

    created_at = models.DateTimeField("créé le", db_default=Now(), editable=False)
    suspected_at = models.DateTimeField(
        "tenu pour suspect le", null=True, blank=True, editable=False
    )
    is_test = models.BooleanField("essai", default=False)
    merged_into = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        editable=False,
        related_name="merged",
        verbose_name="fusionné dans",
    )
    erased_at = models.DateTimeField("effacé le", null=True, editable=False)

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = "contact"
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.CheckConstraint(
                name="lead_known_by_address_until_erased",
                condition=Q(email_key__isnull=False) | Q(erased_at__isnull=False),
            ),
            models.CheckConstraint(
                name="lead_not_merged_into_itself",
                condition=Q(merged_into=None) | ~Q(merged_into=models.F("pk")),
            ),
        ]
        indexes = [
            # Staff's list, newest first.
            models.Index(fields=["-created_at", "-id"], name="lead_newest"),
            # What is due today, by owner.
            models.Index(
                fields=["owner", "next_action_on"],
                condition=Q(next_action_on__isnull=False),
                name="lead_next_action",
            ),
        ]

    def __str__(self) -> str:
        return self.full_name or f"contact {self.pk}"

    @property
    def refuses_measure(self) -> bool:
        """Tell whether the person objects to their downloads being told by name."""
        acts = self.consents.filter(purpose="mesure").order_by("-at", "-pk")
        latest = acts.first()
        return latest is not None and not latest.granted
