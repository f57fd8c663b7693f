"""The form that gates the synthesis."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Field, Layout, Submit
from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from leads.address_form import AddressForm
from leads.consent import news_wording
from leads.establishments.suggesting import chosen
from leads.models import Submission
from leads.names import no_domain, plain_text
from leads.suspicion import expired, hour_stamp, suspect
from reports.vocabulary import (
    JOB_FUNCTION_GROUPS,
    ORGANISATION_TYPE_GROUPS,
    OTHER_WORDS,
    Group,
    JobFunction,
    OrganisationType,
    Region,
)

EMPTY = ("", "Sélectionnez…")
LIKELY = "Choix courants"
LIKELY_TYPES = {
    OrganisationType.CHU,
    OrganisationType.CH,
    OrganisationType.ESPIC,
    OrganisationType.CLINIC,
    OrganisationType.EHPAD,
    OrganisationType.ARS,
}
LIKELY_FUNCTIONS = {
    JobFunction.CHIEF_EXECUTIVE,
    JobFunction.QUALITY,
    JobFunction.CIO,
    JobFunction.DEPARTMENT,
    JobFunction.PHYSICIAN,
    JobFunction.CARE_MANAGER,
}
TOO_LONG = 1000  # Characters of a name, however its accents were typed.
SOURCE_KEYS = 20
SOURCE_LENGTH = 200  # Characters kept of each campaign parameter.


class NameField(forms.CharField):
    """A line of text that people type: trimmed, spaces folded, case left alone."""

    default_validators = [plain_text]

    def __init__(
        self, *, missing: str, autocomplete: str, suggestions: str = "", **kwargs: Any
    ) -> None:
        kwargs.setdefault("max_length", 100)
        attrs = {"autocomplete": autocomplete, "data-missing": missing}
        if suggestions:  # Where the page asks for them (static/js/establishments.js).
            attrs["data-suggestions"] = suggestions
        super().__init__(
            error_messages={
                "required": missing,
                "max_length": "Ce champ est limité à %(limit_value)d caractères "
                "(%(show_value)d saisis).",
                "null_characters_not_allowed": "Ce champ contient des caractères "
                "illisibles : saisissez-le de nouveau.",
            },
            widget=forms.TextInput(attrs=attrs),
            **kwargs,
        )

    def to_python(self, value: Any) -> str:
        text = super().to_python(value) or ""
        if len(text) > TOO_LONG:  # To look into: composing marks takes quadratic time.
            raise ValidationError(
                self.error_messages["max_length"],
                params={"limit_value": self.max_length, "show_value": len(text)},
            )
        return re.sub(r"[ \t]+", " ", unicodedata.normalize("NFC", text))


def likely_first(groups: list[Group], likely: set[Any]) -> list[Group]:
    """Return the groups after one that takes the likely choices out of them."""
    first = [
        choice for _, choices in groups for choice in choices if choice[0] in likely
    ]
    rest = [
        (name, [choice for choice in choices if choice[0] not in likely])
        for name, choices in groups
    ]
    return [(LIKELY, first), *rest]


class FoundByOtherWords(forms.Select):
    """A list whose choices are also found by the words that people have for them."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> Any:
        option = super().create_option(name, value, *args, **kwargs)
        if words := OTHER_WORDS.get(str(value)):
            option["attrs"]["data-words"] = words
        return option


def choice_field(
    label: str, choices: list[Any], missing: str, **attrs: str
) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label,
        choices=[EMPTY, *choices],
        error_messages={
            "required": missing,
            "invalid_choice": "Ce choix n’existe pas : choisissez dans la liste.",
        },
        widget=FoundByOtherWords(attrs={**attrs, "data-missing": missing}),
    )


class AnswersForm(forms.Form):
    """What people say of themselves, but for their address."""

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
        suggestions="/etablissements/",
    )
    organisation_type = choice_field(
        "Type d’établissement",
        likely_first(ORGANISATION_TYPE_GROUPS, LIKELY_TYPES),
        "Choisissez le type de votre établissement.",
    )
    job_function = choice_field(
        "Fonction",
        likely_first(JOB_FUNCTION_GROUPS, LIKELY_FUNCTIONS),
        "Choisissez votre fonction.",
        autocomplete="organization-title",
    )
    region = choice_field("Région", Region.choices, "Choisissez votre région.")


class RequestForm(AnswersForm, AddressForm):
    """What a visitor types to receive the synthesis.

    Not a ModelForm: uniqueness is nobody's business here. A known address gets the
    answer that an unknown one gets.
    """

    news_consent = forms.BooleanField(required=False)
    # Off-screen: only a robot fills it in.
    website = forms.CharField(required=False, label="Ne remplissez pas ce champ")
    rendered = forms.CharField(required=False, widget=forms.HiddenInput)
    # The number of a suggestion that was chosen; a name that was typed has none.
    establishment = forms.CharField(required=False, widget=forms.HiddenInput)

    field_order = ["first_name", "last_name", "email"]

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        self.fields["news_consent"].label = news_wording().text
        self.fields["rendered"].initial = hour_stamp().signed

    @property
    def helper(self) -> FormHelper:
        helper = FormHelper()
        helper.form_tag = False
        helper.disable_csrf = True
        helper.layout = Layout(
            "first_name",
            "last_name",
            Field("email", template="santescopie/address.html"),
            "organisation",
            "organisation_type",
            "job_function",
            "region",
            "news_consent",
            Field("website", wrapper_class="hp", tabindex="-1", autocomplete="off"),
            "rendered",
            # The page of everybody has none: the script makes it when it is needed.
            *(["establishment"] if self.data.get("establishment") else []),
            "email_confirmed",
            Submit("submit", "Recevoir la synthèse", css_id="envoyer"),
        )
        return helper

    def clean(self) -> dict[str, Any]:
        """Ask once more about a likely slip, or a page left open for over a day."""
        data = super().clean()
        if not self.errors and expired(data.get("rendered", "")):
            self.data = {**self.data, "rendered": hour_stamp().signed}
            raise ValidationError(
                "Cette page était ouverte depuis plus de 24 heures. "
                "Vérifiez vos réponses, puis envoyez-les de nouveau.",
                code="expired",
            )
        return data

    @property
    def suspicion(self) -> str:
        data = self.cleaned_data
        return suspect(data.get("website", ""), data.get("rendered", ""))

    def submission(self, source: QueryDict) -> Submission:
        """Return the submission that was typed, not yet saved."""
        typed = {
            name: self.cleaned_data[name]
            for name in (
                "first_name",
                "last_name",
                "email",
                "organisation",
                "organisation_type",
                "job_function",
                "region",
                "news_consent",
            )
        }
        return Submission(
            **typed,
            establishment=chosen(
                self.cleaned_data["establishment"], typed["organisation"]
            ),
            suspicion=self.suspicion,
            source=campaign_parameters(source),
        )


def campaign_parameters(query: QueryDict) -> dict[str, list[str]]:
    """Return the raw parameters of the page's address, bounded."""
    return {
        key[:SOURCE_LENGTH].replace("\x00", ""): [
            value[:SOURCE_LENGTH].replace("\x00", "") for value in values[:3]
        ]
        for key, values in list(query.lists())[:SOURCE_KEYS]
    }
