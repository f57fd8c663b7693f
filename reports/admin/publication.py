"""Publish an edition, and tell the holders of one what is wrong with it."""

from __future__ import annotations

import unicodedata
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from outbox.admin import without_links
from reports import emails, errata, proofs
from reports.admin.gallery import edition_for, render
from reports.models import Copy, Edition, Erratum, NotReady


class PublishForm(forms.Form):
    note = forms.CharField(
        label="Ce que cette édition change",
        help_text="Gardé avec l’édition, pour vous et vos collègues.",
        max_length=500,
        widget=forms.Textarea({"rows": 4}),
    )


class ErratumForm(forms.Form):
    note = forms.CharField(
        label="Ce qu’il faut corriger",
        help_text="Texte seul, tel que les détenteurs le liront. Rien n’y est ajouté "
        "que l’édition, la référence et le lien de leur exemplaire.",
        max_length=2000,
        widget=forms.Textarea({"rows": 8}),
    )

    def clean_note(self) -> str:
        """Write lines one way: the same words must be the same erratum.

        What nobody sees is refused: it could turn a sentence round (OWASP ASVS 1.3.3).
        """
        note = "\n".join(self.cleaned_data["note"].splitlines())
        hidden = {unicodedata.category(letter) for letter in note.replace("\n", "")}
        if hidden & {"Cc", "Cf", "Co", "Cs", "Cn"}:
            raise forms.ValidationError(
                "Ce texte contient des caractères invisibles\u00a0: "
                "saisissez-le à la main."
            )
        return note


def publish(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Publish an edition whose checks are all green, with a note."""
    edition = edition_for(request, pk, "publish_edition")
    form = PublishForm(request.POST or None, initial={"note": edition.note})
    if request.method == "POST" and form.is_valid():
        try:
            edition.publish(form.cleaned_data["note"])
        except NotReady as error:
            messages.error(request, f"Non publiée. {error}")
        else:
            model_admin.log_change(request, edition, "Édition publiée.")
            proofs.drop_old()
            messages.success(request, f"L’édition\u00a0{edition.version} est publiée.")
            return redirect("admin:reports_edition_change", pk)
    return render(
        model_admin,
        request,
        "publish",
        edition,
        f"Publier l’édition\u00a0{edition.version}",
        form=form,
        obstacles=edition.obstacles(),
        compared=edition.proofs.exclude(compared_with="").exists(),
        live=Edition.objects.filter(published_at__isnull=False).first(),
    )


def erratum(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Take a note, show what will leave and to how many, and send it once confirmed."""
    edition = edition_for(request, pk, "send_erratum")
    form = ErratumForm(request.POST or None)
    valid = request.method == "POST" and form.is_valid()
    if valid and "confirme" in request.POST:
        return _send(model_admin, request, edition, form.cleaned_data["note"])
    preview = valid and "modifier" not in request.POST
    context: dict[str, Any] = {}
    if preview:
        note = form.cleaned_data["note"]
        known = Erratum.objects.filter(edition=edition, note=note).first()
        context = {
            "note": note,
            "text": _text(edition, note),
            "subject": emails.ERRATUM_SUBJECT,
            "known": known,
        }
        context["holders"] = errata.holders(edition, known)
    else:
        context["holders"] = errata.holders(edition)
    return render(
        model_admin,
        request,
        "erratum",
        edition,
        f"Erratum à l’édition\u00a0{edition.version}",
        form=form,
        preview=preview,
        **context,
    )


def _send(
    model_admin: Any, request: HttpRequest, edition: Edition, note: str
) -> HttpResponse:
    count = errata.send(edition, note, request.user)
    if count:
        words = f"Erratum\u00a0: {count} envoi{'s' if count > 1 else ''} demandé"
        words += "s." if count > 1 else "."
        model_admin.log_change(request, edition, words)
        messages.success(request, words)
    else:
        messages.info(request, "Tous les détenteurs avaient déjà reçu cet erratum.")
    return redirect("admin:reports_edition_change", edition.pk)


def _text(edition: Edition, note: str) -> str:
    """Return the text of the mail as a holder would read it."""
    message = emails.erratum(
        Erratum(edition=edition, note=note),
        Copy(edition=edition, reference="SC26-XXXX-XXXX"),
    )
    return without_links(message.text)
