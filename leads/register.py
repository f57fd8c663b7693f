"""The register of what is done with personal data (RGPD, article 30), as code.

The privacy page and the tables of docs/privacy.md are rendered from it, the purge takes
its delays from it, and tests hold them together. Texts are read by visitors.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial

from django.conf import settings

from leads.models.quota import RETENTION as QUOTAS
from leads.models.rights import KEPT as LINKS

YEARS = 3  # After the last contact from the person (CNIL, référentiel, 2022).
MESSAGES = timedelta(days=90)  # After the end of a message's life.
SUSPECTS = timedelta(days=365)  # What is kept against abuse: a year at the most.
JOURNAL = timedelta(days=365)  # CNIL, « journalisation » (2021): six months to a year.
GESTURES = timedelta(days=90)


class Basis(StrEnum):
    """Why a purpose is lawful (RGPD, article 6.1): exactly one each."""

    REQUEST = "Exécution de votre demande (article 6.1.b)"
    CONSENT = "Votre consentement (article 6.1.a)"
    INTEREST = "Intérêt légitime (article 6.1.f)"
    LAW = "Obligation légale (article 6.1.c)"


@dataclass(frozen=True, slots=True)
class Clock:
    """How long one set of data is kept, what becomes of it then, and who sees to it."""

    key: str
    data: str
    kept: str
    then: str
    by: str  # For docs/privacy.md.
    public: bool = True

    @property
    def parts(self) -> list[str | None]:
        """Return how long in pieces; None where a setting is to be completed."""
        parts: list[str | None] = []
        for piece in filter(None, re.split(r"(\{\w+\})", self.kept)):
            if piece.startswith("{"):
                days = getattr(settings, piece[1:-1])
                parts.append(str(days) if days else None)
            else:
                parts.append(piece)
        return parts


@dataclass(frozen=True, slots=True)
class Purpose:
    key: str
    title: str
    data: str
    basis: Basis
    recipients: str
    clocks: tuple[str, ...]
    interest: str = ""  # Which one, where it is the basis.
    consent: str = ""  # The purpose that the ledger of consents knows it by.
    public: bool = True  # Of visitors; else of the team's own accounts.

    @property
    def why(self) -> str:
        """Return the basis, with the interest pursued where it is one."""
        return f"{self.basis}\u00a0: {self.interest}" if self.interest else self.basis


@dataclass(frozen=True, slots=True)
class Field:
    """Something that the form asks for, and why it must (RGPD, article 5.1.c)."""

    name: str
    label: str
    required: bool
    why: str


PURGE = "`purge_personal_data`"
SIGN_INS = "`santescopie.forget_sign_ins`, each hour"
TEAM = "L’équipe habilitée de l’éditeur"
HOST = "l’hébergeur"
MAIL = "le service qui achemine le courrier"

PURPOSES = (
    Purpose(
        "remise",
        "Établir la synthèse que vous demandez et vous l’envoyer",
        "Vos réponses au formulaire, votre exemplaire, les messages et ce que leur "
        "serveur a répondu",
        Basis.REQUEST,
        f"{TEAM}, {HOST}, {MAIL}",
        ("contact", "messages"),
    ),
    Purpose(
        "suivi",
        "Suivre votre demande et vous recontacter au sujet de l’étude",
        "Vos réponses au formulaire, la provenance que portait le lien suivi, les "
        "échanges notés par l’équipe",
        Basis.INTEREST,
        f"{TEAM}, {HOST}",
        ("contact", "historique", "vues"),
        interest="répondre aux lecteurs de l’étude",
    ),
    Purpose(
        "actualites",
        "Vous adresser nos actualités par courriel",
        "Votre nom, votre adresse électronique, votre accord, ses mots et sa date",
        Basis.CONSENT,
        f"{TEAM}, {HOST}, {MAIL}",
        ("contact",),
        consent="actualites",
    ),
    Purpose(
        "rappel",
        "Vous rappeler au sujet de l’étude, si vous laissez un numéro",
        "Votre numéro de téléphone, votre accord, ses mots et sa date",
        Basis.CONSENT,
        f"{TEAM}, {HOST}",
        ("contact",),
        consent="rappel",
    ),
    Purpose(
        "mesure",
        "Savoir quels exemplaires ont été téléchargés, et le montrer avec vos données",
        "Le jour où vous téléchargez votre exemplaire\u202f; de chaque requête sur ses "
        "liens, son instant et des traits qui distinguent un lecteur d’un robot, sans "
        "adresse du réseau ni nom du navigateur",
        Basis.INTEREST,
        f"{TEAM}, {HOST}",
        ("requetes",),
        interest="savoir si l’étude est lue\u202f; vous pouvez vous y opposer à tout "
        "moment",
        consent="mesure",
    ),
    Purpose(
        "audience",
        "Compter les visites de la page",
        "Des nombres par heure, par source et par genre d’appareil, qui ne se "
        "rattachent à personne",
        Basis.INTEREST,
        f"{TEAM}, {HOST}",
        ("audience",),
        interest="savoir si la page est utile",
    ),
    Purpose(
        "securite",
        "Protéger le service des envois abusifs et des intrusions",
        "Une empreinte à clé secrète de l’adresse du réseau, les demandes tenues pour "
        "celles d’un robot, les journaux techniques",
        Basis.INTEREST,
        f"{TEAM}, {HOST}",
        ("quotas", "suspects", "journaux", "sauvegardes"),
        interest="la sécurité du service",
    ),
    Purpose(
        "droits",
        "Répondre à vos droits, et ne plus jamais écrire à qui s’y est opposé",
        "Votre demande, sa date et la réponse\u202f; une empreinte à clé secrète de "
        "l’adresse effacée ou écartée",
        Basis.LAW,
        f"{TEAM}, {HOST}",
        ("droits", "demandes", "liens", "ecartees"),
    ),
    Purpose(
        "equipe",
        "Donner accès à l’équipe et pouvoir dire qui a fait quoi",
        "Le nom et l’adresse de chaque compte, ses connexions, ses gestes",
        Basis.INTEREST,
        f"{TEAM}, {HOST}",
        ("sessions", "compteurs", "invitations", "gestes", "journal", "acces"),
        interest="l’accès des seules personnes habilitées",
        public=False,
    ),
)


def _days(delay: timedelta) -> str:
    return f"{delay.days}\u00a0jours"


CLOCKS = (
    Clock(
        "contact",
        "Contact, demandes, accords, échanges notés et exemplaires, fichiers compris",
        f"{YEARS}\u00a0ans après votre dernier contact\u00a0: une demande, un "
        "téléchargement, une réponse, un geste sur une de nos pages. Ouvrir un message "
        "ou une page n’en est pas un.",
        "Anonymisés\u00a0: les fichiers sont supprimés, il ne reste que des lignes qui "
        "comptent",
        PURGE,
    ),
    Clock(
        "messages",
        "Corps et pièces jointes des messages, mots de leurs serveurs",
        f"{_days(MESSAGES)} après la fin de l’envoi",
        "Effacés\u202f; restent l’objet, les dates et l’issue",
        PURGE,
    ),
    Clock(
        "requetes",
        "Requêtes sur les liens des exemplaires",
        "Autant que le contact",
        "Ne se rattachent plus à personne",
        f"{PURGE} (with the contact)",
    ),
    Clock(
        "suspects",
        "Demandes tenues pour celles d’un robot",
        "12\u00a0mois après la dernière, sauf si l’équipe lève le soupçon",
        "Anonymisées",
        PURGE,
    ),
    Clock(
        "quotas",
        "Empreinte du réseau",
        f"{QUOTAS.total_seconds() / 3600:.0f}\u00a0heures\u202f; sa clé change "
        "chaque jour",
        "Effacée",
        f"`leads.forget_quotas`, each hour; {PURGE}",
    ),
    Clock(
        "audience",
        "Nombres de visites",
        "25\u00a0mois",
        "Effacés",
        f"`leads.forget_audience`, each hour; {PURGE}",
    ),
    Clock(
        "historique",
        "Changements d’état, affectations, signalements",
        "Autant que le contact",
        "Ne disent plus que des numéros et des dates",
        f"{PURGE} (with the contact)",
    ),
    Clock(
        "vues",
        "Recherches que l’équipe a enregistrées",
        "Jusqu’à l’effacement de la seule personne qu’elles trouvent",
        "Effacées",
        f"{PURGE} (with the contact)",
    ),
    Clock(
        "droits",
        "Droits exercés\u00a0: nature, date et numéro de contact",
        "Tant que le service fonctionne\u00a0: une fois les données effacées, un "
        "numéro ne désigne plus personne",
        "Rien ne désigne une personne",
        "nobody: it is the proof that rights were answered",
    ),
    Clock(
        "ecartees",
        "Empreinte à clé des adresses effacées ou écartées",
        "Tant que le service fonctionne\u00a0: elle empêche de leur écrire",
        "Effacée avec le service",
        "whoever closes the service",
    ),
    Clock(
        "journaux",
        "Journaux techniques, sans nom ni adresse électronique",
        "{LOG_RETENTION_DAYS}\u00a0jours",
        "Effacés",
        "the host, as `LOG_RETENTION_DAYS` promises",
    ),
    Clock(
        "sauvegardes",
        "Sauvegardes",
        "{BACKUP_RETENTION_DAYS}\u00a0jours\u202f; ce qui a été effacé l’est de "
        "nouveau dès qu’une sauvegarde est remise en service",
        "Effacées",
        "the host, as `BACKUP_RETENTION_DAYS` promises",
    ),
    Clock(
        "sessions",
        "Sessions de l’équipe",
        "Jusqu’à leur fin, 12\u00a0heures au plus",
        "Effacées",
        SIGN_INS,
        public=False,
    ),
    Clock(
        "compteurs",
        "Compteurs de tentatives de connexion",
        "Jusqu’à leur échéance",
        "Effacés",
        SIGN_INS,
        public=False,
    ),
    Clock(
        "invitations",
        "Liens d’invitation et de nouveau mot de passe de l’équipe",
        "30\u00a0jours après leur fin",
        "Effacés",
        SIGN_INS,
        public=False,
    ),
    Clock(
        "gestes",
        "Mots saisis pour un geste sur plusieurs contacts",
        f"{_days(GESTURES)} après le geste",
        "Effacés\u202f; restent le geste et ses nombres",
        PURGE,
        public=False,
    ),
    Clock(
        "liens",
        "Liens mailés vers « mes données »",
        f"{_days(LINKS)}",
        "Effacés",
        f"`leads.forget_data_links`, each hour; {PURGE}",
        public=False,
    ),
    Clock(
        "demandes",
        "Demandes de droits venues de personnes inconnues du service",
        f"{YEARS}\u00a0ans après la réponse",
        "Effacées",
        PURGE,
    ),
    Clock(
        "acces",
        "Journal des accès de l’équipe\u00a0: qui s’est connecté, a consulté, exporté, "
        "modifié quoi",
        f"{_days(JOURNAL)}",
        "Effacé\u202f; la base refuse de l’effacer avant",
        PURGE,
        public=False,
    ),
    Clock(
        "journal",
        "Journal des gestes de l’équipe",
        f"{_days(JOURNAL)}",
        "Effacé",
        PURGE,
        public=False,
    ),
)

_PDF = "Écrit sur votre exemplaire\u202f;"
FIELDS = (
    Field("first_name", "Prénom", True, f"{_PDF} dit à qui l’envoyer"),
    Field("last_name", "Nom", True, f"{_PDF} dit à qui l’envoyer"),
    Field(
        "email",
        "Adresse électronique professionnelle",
        True,
        "Où la synthèse est envoyée\u202f; ce qui distingue deux personnes",
    ),
    Field(
        "organisation",
        "Établissement ou structure",
        True,
        f"{_PDF} dit de quel établissement parler en vous recontactant",
    ),
    Field(
        "organisation_type",
        "Type d’établissement",
        True,
        "Choisit l’ordre des pages et ce qui y est mis en avant",
    ),
    Field(
        "job_function",
        "Fonction",
        True,
        "Choisit l’ordre des pages et ce qui y est mis en avant",
    ),
    Field(
        "region",
        "Région",
        True,
        "Écrite sur votre exemplaire\u202f; dit qui, dans l’équipe, vous suit",
    ),
    Field(
        "news_consent",
        "Actualités",
        False,
        "Votre accord à les recevoir, si vous le donnez",
    ),
)
# On the page that follows a request, and only for who wants to be called.
PHONE = Field(
    "phone", "Téléphone", False, "Où vous rappeler, si vous préférez un appel"
)
# Hidden: they hold nothing that anybody typed about themselves.
MACHINERY = {
    "website": "Piège à robots",
    "rendered": "Heure de la page, signée",
    "establishment": "Numéro au registre de l’établissement choisi dans la liste",
    "email_confirmed": "Adresse maintenue après une question sur sa graphie",
}

_BY_KEY = {clock.key: clock for clock in CLOCKS}


def clock(key: str) -> Clock:
    return _BY_KEY[key]


def public_purposes() -> list[Purpose]:
    return [purpose for purpose in PURPOSES if purpose.public]


def public_clocks() -> list[Clock]:
    return [clock for clock in CLOCKS if clock.public]


def three_years_before(at: datetime) -> datetime:
    """Return the instant YEARS earlier; the 29th of February becomes the 28th."""
    return _moved(at, -YEARS)


def erased_on(last_contact: datetime) -> datetime:
    """Return when who was last heard of then is erased."""
    return _moved(last_contact, YEARS)


def _moved(at: datetime, years: int) -> datetime:
    try:
        return at.replace(year=at.year + years)
    except ValueError:
        return at.replace(year=at.year + years, day=28)


# --- The tables of docs/privacy.md ----------------------------------------------------


def tables() -> dict[str, str]:
    """Return each table of docs/privacy.md in Markdown, by the name of its place."""
    return {
        "purposes": _table(
            ("purpose", "data", "basis", "recipients", "kept"),
            (
                (
                    purpose.title,
                    purpose.data,
                    purpose.why,
                    purpose.recipients,
                    ", ".join(f"`{key}`" for key in purpose.clocks),
                )
                for purpose in PURPOSES
            ),
        ),
        "retention": _table(
            ("clock", "data", "kept", "then", "seen to by"),
            (
                (f"`{row.key}`", row.data, _said(row.kept), row.then, row.by)
                for row in CLOCKS
            ),
        ),
        "fields": _table(
            ("field", "label", "asked of", "why"),
            (
                (
                    f"`{row.name}`",
                    row.label,
                    "everybody" if row.required else "who wishes",
                    row.why,
                )
                for row in (*FIELDS, PHONE)
            ),
        ),
    }


def filled(text: str) -> str:
    """Return docs/privacy.md with each table as the register has it now."""
    for name, table in tables().items():
        place = re.compile(
            rf"(<!-- register: {name} -->\n).*?(<!-- /register -->)", re.DOTALL
        )
        text = place.sub(partial(_put, table), text)
    return text


def _put(table: str, place: re.Match[str]) -> str:
    return f"{place[1]}{table}\n{place[2]}"


def _said(kept: str) -> str:
    return re.sub(r"\{(\w+)\}", r"`\1`", kept)


def _table(heads: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [heads, ("---",) * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
