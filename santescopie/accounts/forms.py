"""The forms of sign-in, in our words; what they check is Django's and allauth's."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa_forms
from allauth.mfa.totp import forms as totp_forms
from allauth.mfa.webauthn import forms as webauthn_forms
from django import forms
from django.contrib.auth import get_user_model
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator

from santescopie.accounts import links

LONGEST = 256  # Characters of a password: sentences are welcome.
RULE = (
    "Au moins 12 caractères\u00a0: une suite de quelques mots convient. Ni mot de "
    "passe courant, ni votre nom ou votre adresse."
)


def _password(label: str, use: str, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label,
        strip=False,
        validators=[MaxLengthValidator(LONGEST)],
        widget=forms.PasswordInput(attrs={"autocomplete": use}),
        **options,
    )


def _code(label: str) -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=32,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "one-time-code",
                "autocapitalize": "none",
                "spellcheck": "false",
                "inputmode": "numeric",
            }
        ),
    )


class SignInForm(account_forms.LoginForm):
    """Name or address, and password: one answer, whatever is wrong."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["login"] = forms.CharField(
            label="Adresse électronique ou nom d’utilisateur",
            max_length=254,
            widget=forms.TextInput(
                attrs={
                    "autocomplete": "username webauthn",
                    "autocapitalize": "none",
                    "spellcheck": "false",
                }
            ),
        )
        self.fields["password"] = _password("Mot de passe", "current-password")
        self.order_fields(["login", "password"])

    @property
    def is_throttled(self) -> bool:
        return self.has_error("__all__", "too_many_login_attempts")


class ConfirmForm(account_forms.ReauthenticateForm):
    password = _password("Mot de passe", "current-password")  # type: ignore[assignment]


class CodeForm(mfa_forms.AuthenticateForm):
    code = _code("Code de l’application, ou code de secours")


class ConfirmCodeForm(mfa_forms.ReauthenticateForm):
    code = _code("Code de l’application, ou code de secours")


class ApplicationForm(totp_forms.ActivateTOTPForm):
    code = _code("Code à six chiffres affiché par l’application")


class NewPasswordForm(forms.Form):
    """A password typed once: it may be shown, pasted, and chosen again by mail."""

    password = _password("Nouveau mot de passe", "new-password", help_text=RULE)

    def __init__(self, *args: Any, user: Any = None, **kwargs: Any) -> None:
        self.user = user
        super().__init__(*args, **kwargs)

    def clean_password(self) -> str:
        password = str(self.cleaned_data["password"])
        validate_password(password, self.user)
        return password


class ChangePasswordForm(NewPasswordForm):
    oldpassword = _password("Mot de passe actuel", "current-password")
    field_order = ["oldpassword", "password"]

    def clean_oldpassword(self) -> str:
        from allauth.account.adapter import get_adapter as account_adapter

        old = str(self.cleaned_data["oldpassword"])
        if not self.user.check_password(old):
            raise account_adapter().validation_error("enter_current_password")
        return old

    def save(self) -> None:
        links.set_password(self.user, self.cleaned_data["password"])


class ForgottenForm(forms.Form):
    email = forms.EmailField(
        label="Adresse électronique",
        max_length=254,
        help_text="Celle où vous avez été invité. Format attendu\u00a0: nom@domaine.fr",
        widget=forms.EmailInput(
            attrs={
                "autocomplete": "email",
                "autocapitalize": "none",
                "spellcheck": "false",
            }
        ),
    )


class _Careful:
    """Take whatever a browser may send for a credential that is not the right one.

    What reads it (fido2, cbor) raises as many kinds of errors as there are ways to be
    wrong; none of them is ours.
    """

    def clean(self) -> Any:
        try:
            return super().clean()  # type: ignore[misc]
        except ValidationError:
            raise
        except Exception as error:
            raise get_adapter().validation_error("incorrect_code") from error

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]
        except ValidationError:
            raise
        except Exception as error:
            raise get_adapter().validation_error("incorrect_code") from error


class AddKeyForm(webauthn_forms.AddWebAuthnForm):
    """A key that also signs in by itself: it asks for a finger, a face or a PIN."""

    name = forms.CharField(
        label="Nom de la clé",
        max_length=60,
        required=False,
        help_text="Pour la reconnaître\u00a0: «\u00a0Téléphone\u00a0», "
        "«\u00a0Ordinateur du bureau\u00a0».",
    )
    passwordless = None  # type: ignore[assignment]  # Not asked: it always is.

    def clean(self) -> Any:
        try:
            self.cleaned_data["passwordless"] = True
            return super().clean()
        except ValidationError:
            raise
        except Exception as error:
            raise get_adapter().validation_error("incorrect_code") from error


class KeyForm(_Careful, webauthn_forms.AuthenticateWebAuthnForm):
    pass


class SignInKeyForm(_Careful, webauthn_forms.LoginWebAuthnForm):
    pass


class ConfirmKeyForm(_Careful, webauthn_forms.ReauthenticateWebAuthnForm):
    pass


LABELS = {
    "email": "Adresse électronique",
    "groups": "Groupes",
    "is_superuser": "Administre\u00a0: voit tout, et ouvre des comptes",
    "is_active": "Compte ouvert",
}


class InvitationForm(forms.ModelForm[Any]):
    """An account for somebody else: their name, their address, what they may do."""

    class Meta:
        model = get_user_model()
        fields = ["first_name", "last_name", "email", "groups", "is_superuser"]
        widgets = {"groups": forms.CheckboxSelectMultiple}
        labels = LABELS
        help_texts = {"is_superuser": "", "groups": ""}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("first_name", "last_name", "email"):
            self.fields[name].required = True
        # It is the name of the account, too.
        self.fields["email"].validators.append(MaxLengthValidator(150))

    def clean_email(self) -> str:
        email = str(self.cleaned_data["email"])
        users = get_user_model().objects
        if (
            users.filter(email__iexact=email).exists()
            or users.filter(username__iexact=email).exists()
        ):
            raise ValidationError("Un compte a déjà cette adresse.")
        return email
