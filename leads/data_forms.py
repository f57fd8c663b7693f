"""The forms of « mes données »: an address, a code, a correction."""

from __future__ import annotations

from typing import Any

from django import forms

from leads import address_form
from leads.forms import NameField, choice_field
from leads.models import Lead
from leads.names import no_domain
from leads.rights import RECTIFIABLE
from reports.vocabulary import JOB_FUNCTION_GROUPS, ORGANISATION_TYPE_GROUPS, Region

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


class RectificationForm(forms.Form):
    """What somebody may correct of their record, as the first form asked for it."""

    first_name = NameField(
        label="Prénom",
        missing="Saisissez votre prénom.",
        autocomplete="given-name",
        validators=[no_domain],
    )
    last_name = NameField(
        label="Nom",
        missing="Saisissez votre nom.",
        autocomplete="family-name",
        validators=[no_domain],
    )
    organisation = NameField(
        label="Établissement ou structure",
        missing="Saisissez le nom de votre établissement.",
        autocomplete="organization",
        max_length=200,
    )
    organisation_type = choice_field(
        "Type d’établissement",
        list(ORGANISATION_TYPE_GROUPS),
        "Choisissez le type de votre établissement.",
    )
    job_function = choice_field(
        "Fonction",
        list(JOB_FUNCTION_GROUPS),
        "Choisissez votre fonction.",
        autocomplete="organization-title",
    )
    region = choice_field("Région", Region.choices, "Choisissez votre région.")

    @classmethod
    def of(cls, lead: Lead) -> RectificationForm:
        return cls(initial={name: getattr(lead, name) for name in RECTIFIABLE})
