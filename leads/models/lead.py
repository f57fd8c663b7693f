"""One person, one normalised address."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any, Self

import pghistory
from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now

from leads.models.folding import Folded, StoredField, fold
from reports.vocabulary import JobFunction, OrganisationType, Region

if TYPE_CHECKING:
    from leads.models.submission import Submission

MOST_WORDS = 12  # Of a search.


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


def is_internal(key: str) -> bool:
    """Tell whether an address, in lower case, is of the house: who asks is a test."""
    return not {key, key.rpartition("@")[2]}.isdisjoint(settings.INTERNAL_ADDRESSES)


def words_of(search: str) -> list[str]:
    """Return the words that a search looks for: the first MOST_WORDS of them."""
    return fold(unicodedata.normalize("NFC", search)).split()[:MOST_WORDS]


class LeadQuerySet(models.QuerySet["Lead"]):
    def genuine(self) -> Self:
        """Leave out suspects, tests, and people who were erased, merged or are frozen.

        Whom nobody may act upon. Figures count them all: leads/analytics/facts.py.
        """
        return self.filter(
            suspected_at=None,
            is_test=False,
            erased_at=None,
            frozen_at=None,
            merged_into=None,
        )

    def suspect(self) -> Self:
        return self.filter(suspected_at__isnull=False, erased_at=None)

    def open(self) -> Self:
        """Leave out what is won, lost or out of scope."""
        return self.exclude(status__in=Lead.CLOSED)

    def visible_to(self, user: Any) -> Self:
        """Keep what somebody may open: all, or their own and what nobody has yet."""
        if user.has_perm("leads.view_all_lead"):
            return self
        return self.filter(Q(owner=user) | Q(owner=None), suspected_at=None)

    def matching(self, words: str) -> Self:
        """Keep those whose name, address or establishment holds each of the words.

        The first MOST_WORDS of them: each is one more condition.
        """
        for word in words_of(words):
            self = self.filter(search__contains=word)
        return self

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
        lead = Lead(
            email_key=key,
            suspected_at=submission.suspected_at,
            is_test=is_internal(key),
            establishment_id=submission.establishment_id,
            **typed,
        )
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

    def objecting(self) -> Self:
        """Keep whose last word on the measure is that they object to it."""
        acts = self.model._meta.get_field("consents").related_model._default_manager
        said = acts.filter(purpose="mesure").order_by("lead_id", "-at", "-pk")
        last = said.distinct("lead_id").values("pk")
        refusals = acts.filter(pk__in=last, granted=False)
        return self.filter(pk__in=refusals.values("lead_id"))

    def to_route(self) -> Self:
        """Keep whom no rule has been asked about yet."""
        return self.filter(TO_ROUTE)


TO_ROUTE = Q(routed_at=None, suspected_at=None, erased_at=None, merged_into=None)


@pghistory.track(
    # The row as it was: what it became is the next row, or the lead.
    pghistory.UpdateEvent("changed", row=pghistory.Old),
    fields=[
        "status",
        "closed_because",
        "owner",
        "next_action_on",
        "is_test",
        "suspected_at",
        "merged_into",
    ],
    model_name="LeadEvent",
    obj_field=pghistory.ObjForeignKey(
        related_name="history", on_delete=models.PROTECT, db_constraint=True
    ),
    # Who did it (a number), and what made the machine do it. Never a name.
    context_field=pghistory.ContextJSONField(),
    context_id_field=None,  # type: ignore[arg-type]
    append_only=True,
    meta={"verbose_name": "changement", "verbose_name_plural": "changements"},
)
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

    class Reason(models.TextChoices):
        """Why a lead is lost, or out of scope."""

        NO_PROJECT = "pas-de-projet", "pas de projet"
        LATER = "plus-tard", "projet remis à plus tard"
        BUDGET = "budget", "budget non accordé"
        OTHER_SUPPLIER = "autre-solution", "autre solution choisie"
        NO_ANSWER = "sans-reponse", "jamais de réponse"
        NO_CALL = "refus", "ne veut pas être contacté"
        LOST_OTHER = "autre", "autre raison"
        STUDENT = "particulier", "étudiant ou particulier"
        VENDOR = "fournisseur", "fournisseur ou conseil"
        OTHER_SECTOR = "hors-secteur", "hors du secteur de la santé"
        ABROAD = "hors-territoire", "hors du territoire"
        DUPLICATE = "doublon", "doublon d’un autre contact"

    REASONS = {
        Status.LOST: (
            Reason.NO_PROJECT,
            Reason.LATER,
            Reason.BUDGET,
            Reason.OTHER_SUPPLIER,
            Reason.NO_ANSWER,
            Reason.NO_CALL,
            Reason.LOST_OTHER,
        ),
        Status.OUT_OF_SCOPE: (
            Reason.STUDENT,
            Reason.VENDOR,
            Reason.OTHER_SECTOR,
            Reason.ABROAD,
            Reason.DUPLICATE,
            Reason.LOST_OTHER,
        ),
    }

    # Null once erased: a null is equal to no other, so the address may come back.
    email_key = models.CharField(  # noqa: DJ001
        "adresse normalisée", max_length=254, null=True, unique=True, editable=False
    )
    phone = models.CharField("téléphone", max_length=20, blank=True)
    # Of the FINESS register, chosen by the person or brought together by staff.
    establishment = models.ForeignKey(
        "leads.Establishment",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="leads",
        verbose_name="établissement du registre",
    )

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
    closed_because = models.CharField(
        "raison", max_length=20, choices=Reason, blank=True, default="", db_default=""
    )
    next_action = models.CharField("prochaine action", max_length=200, blank=True)
    next_action_on = models.DateField("à faire le", null=True, blank=True)

    # When a rule was asked who should have it: somebody, or nobody.
    routed_at = models.DateTimeField("orienté le", null=True, editable=False)
    # The promise: a first contact before the end of this day (Europe/Paris).
    promised_on = models.DateField("promis avant le", null=True, editable=False)
    first_contact_at = models.DateTimeField(
        "premier contact le", null=True, editable=False
    )
    # Since when the house has waited for an answer of theirs; null if it does not.
    waiting_since = models.DateTimeField(
        "réponse attendue depuis le", null=True, editable=False
    )
    # When the promise was broken and somebody was told.
    escalated_at = models.DateTimeField("signalé le", null=True, editable=False)

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
    # At the person's wish (art. 18 GDPR): kept, and used for nothing.
    frozen_at = models.DateTimeField("usage suspendu le", null=True, editable=False)
    # What a search looks in, without case or accents.
    search = StoredField(
        expression=Folded("first_name", "last_name", "email", "organisation"),
        output_field=models.TextField(),
        db_persist=True,
    )

    objects = LeadQuerySet.as_manager()

    class Meta:
        verbose_name = "contact"
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("view_all_lead", "Peut voir les contacts de tous"),
            ("assign_lead", "Peut confier un contact à quelqu’un"),
            ("release_lead", "Peut lever un soupçon"),
        ]
        constraints = [
            models.CheckConstraint(
                name="lead_lost_or_out_of_scope_for_a_reason",
                condition=Q(status__in=["perdu", "hors-cible"], closed_because__gt="")
                | ~Q(status__in=["perdu", "hors-cible"]) & Q(closed_because=""),
                violation_error_message="Dites pourquoi ce contact est perdu ou hors "
                "cible.",
            ),
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
            # Who may have been kept long enough: few, for the others are erased.
            models.Index(
                fields=["created_at"],
                condition=Q(erased_at=None),
                name="lead_oldest",
            ),
            # Whose files are looked for once more, each hour.
            models.Index(
                fields=["erased_at"],
                condition=Q(erased_at__isnull=False),
                name="lead_erased",
            ),
            # What is due today, by owner.
            models.Index(
                fields=["owner", "next_action_on"],
                condition=Q(next_action_on__isnull=False),
                name="lead_next_action",
            ),
            # Who is to be assigned, each minute. Empty when idle.
            models.Index(fields=["id"], condition=TO_ROUTE, name="lead_to_route"),
            # Promises that are still to be kept, by owner.
            models.Index(
                fields=["owner", "promised_on"],
                condition=Q(promised_on__isnull=False, first_contact_at=None),
                name="lead_promise",
            ),
            # Who owes us an answer, by owner.
            models.Index(
                fields=["owner", "waiting_since"],
                condition=Q(waiting_since__isnull=False),
                name="lead_waiting",
            ),
            # Staff's search, by any part of a word.
            GinIndex(OpClass(F("search"), "gin_trgm_ops"), name="lead_search"),
        ]

    def __str__(self) -> str:
        return self.full_name or f"contact {self.pk}"

    @property
    def refuses_measure(self) -> bool:
        """Tell whether the person objects to their downloads being told by name."""
        acts = self.consents.filter(purpose="mesure").order_by("-at", "-pk")
        latest = acts.first()
        return latest is not None and not latest.granted
