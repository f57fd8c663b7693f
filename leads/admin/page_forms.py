"""The forms of a person's page: an exchange and what comes next, status, owner."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django import forms
from django.contrib.auth import get_user_model
from django.utils import timezone

from leads import business_days
from leads.admin.people import PersonField, assignable
from leads.exchanges import FARTHEST, OUTCOMES
from leads.models import Activity, Lead
from reports.templatetags.staff_french import french_day

LONGEST = 4000  # Letters of what was said.
SHORTCUTS = ((1, "demain"), (3, "dans 3 jours ouvrés"), (5, "dans une semaine"))
Kind, Outcome, Status = Activity.Kind, Activity.Outcome, Lead.Status
REFUSAL_SAYS = (
    "son refus est noté, son numéro n’est plus montré et plus personne ne l’appelle"
)
# What may come of a call that the person made: we may not make one.
OF_INCOMING = (Outcome.REACHED, Outcome.REFUSED)
TOO_LONG = f"Raccourcissez ce texte\u00a0: {LONGEST} caractères au plus."


def shortcuts(today: date | None = None) -> list[tuple[str, str]]:
    """Return the days one press away, in business days, as (ISO date, words)."""
    today = today or timezone.localdate()
    found = []
    for count, words in SHORTCUTS:
        day = business_days.after(today, count)
        said = french_day(day)
        if count == 1 and day > today + timedelta(days=1):  # Over a weekend.
            words = "prochain jour ouvré"
        found.append((day.isoformat(), f"{words} ({said})"))
    return found


class NextForm(forms.Form):
    """What is to be done, and when: a shortcut, or a day of one's own."""

    next_action = forms.CharField(
        label="Prochaine action",
        max_length=200,
        required=False,
        widget=forms.TextInput({"autocomplete": "off"}),
        error_messages={"max_length": "Raccourcissez\u00a0: 200 caractères au plus."},
    )
    when = forms.ChoiceField(
        label="Quand", required=False, widget=forms.RadioSelect, initial=""
    )
    next_on = forms.DateField(
        label="ou le",
        required=False,
        localize=False,
        input_formats=["%Y-%m-%d", "%d/%m/%Y"],
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        error_messages={"invalid": "Saisissez un jour, comme 03/12/2026."},
    )
    none = "rien de nouveau"

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [("", self.none), *shortcuts()]
        # What was read when the page was opened stays what is meant.
        for shown in (self.data.get(self.add_prefix("when"), ""), self._planned):
            if shown not in dict(choices) and (day := _day(shown)):
                choices.insert(1, (shown, french_day(day)))
        self.fields["when"].choices = choices  # type: ignore[attr-defined]

    @property
    def _planned(self) -> str:
        return str(self.initial.get("when", ""))

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        when, typed = data.get("when", ""), data.get("next_on")
        if {"when", "next_on"} & set(self.errors):
            return data
        if typed and when not in ("", self._planned, typed.isoformat()):
            self.add_error("when", "Deux jours sont donnés\u00a0: n’en gardez qu’un.")
        day = typed or _day(when)
        if day:
            self._check(day, "next_on" if typed else "when")
        elif data.get("next_action"):
            self.add_error("when", "Donnez aussi un jour pour cette action.")
        data["next_on"] = day
        return data

    def _check(self, day: date, name: str) -> None:
        today = timezone.localdate()
        if day < today:
            self.add_error(name, "Ce jour est passé\u00a0: choisissez-en un à venir.")
        elif day > today + FARTHEST:
            self.add_error(name, "Ce jour est trop loin\u00a0: deux ans au plus.")


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


