"""A telephone number, left by somebody who would rather be called."""

from __future__ import annotations

import re
import unicodedata

import phonenumbers
from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction
from phonenumbers import PhoneNumberType

from leads import consent
from leads.models import ConsentEvent, Submission

PAGE = "/suivi/"  # Of the consent's record: the whole address is a secret.
INVALID_PHONE = (
    "Saisissez un numéro de téléphone valide, sans numéro de poste, comme "
    "01 99 00 00 00 ou +33 1 99 00 00 00."
)
WRITTEN = re.compile(r"\+?[\d\s().\-/\u2010-\u2015]+")
# Who dials ten digits from overseas means their own plan (Arcep 2018-0881).
OVERSEAS = {
    "0262": "RE", "0263": "RE", "0692": "RE", "0693": "RE", "0269": "YT", "0639": "YT",
    "0590": "GP", "0690": "GP", "0691": "GP", "0594": "GF", "0694": "GF", "0596": "MQ",
    "0696": "MQ", "0697": "MQ",
}  # fmt: skip
# Lines of people: no toll, no service, no pager.
CALLABLE = {
    PhoneNumberType.FIXED_LINE,
    PhoneNumberType.MOBILE,
    PhoneNumberType.FIXED_LINE_OR_MOBILE,
    PhoneNumberType.VOIP,
    PhoneNumberType.UAN,
    PhoneNumberType.PERSONAL_NUMBER,
}


class CallForm(forms.Form):
    """A number in any usual writing, kept as E.164."""

    phone = forms.CharField(
        label="Téléphone",
        help_text="En France ou ailleurs, comme 01 99 00 00 00",
        max_length=40,
        error_messages={
            "required": INVALID_PHONE,
            "max_length": INVALID_PHONE,
            "null_characters_not_allowed": INVALID_PHONE,
        },
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"}),
    )

    def clean_phone(self) -> str:
        found = read(self.cleaned_data["phone"])
        if not found:
            raise ValidationError(INVALID_PHONE, code="invalid")
        return found


def read(typed: str) -> str:
    """Return a number as E.164 (+33199000000), or nothing where it cannot be called."""
    text = unicodedata.normalize("NFKC", typed).strip()
    if not WRITTEN.fullmatch(text):
        return ""
    digits = "".join(c for c in text if c.isdigit())
    if digits.startswith("0508"):  # Saint-Pierre-et-Miquelon: six digits at home.
        text = f"+508{digits[4:]}"
    home = OVERSEAS.get(digits[:4])
    for region in filter(None, (home, "FR")):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            continue
        valid = phonenumbers.is_valid_number(number)
        if valid and phonenumbers.number_type(number) in CALLABLE:
            return phonenumbers.format_number(
                number, phonenumbers.PhoneNumberFormat.E164
            )
    return ""


def shown(phone: str) -> str:
    """Return an E.164 number as people read it: +33 1 99 00 00 00."""
    number = phonenumbers.parse(phone)
    text = phonenumbers.format_number(
        number, phonenumbers.PhoneNumberFormat.INTERNATIONAL
    )
    return text.replace(" ", "\u00a0").replace("-", "\u00a0")


@transaction.atomic
def call_at(submission: Submission, phone: str) -> None:
    """Keep a number with the agreement to be called; "" withdraws both.

    The number stays with the submission: anyone can type anyone's address, and the
    contact's record is the house's. Said twice, it is written once.
    """
    rows = Submission.objects.select_for_update(no_key=True, of=("self",))
    row = rows.filter(pk=submission.pk, token_digest=submission.token_digest).first()
    # Erased or corrected while we waited: it is nobody's page any more, or another's.
    if row is None or row.phone == phone:
        return
    if phone and Submission.objects.filter(corrects=row).exists():
        return
    row.phone = phone
    row.save(update_fields=["phone"])
    if not row.suspicion:
        wording = consent.call_wording()
        purpose = ConsentEvent.Purpose.CALL
        consent.record(row, purpose, wording, PAGE, granted=bool(phone))
