"""The dry run of an edition: eight fictitious readers, page by page, and the checks."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.files.storage import storages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from outbox import files
from reports import editions
from reports.models import Edition, Proof
from reports.personalisation import PERSONAS
from reports.proofs import start

REFRESH = 2  # Seconds between two looks at work under way.
FILE = re.compile(r"synthese\.pdf|courriel\.png|(page|ecart)-\d{1,3}\.png")


def edition_for(request: HttpRequest, pk: int, permission: str) -> Edition:
    """Return an edition to somebody who may do this to it."""
    if not request.user.has_perms(["reports.view_edition", f"reports.{permission}"]):
        raise PermissionDenied
    return get_object_or_404(Edition, pk=pk)


def render(
    model_admin: Any,
    request: HttpRequest,
    name: str,
    edition: Edition,
    title: str,
    **context: Any,
) -> TemplateResponse:
    """Return one of our pages on an edition, within the admin's."""
    return TemplateResponse(
        request,
        f"admin/reports/edition/{name}.html",
        {
            **model_admin.admin_site.each_context(request),
            "opts": model_admin.opts,
            "edition": edition,
            "title": title,
            **context,
        },
    )


def proofs(model_admin: Any, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the proofs of an edition, or how far they are; POST starts and stops them.

    A request only owes or lets go: the work is done elsewhere, one reader at a time.
    """
    edition = edition_for(request, pk, "view_proof")
    if request.method == "POST":
        edition_for(request, pk, "publish_edition")
        _order(model_admin, request, edition)
        return redirect("admin:edition_proofs", pk)
    order = list(PERSONAS)
    found = [proof for proof in edition.proofs.all() if proof.persona in PERSONAS]
    found.sort(key=lambda proof: order.index(proof.persona))
    made = [proof for proof in found if proof.made_at]
    under_way = any(proof.next_attempt_at for proof in found)
    return render(
        model_admin,
        request,
        "proofs",
        edition,
        f"Épreuves de l’édition\u00a0{edition.version}",
        proofs=found,
        made=made,
        total=len(PERSONAS),
        under_way=under_way,
        refresh=REFRESH if under_way and "figer" not in request.GET else None,
        may_order=edition.is_made_here
        and request.user.has_perm("reports.publish_edition"),
        here=editions.PRESENT.version,
        altered=not editions.is_intact(),
        obstacles=edition.obstacles(),
        compared={proof.compared_with for proof in made} - {""},
        checks=_by_subject(made),
        sheets=_sheets(edition, made),
        mails=_mails(edition, made),
    )


def _order(model_admin: Any, request: HttpRequest, edition: Edition) -> None:
    """Start, stop or go on, as the button pressed says."""
    match request.POST.get("ordre"):
        case "commencer" if edition.is_made_here:
            if start(edition):
                model_admin.log_change(request, edition, "Épreuves demandées.")
        case "arreter":
            count = edition.proofs.stop()
            words = f"Arrêté. Épreuves qui restent à faire\u00a0: {count}."
            messages.info(request, words)
        case "reprendre" if edition.is_made_here:
            edition.proofs.resume()


def _by_subject(made: list[Proof]) -> list[dict[str, Any]]:
    """Return each check with its result in words, over all the readers."""
    found: dict[str, list[tuple[str, bool, str]]] = defaultdict(list)
    for proof in made:
        for subject, passed, words in proof.checks:
            found[subject].append((proof.reader.full_name, passed, words))
    return [
        {
            "subject": subject,
            "passed": sum(passed for _, passed, _ in results),
            "failed": sum(not passed for _, passed, _ in results),
            "of": len(results),
            "words": list(dict.fromkeys(w for _, passed, w in results if passed)),
            "failures": _failures(results),
        }
        for subject, results in found.items()
    ]


def _failures(results: list[tuple[str, bool, str]]) -> list[tuple[str, str]]:
    """Return (whose, words) of what failed, each sentence once."""
    whose: dict[str, list[str]] = defaultdict(list)
    for name, passed, words in results:
        if not passed:
            whose[words].append(name)
    return [
        ("Tous" if len(names) == len(results) else ", ".join(names), words)
        for words, names in whose.items()
    ]


def _sheets(edition: Edition, made: list[Proof]) -> list[list[dict[str, Any]]]:
    """Return the pages, each as all the readers have it."""
    last = max([proof.pages for proof in made], default=0)
    return [
        [
            {
                "proof": proof,
                "image": _url(edition, proof, f"page-{number}.png"),
                "changed": number in proof.changed,
                "compare": reverse(
                    "admin:edition_comparison", args=[edition.pk, proof.persona, number]
                ),
            }
            for proof in made
            if number <= proof.pages
        ]
        for number in range(1, last + 1)
    ]


def _mails(edition: Edition, made: list[Proof]) -> list[dict[str, Any]]:
    return [
        {
            "proof": proof,
            "pdf": _url(edition, proof, "synthese.pdf"),
            "image": _url(edition, proof, "courriel.png"),
        }
        for proof in made
    ]


def _url(edition: Edition, proof: Proof, name: str) -> str:
    return reverse("admin:edition_file", args=[edition.pk, proof.persona, name])


def comparison(
    model_admin: Any, request: HttpRequest, pk: int, persona: str, number: int
) -> HttpResponse:
    """Show a page as it is live, as it would be, and what changed between the two."""
    edition = edition_for(request, pk, "view_proof")
    proof = get_object_or_404(edition.proofs, persona=persona, made_at__isnull=False)
    if number not in proof.changed or persona not in PERSONAS:
        raise Http404
    live = Proof.objects.filter(
        edition__version=proof.compared_with, persona=persona, pages__gte=number
    ).select_related("edition")
    before = live.first()
    return render(
        model_admin,
        request,
        "comparison",
        edition,
        f"Page {number}, {proof.reader.full_name}",
        proof=proof,
        number=number,
        before=before and _url(before.edition, before, f"page-{number}.png"),
        after=number <= proof.pages and _url(edition, proof, f"page-{number}.png"),
        difference=_url(edition, proof, f"ecart-{number}.png"),
        others=[other for other in proof.changed if other != number],
    )


def file(
    model_admin: Any, request: HttpRequest, pk: int, persona: str, name: str
) -> HttpResponse:
    """Serve an image of a proof, or its PDF, to those who may see it."""
    edition = edition_for(request, pk, "view_proof")
    proof = get_object_or_404(edition.proofs, persona=persona, made_at__isnull=False)
    if not FILE.fullmatch(name):
        raise Http404
    try:
        if name.endswith(".pdf"):
            content = files.read(proof.file, proof.sha256)
            return HttpResponse(content, content_type="application/pdf")
        with storages["copies"].open(f"{proof.folder}/{name}") as image:
            return HttpResponse(image.read(), content_type="image/png")
    except (OSError, files.DamagedFile) as error:
        raise Http404 from error