class LogForm(NextForm):
    """An exchange and what came of it, with what comes next."""

    kind = forms.ChoiceField(
        label="Nature",
        widget=forms.RadioSelect,
        error_messages={"required": "Dites de quoi il s’agit."},
    )
    # One group for each kind, so that no press is left over from another.
    call_outcome = forms.ChoiceField(
        label="Issue de l’appel", required=False, widget=forms.RadioSelect
    )
    mail_outcome = forms.ChoiceField(
        label="Issue du courriel", required=False, widget=forms.RadioSelect
    )
    body = forms.CharField(
        label="Ce qui s’est dit",
        max_length=LONGEST,
        required=False,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"max_length": TOO_LONG},
    )
    # The latest exchange that was on the page: what is written twice comes after it.
    seen = forms.IntegerField(
        required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput
    )
    field_order = ["kind", "call_outcome", "mail_outcome", "body"]

    def __init__(self, *args: Any, may_call: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kinds = [Kind.CALL, Kind.EMAIL, Kind.MEETING, Kind.NOTE]
        labels = {kind: str(kind.label) for kind in kinds}
        calls = [outcome for outcome in Outcome if outcome in OUTCOMES[Kind.CALL]]
        if not may_call:
            labels[Kind.CALL] = "appel reçu"
            kinds = [Kind.NOTE, Kind.CALL, Kind.EMAIL, Kind.MEETING]
            calls = [outcome for outcome in calls if outcome in OF_INCOMING]
        self._choose("kind", [(kind, labels[kind]) for kind in kinds])
        self._choose("call_outcome", [(o, _outcome_words(o)) for o in calls])
        mails = [(o, str(o.label)) for o in Outcome if o in OUTCOMES[Kind.EMAIL]]
        self._choose("mail_outcome", mails)
        self.fields["kind"].initial = kinds[0]

    def _choose(self, name: str, choices: list[tuple[Any, str]]) -> None:
        pairs = [(str(value), words) for value, words in choices]
        self.fields[name].choices = pairs  # type: ignore[attr-defined]

    def clean_body(self) -> str:
        return "\n".join(self.cleaned_data["body"].splitlines())

    def clean(self) -> dict[str, Any]:
        data = super().clean()
        if self.errors.pop("seen", None):  # Nobody typed it.
            data["seen"] = None
        kind = data.get("kind", "")
        group = {Kind.CALL: "call_outcome", Kind.EMAIL: "mail_outcome"}.get(kind)
        data["outcome"] = data.get(group, "") if group else ""
        if group and group not in self.errors and not data["outcome"]:
            what = "l’appel" if kind == Kind.CALL else "le courriel"
            self.add_error(group, f"Dites ce que {what} a donné.")
        if kind == Kind.NOTE and "body" not in self.errors and not data.get("body"):
            self.add_error("body", "Écrivez la note.")
        return data


def _outcome_words(outcome: Activity.Outcome) -> str:
    """Say beforehand what a refusal does."""
    if outcome == Outcome.REFUSED:
        return f"{outcome.label}\u00a0: {REFUSAL_SAYS}"
    return str(outcome.label)


class PlanForm(NextForm):
    """Put off, change or drop what comes next, without an exchange."""

    prefix = "plan"
    none = "plus rien de prévu"

    def clean_next_action(self) -> str:
        """Drop the action with its day, where it is the one that was there."""
        action: str = self.cleaned_data["next_action"]
        dropped = not self.data.get(self.add_prefix("when"))
        return "" if dropped and action == self.initial.get("next_action") else action


class StatusForm(forms.Form):
    """A status, and why where something is lost or out of scope."""

    status = forms.ChoiceField(
        label="Nouveau statut",
        choices=Status.choices,
        error_messages={
            "required": "Choisissez le statut.",
            "invalid_choice": "Ce statut n’existe pas\u00a0: choisissez dans la liste.",
        },
    )
    reason = forms.ChoiceField(
        label="Raison, si perdu ou hors cible",
        required=False,
        choices=[
            ("", "—"),
            *(
                (str(status.label).capitalize(), [(one, one.label) for one in reasons])
                for status, reasons in Lead.REASONS.items()
            ),
        ],
        error_messages={
            "invalid_choice": "Cette raison n’existe pas\u00a0: choisissez dans la "
            "liste."
        },
    )

    def clean(self) -> dict[str, Any]:
        data: dict[str, Any] = super().clean() or {}
        allowed = Lead.REASONS.get(data.get("status", ""))
        if "reason" in self.errors:
            return data
        if not allowed:  # Moved on, or back: the reason is no longer one.
            data["reason"] = ""
        elif data.get("reason") not in allowed:
            label = str(Status(data["status"]).label)
            self.add_error("reason", f"Choisissez une raison de «\u00a0{label}\u00a0».")
        return data


class AssignForm(forms.Form):
    to = PersonField(
        label="Confier à",
        queryset=get_user_model().objects.none(),
        empty_label="personne",
        required=False,
        error_messages={"invalid_choice": "Choisissez quelqu’un de la liste."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].queryset = assignable()  # type: ignore[attr-defined]


def first_error(form: forms.Form) -> str:
    """Return one error of a form that has any, as it is said in a message."""
    return next(_errors(form))


def _errors(form: forms.Form) -> Iterator[str]:
    for errors in form.errors.values():
        yield from (str(error) for error in errors)
