"""Everything that is held of one person, for that person (art. 15 and 20 GDPR).

One reading feeds the page, the JSON and the CSV, so that none says less than another:
docs/data-export.md describes it. What staff noted is theirs to read, too. A download
is told to the day, as it is to staff.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Count, Q
from django.db.models.functions import TruncDay
from django.utils import timezone

from leads import retention
from leads.analytics.export import csv_lines
from leads.assigning import name_of
from leads.models import Lead, Submission
from leads.models.lead import Identity
from outbox import making
from outbox.models import MARK, Message
from reports.models import Hit

FORMAT = "santescopie/donnees-personnelles/1"
LINK = "[lien personnel]"
# The keys of who somebody is, wherever it is said.
IDENTITY = {
    "first_name": "prenom",
    "last_name": "nom",
    "email": "adresse_electronique",
    "organisation": "etablissement",
    "organisation_type": "type_d_etablissement",
    "job_function": "fonction",
    "region": "region",
}
STATES = {  # What became of a message, for its reader.
    Message.State.QUEUED: "en préparation",
    Message.State.DEFERRED: "en attente de votre messagerie",
    Message.State.ACCEPTED: "remis à votre messagerie",
    Message.State.DELIVERED: "distribué par votre messagerie",
    Message.State.BOUNCED: "revenu sans être distribué",
    Message.State.FAILED: "refusé",
    Message.State.WITHHELD: "non envoyé",
}

Section = list[dict[str, Any]]


def dossier(lead: Lead) -> dict[str, Any]:
    """Return what is held of a lead: sections of plain values, dates among them."""
    return {
        "format": FORMAT,
        "etabli_le": timezone.now(),
        "identite": {**_identity(lead), "telephone_note_par_l_equipe": lead.phone},
        "suivi": _follow_up(lead),
        "demandes": _submissions(lead),
        "accords": _consents(lead),
        "boite_confirmee": [
            {"le": event.at, "par": event.get_kind_display()}
            for event in lead.mailbox_events.order_by("at", "pk")
        ],
        "messages": _messages(lead),
        "exemplaires": _copies(lead),
        "telechargements": _downloads(lead),
        "ouvertures_de_liens": _openings(lead),
        "echanges": _exchanges(lead),
        "affectations": _assignments(lead),
        "changements": _changes(lead),
        "droits_exerces": _rights(lead),
        "liens_vers_mes_donnees": [
            {"demande_le": link.asked_at, "valable_jusqu_au": link.expires_at}
            for link in lead.data_links.order_by("asked_at")
        ],
    }


def kept_until(lead: Lead) -> date | None:
    """Return the day when a lead is to be erased; none while their data is frozen."""
    if lead.erased_at or lead.frozen_at:
        return None
    found = retention.with_last_contact(Lead.objects.filter(pk=lead.pk)).get()
    return timezone.localdate(retention.erasure_of(found))


def as_json(lead: Lead) -> str:
    return json.dumps(
        dossier(lead), cls=DjangoJSONEncoder, ensure_ascii=False, indent=2
    )


def as_csv(lead: Lead) -> Iterator[str]:
    """Yield the same as one table that a spreadsheet opens; no cell is a formula."""
    return csv_lines(["rubrique", "numéro", "champ", "valeur"], _rows(dossier(lead)))


def _rows(said: dict[str, Any]) -> Iterator[list[str]]:
    for section, content in said.items():
        if isinstance(content, dict):
            content = [content]
        elif not isinstance(content, list):
            yield [section, "", "", _cell(content)]
            continue
        for number, item in enumerate(content, 1):
            for name, value in item.items():
                yield [section, str(number), name, _cell(value)]


def _cell(value: Any) -> str:
    """Return a value as it stands in a table; what has parts, as JSON."""
    if value is None or value == "":
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    if isinstance(value, datetime):
        return timezone.localtime(value).isoformat(timespec="seconds")
    if isinstance(value, list | dict):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return str(value)


def _identity(row: Any, *, email: str = "email") -> dict[str, str]:
    """Return who a row says somebody is, choices by their labels."""
    said = {}
    for name, key in IDENTITY.items():
        value = getattr(row, email if name == "email" else name)
        field: Any = Identity._meta.get_field(name)
        said[key] = str(dict(field.flatchoices).get(value, value))
    return said


def label_of(name: str) -> str:
    """Return what a field of somebody's identity is called."""
    field: Any = Identity._meta.get_field(name)
    return str(field.verbose_name)


def _follow_up(lead: Lead) -> dict[str, Any]:
    return {
        "numero": lead.pk,
        "cree_le": lead.created_at,
        "statut": lead.get_status_display(),
        "raison": lead.get_closed_because_display() if lead.closed_because else "",
        "etablissement_du_registre": str(lead.establishment or ""),
        "suivi_par": name_of(lead.owner) if lead.owner else "",
        "prochaine_action": lead.next_action,
        "prochaine_action_le": lead.next_action_on,
        "oriente_le": lead.routed_at,
        "premier_contact_promis_avant_le": lead.promised_on,
        "promesse_signalee_non_tenue_le": lead.escalated_at,
        "premier_contact_le": lead.first_contact_at,
        "reponse_attendue_depuis_le": lead.waiting_since,
        "tenu_pour_suspect_le": lead.suspected_at,
        "essai": lead.is_test,
        "fusionne_dans": lead.merged_into_id,
        "usage_suspendu_le": lead.frozen_at,
        "conserve_jusqu_au": kept_until(lead),
    }


