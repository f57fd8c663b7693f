"""What « mes données » says of a person, in words, from their dossier."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from django.utils import timezone
from django.utils.text import capfirst

from leads import bases
from leads.calling import shown
from leads.channels import acts, with_consents
from leads.dossier import IDENTITY, label_of
from leads.models import Lead, RightsRequest
from leads.rights import WORDINGS, Purpose
from reports.templatetags.french import french_date

Right = RightsRequest.Right
JUST_DONE = timedelta(minutes=5)  # What was done is told so long, from its row.
DONE = {
    Right.RECTIFICATION: "rectified",
    Right.CONSENT: "consent",
    Right.WITHDRAWAL: "consent",
    Right.OBJECTION: "measure",
    Right.FREEZE: "frozen",
    Right.UNFREEZE: "unfrozen",
}
CONSENTS = {
    Purpose.NEWS: "Actualités par courriel",
    Purpose.CALL: "Être rappelé par téléphone",
}
SOURCES = {
    "utm_source": "source",
    "utm_medium": "support",
    "utm_campaign": "campagne",
    "utm_content": "contenu",
    "utm_term": "terme",
}
Pairs = list[tuple[str, str]]


def masked(address: str) -> str:
    """Return an address as c•••@chu-exemple.fr."""
    local, _, domain = address.partition("@")
    return f"{local[:1]}•••@{domain}"


def context(lead: Lead, said: dict[str, Any]) -> dict[str, Any]:
    """Return what the page shows; none of it is an act or an address of one."""
    return {
        "done": _just_done(lead),
        "frozen": bool(lead.frozen_at),
        "suspected": bool(lead.suspected_at),
        "identity": _identity(said["identite"]),
        "follow_up": _follow_up(said["suivi"]),
        "kept_until": said["suivi"]["conserve_jusqu_au"],
        "submissions": [_submission(row) for row in said["demandes"]],
        "consent_events": [
            SimpleNamespace(
                at=row["le"],
                label=capfirst(row["finalite"]),
                said=_choice(row),
                wording=row["texte_presente"],
                version=row["version"],
            )
            for row in reversed(said["accords"])
        ],
        "messages_sent": [
            SimpleNamespace(
                created_at=row["demande_le"], subject=row["objet"], state=row["etat"]
            )
            for row in reversed(said["messages"])
        ],
        "copies": [
            SimpleNamespace(
                reference=row["reference"],
                edition=row["edition"],
                at=row["demande_le"],
                name=f"{row['prenom']} {row['nom']}".strip(),
                organisation=row["etablissement"],
            )
            for row in said["exemplaires"]
        ],
        "downloads": [
            SimpleNamespace(at=row["jour"], reference=row["exemplaire"])
            for row in reversed(said["telechargements"])
        ],
        "openings": sum(row["nombre"] for row in said["ouvertures_de_liens"]),
        "exchanges": [
            SimpleNamespace(
                at=row["le"],
                what=capfirst(row["nature"]),
                outcome=row["issue"],
                body=row["texte"],
            )
            for row in reversed(said["echanges"])
        ],
        "assignments": [
            SimpleNamespace(at=row["le"], why=row["motif"])
            for row in reversed(said["affectations"])
        ],
        "rights": [
            SimpleNamespace(
                at=row["recue_le"],
                right=capfirst(row["droit"]),
                channel=row["canal"],
                answer=row["reponse"] or "en cours",
            )
            for row in reversed(said["droits_exerces"])
        ],
    }


def consents(lead: Lead) -> dict[str, dict[str, Any]]:
    """Return each agreement that may be given or withdrawn, as it stands."""
    return {
        purpose: _consent(lead, purpose, label) for purpose, label in CONSENTS.items()
    }


def _consent(lead: Lead, purpose: str, label: str) -> dict[str, Any]:
    latest = acts(purpose, lead).first()
    granted = latest is not None and latest.granted
    today = WORDINGS[Purpose(purpose)]()
    news = granted and purpose == Purpose.NEWS
    rows: Any = with_consents(Lead.objects.filter(pk=lead.pk))
    return {
        "purpose": str(purpose),
        "label": label,
        "granted": granted,
        "waits": news and not bases.is_confirmed(rows.get()),
        "at": latest.at if latest else None,
        "wording": latest.wording if latest and granted else today.text,
    }


def _choice(row: dict[str, Any]) -> str:
    """Say what an act of the ledger was: the measure asks for no agreement."""
    if row["finalite"] == Purpose.MEASURE.label:
        return "opposition levée" if row["accorde"] else "opposition"
    if row["accorde"]:
        return "accordé"
    return "refusé" if row["finalite"] == Purpose.CALL.label else "retiré"


def _just_done(lead: Lead) -> str:
    """Return what was last done here, told from its row: a reload says the same."""
    latest = lead.rights_requests.filter(
        channel=RightsRequest.Channel.SITE, at__gt=timezone.now() - JUST_DONE
    ).first()
    return DONE.get(Right(latest.right), "") if latest else ""


def _label(name: str) -> str:
    return capfirst(label_of(name))


def _identity(said: dict[str, str]) -> Pairs:
    pairs = [(_label(name), said[key]) for name, key in IDENTITY.items()]
    if number := said["telephone_note_par_l_equipe"]:
        pairs.append(("Téléphone noté par l’équipe", number))
    return [(label, value) for label, value in pairs if value]


def _submission(row: dict[str, Any]) -> SimpleNamespace:
    answers = [(_label(name), row[key]) for name, key in IDENTITY.items()]
    answers.append(
        ("Actualités par courriel", "oui" if row["actualites_acceptees"] else "non")
    )
    if row["telephone"]:
        answers.append(("Rappel demandé au", _number(row["telephone"])))
    if row["provenance"]:
        answers.append(("Provenance", _origin(row["provenance"])))
    if row["soupcon"]:
        answers.append(("Mise à part", f"robot présumé\u00a0: {row['soupcon']}"))
    if row["exemplaire"]:
        answers.append(("Référence de l’exemplaire", row["exemplaire"]))
    return SimpleNamespace(created_at=row["recue_le"], answers=answers)


def _number(phone: str) -> str:
    try:
        return shown(phone)
    except ValueError:
        return phone


def _origin(source: dict[str, list[str]]) -> str:
    return ", ".join(
        f"{SOURCES.get(name, name)}\u00a0: {' et '.join(values)}"
        for name, values in source.items()
    )


def _follow_up(said: dict[str, Any]) -> Pairs:
    """Return what staff keep of somebody's follow-up, in words, days to the day."""
    status = said["statut"]
    if said["raison"]:
        status += f" ({said['raison']})"
    pairs: list[tuple[str, Any]] = [
        ("Premier enregistrement", said["cree_le"]),
        ("Statut", status),
        ("Suivi par", said["suivi_par"] or "personne"),
        ("Prochaine action", said["prochaine_action"]),
        ("À faire le", said["prochaine_action_le"]),
        (
            "Premier contact promis avant le",
            said["premier_contact_promis_avant_le"],
        ),
        ("Premier contact", said["premier_contact_le"]),
        ("Réponse attendue depuis le", said["reponse_attendue_depuis_le"]),
        ("Tenu pour un robot depuis le", said["tenu_pour_suspect_le"]),
    ]
    return [(label, _said(value)) for label, value in pairs if value]


def _said(value: Any) -> str:
    if isinstance(value, datetime):
        value = timezone.localdate(value)
    return french_date(value) if isinstance(value, date) else str(value)
