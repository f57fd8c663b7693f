"""What mail servers answer, class by class, and what to do about it, in French.

RFC 5321, 4.2 (reply codes) and RFC 3463 (enhanced status codes).
"""

from __future__ import annotations

import re
import socket
import ssl
from dataclasses import dataclass

from outbox.smtp import Failure, Step


@dataclass(frozen=True)
class Reason:
    """Why a message did not leave: the cause and what to do about it.

    `visitor` is what the person who asked may read; empty where it is our affair.
    """

    cause: str
    staff: str
    visitor: str = ""


_WAIT = "Rien à faire : l’envoi repart de lui-même."
_CHECK = "Vérifier l’adresse auprès de la personne, puis faire une nouvelle demande."
_CALL_HOST = (
    "Prévenir qui exploite le serveur de messagerie ; tout repart ensuite seul."
)
_IT_DESK = (
    "Votre messagerie a refusé le message : demandez à votre service informatique "
    "d’autoriser notre adresse d’expédition, ou indiquez une autre adresse."
)

_OURS = "L’erreur vient de nous : votre adresse n’est pas en cause."

REASONS = {
    # About the recipient.
    "unknown": Reason(
        "adresse inconnue", _CHECK,
        "Cette adresse est inconnue de sa messagerie : vérifiez-la.",
    ),
    "domain": Reason(
        "domaine introuvable", _CHECK,
        "La partie de l’adresse après @ n’existe pas, ou ne reçoit pas de courriel : "
        "vérifiez-la.",
    ),
    "malformed": Reason(
        "adresse impossible", _CHECK,
        "Cette adresse ne peut pas exister : vérifiez-la.",
    ),
    "disabled": Reason(
        "boîte désactivée", "Demander une autre adresse à la personne.",
        "Cette boîte ne reçoit plus de courriel : indiquez une autre adresse.",
    ),
    "full": Reason(
        "boîte pleine", "Renvoyer plus tard, ou demander une autre adresse.",
        "Votre boîte est pleine : faites de la place, puis demandez un nouvel envoi.",
    ),
    "size": Reason(
        "message trop lourd", "Envoyer le lien de l’exemplaire par un autre moyen.",
        "Votre messagerie refuse les messages de cette taille : indiquez une autre "
        "adresse.",
    ),
    "policy": Reason(
        "refusé par la messagerie du destinataire",
        "Demander à son service informatique d’autoriser l’adresse d’expédition, "
        "puis renvoyer.",
        _IT_DESK,
    ),
    "identity": Reason(
        "expéditeur mal authentifié (SPF, DKIM ou DMARC)",
        "Lancer « manage.py check_email_dns », corriger, puis renvoyer.",
        _OURS,
    ),
    "refused": Reason(
        "refusé", "Lire la réponse du serveur, corriger la cause, puis renvoyer.",
        _IT_DESK,
    ),
    "moot": Reason(
        "plus rien à dire",
        "Rien à faire : ce dont parlait ce message n’est plus vrai.",
    ),
    "greylist": Reason("mis en attente (liste grise)", _WAIT),
    "later": Reason("à réessayer plus tard", _WAIT),
    "complaint": Reason(
        "signalé comme indésirable", "Ne plus écrire à cette personne."
    ),
    "undelivered": Reason(
        "non distribué dans les délais", "Renvoyer, ou demander une autre adresse.",
        "La messagerie de votre établissement n’a pas pris le message à temps : "
        "demandez un nouvel envoi.",
    ),
    # About the server, or about us: nothing is lost, everything waits.
    "dns": Reason("nom du serveur introuvable", _CALL_HOST),
    "away": Reason("connexion refusée", _CALL_HOST),
    "timeout": Reason("le serveur ne répond pas", _CALL_HOST),
    "dropped": Reason("connexion coupée", _CALL_HOST),
    "tls": Reason(
        "chiffrement impossible (TLS)",
        "Vérifier MAIL_URL et le certificat du serveur ; tout repart ensuite seul.",
    ),
    "sign-in": Reason(
        "identifiants refusés par le serveur",
        "Corriger l’identifiant ou le mot de passe de MAIL_URL ; tout repart ensuite "
        "seul.",
    ),
    "busy": Reason("serveur saturé", _WAIT),
    "sender": Reason(
        "adresse d’expédition refusée",
        "Vérifier MAIL_FROM et les droits du compte ; tout repart ensuite seul.",
        _OURS,
    ),
    "banner": Reason("le serveur refuse la connexion", _CALL_HOST),
    # About us alone.
    "storage": Reason(
        "fichiers des exemplaires injoignables",
        "Vérifier le stockage des exemplaires ; tout repart ensuite seul.",
    ),
    "file": Reason(
        "exemplaire introuvable ou abîmé",
        "Vérifier le stockage, puis renvoyer.",
        _OURS,
    ),
    "unforeseen": Reason(
        "erreur imprévue", "Transmettre la cause à l’équipe technique.", _OURS
    ),
    "crash": Reason(
        "trop de tentatives interrompues",
        "Transmettre la cause à l’équipe technique, puis renvoyer.",
        _OURS,
    ),
    "unknown-fate": Reason(
        "issue incertaine : peut-être déjà reçu",
        "Rien à faire : le même message repart, avec le même Message-ID.",
    ),
    # Withheld.
    "suppressed": Reason(
        "adresse écartée",
        "L’adresse a rebondi, s’est plainte ou s’est opposée : n’y plus écrire.",
    ),
    "quota": Reason(
        "quota du destinataire",
        "Renvoyer demain, ou dès maintenant si la personne le demande.",
    ),
    "domain-quota": Reason(
        "quota du domaine",
        "Trop de demandes en une heure pour ce domaine : vérifier qu’elles sont "
        "sincères, puis renvoyer.",
    ),
    "erased": Reason("personne effacée", "Rien à faire : ses données sont effacées."),
    "unasked": Reason(
        "non demandé par la personne",
        "Rien à faire\u00a0: elle n’y a pas consenti, ou ne veut plus de ces messages.",
    ),
    "corrected": Reason(
        "adresse corrigée par la personne",
        "Rien à faire : la demande corrigée a son propre envoi.",
    ),
    "suspect": Reason(
        "soupçon de robot",
        "Lever le soupçon si c’est une personne\u00a0: l’envoi repart de lui-même.",
    ),
    "frozen": Reason(
        "usage suspendu par la personne",
        "Rien à faire : l’envoi repart si la personne lève la suspension.",
    ),
    "trial": Reason(
        "hors liste d’essai", "Ajouter l’adresse à MAIL_ALLOW_ONLY, ou ne rien faire."
    ),
}  # fmt: skip
NO_REASON = Reason("cause inconnue", "Lire les étapes de l’envoi.")