def _submissions(lead: Lead) -> Section:
    """Return what was typed, also with an address that was corrected afterwards."""
    typed = Submission.objects.filter(Q(lead=lead) | Q(correction__lead=lead))
    rows = typed.select_related("copy", "corrects").order_by("created_at", "pk")
    return [
        {
            "recue_le": row.created_at,
            **_identity(row),
            "actualites_acceptees": row.news_consent,
            "telephone": row.phone,
            "provenance": row.source,
            "source": row.origin,
            "campagne": row.campaign,
            "exemplaire": row.copy.reference if row.copy else "",
            "soupcon": row.get_suspicion_display() if row.suspicion else "",
            "renvoi_demande_le": row.resend_asked_at,
            "corrige_la_demande_du": row.corrects.created_at if row.corrects else None,
        }
        for row in rows
    ]


def _consents(lead: Lead) -> Section:
    return [
        {
            "le": event.at,
            "finalite": event.get_purpose_display(),
            "accorde": event.granted,
            "texte_presente": event.wording,
            "version": event.wording_version,
            "empreinte_du_texte": event.wording_sha256,
            "page": event.page,
            "canal": event.get_channel_display(),
        }
        for event in lead.consents.order_by("at", "pk")
    ]


def _messages(lead: Lead) -> Section:
    """Return what was written to the person; for staff, nothing is stored."""
    rows = lead.messages.exclude(kind__in=making.kinds()).order_by("created_at", "pk")
    return [
        {
            "demande_le": row.created_at,
            "objet": row.subject,
            "destinataire": row.recipient,
            "etat": STATES[row.state],
            "texte": _without_links(row),
            "etapes": [
                {
                    "le": event.at,
                    "etape": event.get_kind_display(),
                    "code": event.smtp_code,
                    "cause": event.cause,
                }
                for event in row.events.all()
            ],
        }
        for row in rows.prefetch_related("events")
    ]


def _without_links(message: Message) -> str:
    text = message.text
    for name in message.links:
        text = text.replace(MARK.format(name=name), LINK)
    return text


def _copies(lead: Lead) -> Section:
    return [
        {
            "reference": copy.reference,
            "edition": copy.edition.version,
            "demande_le": copy.requested_at,
            "rendu_le": copy.rendered_at,
            **_identity(copy, email="recipient"),
            "taille_en_octets": copy.size,
            "sha256": copy.sha256,
            "lien_valable_jusqu_au": copy.link_expires_at,
            "lien_revoque_le": copy.revoked_at,
            "etapes": [
                {
                    "le": event.at,
                    "etape": event.get_kind_display(),
                    "cause": event.cause,
                }
                for event in copy.events.all()
            ],
        }
        for copy in lead.copies.select_related("edition")
        .prefetch_related("events")
        .order_by("requested_at", "pk")
    ]


def _by_day(hits: Any, *names: str) -> Any:
    """Return requests counted by day (Europe/Paris): an hour is told to nobody."""
    days = hits.annotate(day=TruncDay("at")).order_by("day", *names)
    return days.values("day", *names).annotate(count=Count("pk"))


def _downloads(lead: Lead) -> Section:
    hits = Hit.objects.probable().filter(copy__lead=lead)
    return [
        {"jour": row["day"].date(), "exemplaire": row["copy__reference"]}
        for row in _by_day(hits, "copy__reference")
    ]


def _openings(lead: Lead) -> Section:
    """Return every request on a link of theirs, machines' too, as it is judged."""
    names = ("copy__reference", "link", "agent", "confidence", "served")
    return [
        {
            "jour": row["day"].date(),
            "exemplaire": row["copy__reference"],
            "lien": Hit.Link(row["link"]).label,
            "logiciel": Hit.Agent(row["agent"]).label,
            "jugement": Hit.Confidence(row["confidence"]).label,
            "fichier_servi": row["served"],
            "nombre": row["count"],
        }
        for row in _by_day(Hit.objects.filter(copy__lead=lead), *names)
    ]


def _exchanges(lead: Lead) -> Section:
    """Return what staff noted of a person, whole; not which of them did (art. 15.4)."""
    return [
        {
            "le": row.at,
            "nature": row.get_kind_display(),
            "issue": row.get_outcome_display() if row.outcome else "",
            "texte": row.body,
        }
        for row in lead.activities.order_by("at", "pk")
    ]


def _assignments(lead: Lead) -> Section:
    given = lead.assignments.select_related("to").order_by("at", "pk")
    return [
        {
            "le": row.at,
            "confie_a": name_of(row.to) if row.to else "",
            "motif": row.sentence,
        }
        for row in given
    ]


def _changes(lead: Lead) -> Section:
    """Return the record as it was before each change of its follow-up."""
    history: Any = lead.history  # type: ignore[attr-defined]
    return [
        {
            "jusqu_au": row.pgh_created_at,
            "statut": Lead.Status(row.status).label,
            "raison": row.closed_because,
            "prochaine_action_le": row.next_action_on,
            "essai": row.is_test,
            "tenu_pour_suspect_le": row.suspected_at,
        }
        for row in history.order_by("pgh_id")
    ]


def _rights(lead: Lead) -> Section:
    fields = {name: label_of(name) for name in IDENTITY}
    return [
        {
            "recue_le": row.received_on,
            "droit": row.get_right_display(),
            "canal": row.get_channel_display(),
            "demande": row.said,
            "reponse": row.answer,
            "corrections": {
                fields.get(name, name): values for name, values in row.changes.items()
            },
            "close_le": row.closed_at,
        }
        for row in lead.rights_requests.order_by("at", "pk")
    ]
