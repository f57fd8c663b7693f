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
from email_validator import EmailNotValidError, validate_email

from leads.addresses import DOMAINS, ENDINGS, suggestion
from leads.consent import news_wording
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
MISSING_EMAIL = "Saisissez votre adresse électronique, comme prenom.nom@chu-ville.fr."
INVALID_EMAIL = (
    "Saisissez une adresse électronique valide, comme prenom.nom@chu-ville.fr."
)
SLIP = (
    "Cette adresse semble contenir une faute. Corrigez-la, ou envoyez de nouveau "
    "pour la garder."
)
TOO_LONG = 1000  # Characters of a name, however its accents were typed.
SOURCE_KEYS = 20
SOURCE_LENGTH = 200  # Characters kept of each campaign parameter.


class NameField(forms.CharField):
    """A line of text that people type: trimmed, spaces folded, case left alone."""

    default_validators = [plain_text]

    def __init__(self, *, missing: str, autocomplete: str, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", 100)
        super().__init__(
            error_messages={
                "required": missing,
                "max_length": "Ce champ est limité à %(limit_value)d caractères "
                "(%(show_value)d saisis).",
                "null_characters_not_allowed": "Ce champ contient des caractères "
                "illisibles : saisissez-le de nouveau.",
            },
            widget=forms.TextInput(
                attrs={"autocomplete": autocomplete, "data-missing": missing}
            ),
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


class RequestForm(forms.Form):
    """What a visitor types to receive the synthesis.

    Not a ModelForm: uniqueness is nobody's business here. A known address gets the
    answer that an unknown one gets.
    """

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
    email = forms.CharField(
        label="Adresse électronique professionnelle",
        help_text="La synthèse y sera envoyée. Format attendu : nom@domaine.fr",
        max_length=254,
        error_messages={
            "required": MISSING_EMAIL,
            "max_length": "Une adresse électronique est limitée à 254 caractères.",
            "null_characters_not_allowed": "Cette adresse contient des caractères "
            "illisibles : saisissez-la de nouveau.",
        },
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
                # For static/js/form.js: words and lists are written once.
                "data-missing": MISSING_EMAIL,
                "data-invalid": INVALID_EMAIL,
                "data-domains": " ".join(DOMAINS),
                "data-endings": " ".join("=".join(pair) for pair in ENDINGS.items()),
            }
        ),
    )
    organisation = NameField(
        label="Établissement ou structure",
        missing="Saisissez le nom de votre établissement.",
        autocomplete="organization",
        max_length=200,
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
    news_consent = forms.BooleanField(required=False)
    # Off-screen: only a robot fills it in.
    website = forms.CharField(required=False, label="Ne remplissez pas ce champ")
    rendered = forms.CharField(required=False, widget=forms.HiddenInput)
    # The address that was shown as a likely slip: it is asked about once.
    email_confirmed = forms.CharField(required=False, widget=forms.HiddenInput)
    email_mended = forms.BooleanField(required=False)

    use_required_attribute = True

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data.dict() if data else data)
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
            "email_confirmed",
            Submit("submit", "Recevoir la synthèse", css_id="envoyer"),
        )
        return helper

    def clean_email(self) -> str:
        """Return the address with its domain in lower case, as a server reads it."""
        try:
            found = validate_email(
                self.cleaned_data["email"].strip(),
                allow_smtputf8=False,
                check_deliverability=False,
            )
        except (EmailNotValidError, UnicodeError) as error:
            raise ValidationError(INVALID_EMAIL, code="invalid") from error
        address = f"{found.local_part}@{found.ascii_domain}"
        if len(address) > 254:
            raise ValidationError(
                "Une adresse électronique est limitée à 254 caractères.", code="long"
            )
        return address

    suggestion = ""  # The address that was probably meant.

    def _ask_about_email(self) -> None:
        """Ask about a likely slip, once; the next post passes whatever it says."""
        data, typed = self.cleaned_data, self.data.get("email", "").strip()
        self.suggestion = meant = suggestion(data.get("email", ""))
        if not meant:
            return
        if data.get("email_confirmed") != typed:
            self.data = {**self.data, "email_confirmed": typed}
            if not self.errors:
                self.add_error("email", ValidationError(SLIP, code="slip"))
        elif data.get("email_mended"):
            data["email"] = meant

    def clean(self) -> dict[str, Any]:
        """Ask once more about a likely slip, or a page left open for over a day."""
        data = self.cleaned_data
        self._ask_about_email()
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
            **typed, suspicion=self.suspicion, source=campaign_parameters(source)
        )


def campaign_parameters(query: QueryDict) -> dict[str, list[str]]:
    """Return the raw parameters of the page's address, bounded."""
    return {
        key[:SOURCE_LENGTH].replace("\x00", ""): [
            value[:SOURCE_LENGTH].replace("\x00", "") for value in values[:3]
        ]
        for key, values in list(query.lists())[:SOURCE_KEYS]
    }