@dataclass(frozen=True)
class Verdict:
    """What a failure means: a key of REASONS, and what comes of the message."""

    reason: str
    final: bool = False  # The answer will be the same tomorrow.
    server: bool = False  # Not about this message: it has used no attempt up.
    counts: bool = False  # One more failure for the breaker.
    opens: bool = False  # Nothing can pass before it is mended: the breaker opens.


ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
IDENTITY = {"7.20", "7.21", "7.22", "7.23", "7.25", "7.26", "7.27", "7.30", "7.515"}
BY_STATUS = {
    "1.2": "domain", "1.3": "malformed", "1.7": "sender", "1.8": "sender",
    "1.10": "domain", "2.1": "disabled", "2.2": "full", "2.3": "size", "3.4": "size",
    "4.4": "domain", "4.7": "undelivered",
    **dict.fromkeys(IDENTITY, "identity"),
}  # fmt: skip
BY_FAMILY = {"1": "unknown", "7": "policy"}
RELAYING = re.compile(r"relay(ing)?\b.*(denied|not permitted|prohibited)", re.I)
SIGN_IN_CODES = {530, 534, 535, 538}
SERVER_STEPS = {Step.CONNECT, Step.TLS, Step.SIGN_IN, Step.GREET, Step.MAIL}


def verdict(failure: Failure) -> Verdict:
    """Class a failure of the session by its step, its code and its words."""
    step, code = failure.step, failure.code
    if code is None:
        return _silence(failure)
    if code in SIGN_IN_CODES or RELAYING.search(failure.text):
        return Verdict("sign-in", server=True, counts=True, opens=True)
    if step is Step.SIGN_IN:  # 454: not now.
        return Verdict("busy", server=True, counts=True)
    if step is Step.MAIL and code == 552:  # RFC 1870: too big, before it is sent.
        return Verdict("size", final=True)
    if step in SERVER_STEPS:
        return Verdict(_of_server(step, code), server=True, counts=True)
    if code == 432:  # Microsoft: too many of us at once.
        return Verdict("busy", server=True, counts=True)
    if code == 421:
        return Verdict("busy", counts=True)
    if 500 <= code < 600:
        return Verdict(reason_of(code, failure.text, step), final=True)
    return Verdict(_temporary(failure))


def _silence(failure: Failure) -> Verdict:
    if failure.ambiguous:
        return Verdict("unknown-fate")
    error = failure.__cause__
    if failure.step is Step.TLS or isinstance(error, ssl.SSLError):
        reason = "tls"
    elif isinstance(error, socket.gaierror | ValueError):
        reason = "dns"
    elif isinstance(error, ConnectionRefusedError):
        reason = "away"
    elif isinstance(error, TimeoutError) or "timed out" in failure.text:
        reason = "timeout"
    elif failure.step is Step.SIGN_IN:  # The server offers no way to sign in.
        reason = "sign-in"
    else:
        reason = "dropped"
    return Verdict(reason, server=True, counts=True)


def _of_server(step: Step, code: int) -> str:
    if code < 500:
        return "busy"
    return {Step.TLS: "tls", Step.MAIL: "sender"}.get(step, "banner")


def _temporary(failure: Failure) -> str:
    status = ENHANCED.search(failure.text)
    if status and status[2] + "." + status[3] == "2.2":
        return "full"
    grey = failure.step is Step.RCPT and "list" in failure.text.lower()
    return "greylist" if grey else "later"


def reason_of(code: int | None, text: str, step: Step | None = None) -> str:
    """Return the reason of a permanent refusal, from its enhanced status at best."""
    if status := ENHANCED.search(text):
        known = BY_STATUS.get(f"{status[2]}.{status[3]}") or BY_FAMILY.get(status[2])
        if known:
            return known
    if code == 552:
        return "full" if step is Step.RCPT else "size"
    if code == 556:  # RFC 7504: the domain takes no mail.
        return "domain"
    if code == 501 and step is Step.RCPT:
        return "malformed"
    if step is Step.RCPT and code in (550, 551, 553):
        return "unknown"
    return "policy" if code in (550, 554) else "refused"
