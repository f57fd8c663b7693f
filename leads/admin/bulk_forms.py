"""What each gesture on several leads asks before it is done."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from leads import batches
from leads.admin import page_forms, people
from leads.models import Batch, Lead

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


def _people() -> list[tuple[str, str]]:
    return [(str(user.pk), people.label_of(user)) for user in people.assignable()]


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
        self.fields["to"].choices = [("", "Choisissez…"), *_people(), nobody]  # type: ignore[attr-defined]

    @property
    def params(self) -> dict[str, Any]:
        to = self.cleaned_data["to"]
        return {
            "to": None if to == NOBODY else int(to),
            "reason": self.cleaned_data["reason"],
        }


class StatusForm(page_forms.StatusForm, ConfirmForm):
    """The same question as on the page of one; nothing is chosen beforehand."""

    def __init__(self, batch: Batch, data: Any = None) -> None:
        super().__init__(batch, data)
        self.fields["status"].choices = [("", "Choisissez…"), *Lead.Status.choices]  # type: ignore[attr-defined]

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
