"""The forms of « mes données »: an address, a code, a correction."""

from __future__ import annotations

from typing import Any

from django import forms

from leads import address_form
from leads.forms import AnswersForm
from leads.models import Lead
from leads.rights import RECTIFIABLE

WRONG_CODE = (
    "Ce code n’est pas le bon, ou il a expiré\u00a0: saisissez les six chiffres du "
    "dernier message reçu, ou demandez-en un autre."
)


class DataAddressForm(address_form.AddressForm):
    """Any address that can exist. A likely slip is not asked about."""

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self.fields["email"].label = "Adresse électronique"
        self.fields["email"].help_text = "Format attendu\u00a0: nom@domaine.fr"

    def _ask_about_email(self) -> None:
        pass


class CodeForm(forms.Form):
    """Six digits, spaces or not."""

    code = forms.RegexField(
        r"^\s*(?:[0-9]\s*){6}$",
        label="Code reçu par courriel",
        help_text="Six chiffres",
        max_length=20,
        error_messages={
            "required": "Saisissez les six chiffres du message.",
            "invalid": WRONG_CODE,
            "max_length": WRONG_CODE,
            "null_characters_not_allowed": WRONG_CODE,
        },
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}
        ),
    )

    def clean_code(self) -> str:
        return "".join(self.cleaned_data["code"].split())


class RectificationForm(AnswersForm):
    """What somebody may correct of their record, as the first form asked for it."""

    @classmethod
    def of(cls, lead: Lead) -> RectificationForm:
        return cls(initial={name: getattr(lead, name) for name in RECTIFIABLE})
