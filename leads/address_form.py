"""The address that a synthesis is sent to: asked the same way wherever it is asked."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from email_validator import EmailNotValidError, validate_email

from leads.addresses import DOMAINS, ENDINGS, suggestion

MISSING_EMAIL = "Saisissez votre adresse électronique, comme prenom.nom@chu-ville.fr."
INVALID_EMAIL = (
    "Saisissez une adresse électronique valide, comme prenom.nom@chu-ville.fr."
)
SLIP = (
    "Cette adresse semble contenir une faute. Corrigez-la, ou envoyez de nouveau "
    "pour la garder."
)


class AddressForm(forms.Form):
    """An address that can exist; a likely slip is asked about once."""

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
    # The address that was shown as a likely slip: it is asked about once.
    email_confirmed = forms.CharField(required=False, widget=forms.HiddenInput)
    email_mended = forms.BooleanField(required=False)

    use_required_attribute = True

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data.dict() if data else data)

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
        self._ask_about_email()
        return self.cleaned_data
