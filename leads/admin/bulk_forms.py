"""What each gesture on several leads asks before it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils import timezone

from leads import batches
from leads.assigning import may_be_given, name_of
from leads.models import Absence, Batch, Lead

Action = Batch.Action
TYPED_BEYOND = 50  # People: then a slip must not write to them.
NOBODY = "personne"


class ConfirmForm(forms.Form):
    """Nothing but a yes; beyond TYPED_BEYOND people to write to, their number."""

    def __init__(self, batch: Batch, data: Any = None) -> None:
        super().__init__(data)
        self.batch = batch
        writes = batch.action in batches.WRITES_TO_PEOPLE
        if writes and batch.total > TYPED_BEYOND:
            self.fields["count"] = forms.CharField(
                label=f"Saisissez {batch.total} pour confirmer",
                help_text="Le nombre de contacts à qui ce geste peut écrire.",
                max_length=20,
                error_messages={"required": f"Saisissez {batch.total}."},
                widget=forms.TextInput({"inputmode": "numeric", "autocomplete": "off"}),
            )

    def clean_count(self) -> str:
        typed = "".join(str(self.cleaned_data["count"]).split())
        if typed != str(self.batch.total):
            raise ValidationError(
                f"Ce n’est pas le nombre de contacts\u00a0: saisissez "
                f"{self.batch.total}, ou ne faites rien."
            )
        return typed

    @property
    def params(self) -> dict[str, Any]:
        """Return what the batch is to remember."""
        return {}


def people() -> list[tuple[str, str]]:
    """Return whom leads may be given to, by name; who is away today says so."""
    staff = get_user_model().objects.filter(is_staff=True, is_active=True)
    away = set(
        Absence.objects.on(timezone.localdate()).values_list("user_id", flat=True)
    )
    named = sorted(
        (name_of(user) + (" (absence en cours)" if user.pk in away else ""), user.pk)
        for user in staff
        if may_be_given(user)
    )
    return [(str(key), name) for name, key in named]


class AssignForm(ConfirmForm):
    to = forms.ChoiceField(
        label="Confier à",
        error_messages={
            "required": "Choisissez la personne.",
            "invalid_choice": "Cette personne ne peut pas recevoir de contact\u00a0: "
            "choisissez dans la liste.",
        },
    )
    reason = forms.CharField(
        label="Pourquoi (facultatif)",
        help_text="Gardé avec chaque contact, et lu par la personne.",
        max_length=200,
        required=False,
    )

    def __init__(self, batch: Batch, data: Any = None) -> None:
        super().__init__(batch, data)
        nobody = (NOBODY, "Personne\u00a0: retirer le responsable")
        self.fields["to"].choices = [("", "Choisissez…"), *people(), nobody]  # type: ignore[attr-defined]

    @property
    def params(self) -> dict[str, Any]:
        to = self.cleaned_data["to"]
        return {
            "to": None if to == NOBODY else int(to),
            "reason": self.cleaned_data["reason"],
        }


class StatusForm(ConfirmForm):
    status = forms.ChoiceField(
        label="Nouveau statut",
        choices=[("", "Choisissez…"), *Lead.Status.choices],
        error_messages={
            "required": "Choisissez le statut.",
            "invalid_choice": "Ce statut n’existe pas\u00a0: choisissez dans la liste.",
        },
    )
    reason = forms.ChoiceField(
        label="Raison",
        help_text="Pour « perdu » et « hors cible » seulement.".replace(
            "« ", "«\u00a0"
        ).replace(" »", "\u00a0»"),
        required=False,
        choices=[
            ("", "—"),
            *(
                (status.label, [(reason.value, reason.label) for reason in reasons])
                for status, reasons in Lead.REASONS.items()
            ),
        ],
        error_messages={
            "invalid_choice": "Cette raison n’existe pas\u00a0: choisissez dans la "
            "liste."
        },
    )

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        status, reason = data.get("status"), data.get("reason", "")
        if not status or "reason" in self.errors:
            return data
        reasons = Lead.REASONS.get(Lead.Status(status), ())
        if reasons and reason not in reasons:
            self.add_error(
                "reason", f"Choisissez une raison de «\u00a0{status}\u00a0»."
            )
        elif reason and not reasons:
            self.add_error("reason", "Ce statut n’a pas de raison\u00a0: retirez-la.")
        return data

    @property
    def params(self) -> dict[str, Any]:
        return {
            "status": self.cleaned_data["status"],
            "reason": self.cleaned_data["reason"],
        }


FORMS: dict[str, type[ConfirmForm]] = {
    Action.ASSIGN: AssignForm,
    Action.STATUS: StatusForm,
}


def form_for(batch: Batch, data: Any = None) -> ConfirmForm:
    return FORMS.get(batch.action, ConfirmForm)(batch, data)
