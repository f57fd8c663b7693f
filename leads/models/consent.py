"""What a person agreed to, in the words they saw. A ledger: rows are only added."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import F, Func, Q, TextField
from django.db.models.functions import Now

from leads.models.lead import Lead
from leads.models.submission import Submission


def _sha256(column: str) -> Func[Any]:
    """Return what `hashlib.sha256` gives of a text, with PostgreSQL's own functions."""
    return Func(
        F(column),
        template="encode(sha256(convert_to(%(expressions)s, 'UTF8')), 'hex')",
        output_field=TextField(),
    )


class ConsentEvent(models.Model):
    """Consent given or withdrawn for one purpose (EDPB Guidelines 05/2020, §104–106).

    A box left empty writes nothing: silence is not an act. Nothing here names anybody:
    the contact and the submission are numbers, and what they say is blanked there.
    """

    class Purpose(models.TextChoices):
        NEWS = "actualites", "actualités par courriel"
        CALL = "rappel", "être rappelé par téléphone"
        MEASURE = "mesure", "mesure individuelle du téléchargement"

    class Channel(models.TextChoices):
        WEB = "web", "formulaire du site"
        EMAIL = "email", "lien d’un courriel"
        STAFF = "equipe", "équipe"

    lead = models.ForeignKey(Lead, models.PROTECT, related_name="consents")
    submission = models.ForeignKey(
        Submission, models.PROTECT, null=True, blank=True, related_name="consents"
    )
    purpose = models.CharField("finalité", max_length=20, choices=Purpose)
    granted = models.BooleanField("accordé")
    wording = models.TextField("texte présenté")
    wording_version = models.CharField("version du texte", max_length=20)
    wording_sha256 = models.CharField("empreinte du texte", max_length=64)
    page = models.CharField("page", max_length=200)
    channel = models.CharField("canal", max_length=10, choices=Channel)
    at = models.DateTimeField("le", db_default=Now(), editable=False)

    class Meta:
        verbose_name = "consentement"
        ordering = ["-at", "-pk"]
        permissions = [("prove_consent", "Peut établir la preuve des choix")]
        constraints = [
            models.CheckConstraint(
                name="consentevent_hash_is_of_its_wording",
                condition=Q(wording="", wording_sha256="")
                | Q(wording_sha256=_sha256("wording")),
            ),
            # An address of ours, never with the secret that opens it.
            models.CheckConstraint(
                name="consentevent_page_holds_no_secret",
                condition=Q(page__regex="^[a-z/-]*$"),
            ),
        ]

    def __str__(self) -> str:
        verb = "accordé" if self.granted else "retiré"
        return f"{self.get_purpose_display()} : {verb}"
