"""Read what DNS says of our mail, and say in French what is missing (SPF, DKIM, DMARC).

RFC 7208, RFC 6376, RFC 7489. Asked by a person, never by the running product.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import dns.exception
import dns.resolver
import dns.reversename

LOOKUPS = 10  # RFC 7208, 4.6.4: more makes the whole record an error.
MECHANISM = re.compile(r"[-+~?]?(include:|redirect=|exists:|a|mx|ptr)([^/]*)")
RSA_2048 = 270  # Bytes of an RSA key of 2048 bits, DER-encoded, at least.


class Level(StrEnum):
    GOOD = "bon"
    WARNING = "à améliorer"
    ERROR = "à corriger"


@dataclass(frozen=True)
class Finding:
    """One thing that DNS says, and what to do about it."""

    level: Level
    subject: str
    said: str
    to_do: str = ""


def good(subject: str, said: str) -> Finding:
    return Finding(Level.GOOD, subject, said)


def warning(subject: str, said: str, to_do: str) -> Finding:
    return Finding(Level.WARNING, subject, said, to_do)


def error(subject: str, said: str, to_do: str) -> Finding:
    return Finding(Level.ERROR, subject, said, to_do)


class Records:
    """The records of a domain, as a resolver sees them."""

    def __init__(self, resolver: dns.resolver.Resolver) -> None:
        self.resolver = resolver

    def _ask(self, name: str, kind: str) -> list[Any]:
        """Return the answers; none where the name or the kind does not exist."""
        try:
            return list(self.resolver.resolve(name, kind, search=False))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []

    def txt(self, name: str, begins: str) -> list[str]:
        """Return the TXT records of a name that begin with a tag."""
        found = (b"".join(row.strings).decode("utf-8", "replace") for row in
                 self._ask(name, "TXT"))  # fmt: skip
        return [text for text in found if text.lower().startswith(begins.lower())]

    def mx(self, name: str) -> list[str]:
        return [str(row.exchange).rstrip(".") for row in self._ask(name, "MX")]

    def addresses(self, name: str) -> list[str]:
        return [str(row) for kind in ("A", "AAAA") for row in self._ask(name, kind)]

    def names(self, address: str) -> list[str]:
        pointer = str(dns.reversename.from_address(address))
        return [str(row.target).rstrip(".") for row in self._ask(pointer, "PTR")]


def findings(
    records: Records, domain: str, selectors: list[str], reply_to: str, server: str
) -> Iterator[Finding]:
    """Yield what is right and what is not, for mail from `domain` sent by `server`."""
    yield from spf(records, domain)
    yield from dkim(records, domain, selectors)
    yield from dmarc(records, domain)
    for name in dict.fromkeys(filter(None, (domain, reply_to))):
        yield from mx(records, name)
    yield from ptr(records, server)


def spf(records: Records, domain: str) -> Iterator[Finding]:
    found = records.txt(domain, "v=spf1")
    if not found:
        yield error(
            "SPF",
            f"aucun enregistrement SPF sur {domain}.",
            "Publier « v=spf1 include:(votre prestataire) -all » en TXT.",
        )
        return
    if len(found) > 1:
        yield error(
            "SPF",
            f"{len(found)} enregistrements SPF sur {domain} : aucun ne compte.",
            "N’en garder qu’un, qui réunit les mécanismes de tous.",
        )
        return
    lookups = _lookups(records, domain, set())
    if lookups > LOOKUPS:
        yield error(
            "SPF",
            f"{lookups} interrogations du DNS, pour {LOOKUPS} permises : SPF échoue.",
            "Retirer des « include: » ou les remplacer par des adresses.",
        )
    words = found[0].lower().split()
    if "redirect=" in found[0].lower() or words[-1] in ("-all", "~all"):
        yield good("SPF", f"un seul enregistrement, « {found[0]} ».")
    elif words[-1] in ("+all", "all"):
        yield error(
            "SPF",
            "« +all » permet à tous d’écrire en votre nom.",
            "Terminer par « -all ».",
        )
    else:
        yield warning(
            "SPF",
            f"« {found[0]} » ne dit pas que faire des autres serveurs.",
            "Terminer par « -all » ou « ~all ».",
        )


def _lookups(records: Records, domain: str, seen: set[str]) -> int:
    """Count the lookups of a record and of those it includes; stop at too many."""
    count = 0
    seen.add(domain)
    for record in records.txt(domain, "v=spf1")[:1]:
        for word in record.lower().split()[1:]:
            name = re.match(
                r"[-+~?]?(include:|redirect=|exists:|a|mx|ptr)([^/]*)", word
            )
            if name is None or word.lstrip("-+~?") == "all":
                continue
            count += 1
            follow = name[1] in ("include:", "redirect=") and name[2] not in seen
            if follow and count <= LOOKUPS and len(seen) <= LOOKUPS:
                count += _lookups(records, name[2], seen)
    return count


def dkim(records: Records, domain: str, selectors: list[str]) -> Iterator[Finding]:
    if not selectors:
        yield warning(
            "DKIM",
            "aucun sélecteur donné : rien n’a été vérifié.",
            "Relancer avec --selector NOM ; c’est « s= » dans l’en-tête "
            "DKIM-Signature d’un message reçu.",
        )
    for selector in selectors:
        name = f"{selector}._domainkey.{domain}"
        # "v=" may be left out of a key's record (RFC 6376, 3.6.1).
        keys = [text for text in records.txt(name, "") if "p=" in text]
        yield _key(name, keys)


def _key(name: str, keys: list[str]) -> Finding:
    if not keys:
        return error(
            "DKIM",
            f"aucune clé en {name}.",
            "Publier la clé que donne votre prestataire.",
        )
    tags = _tags(keys[0])
    if not tags["p"]:
        return error(
            "DKIM", f"la clé de {name} est révoquée.", "Publier la clé en vigueur."
        )
    try:
        der = base64.b64decode(re.sub(r"\s", "", tags["p"]), validate=True)
    except binascii.Error:
        return error(
            "DKIM",
            f"la clé de {name} est illisible.",
            "La publier de nouveau, entière.",
        )
    if tags.get("k", "rsa") == "rsa" and len(der) < RSA_2048:
        return warning(
            "DKIM",
            f"la clé de {name} a moins de 2 048 bits.",
            "En demander une plus longue à votre prestataire.",
        )
    return good(
        "DKIM",
        f"clé publiée en {name} ; signée « d={domain_of(name)} », elle est alignée.",
    )


def domain_of(name: str) -> str:
    return name.partition("._domainkey.")[2]


def _tags(record: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in record.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def dmarc(records: Records, domain: str) -> Iterator[Finding]:
    """Look up the domain, then its parents: the nearest policy holds."""
    labels = domain.split(".")
    for start in range(len(labels) - 1):
        parent = ".".join(labels[start:])
        found = records.txt(f"_dmarc.{parent}", "v=DMARC1")
        if len(found) > 1:
            yield error(
                "DMARC",
                f"{len(found)} enregistrements en _dmarc.{parent} : aucun ne compte.",
                "N’en garder qu’un.",
            )
            return
        if found:
            yield from _policy(parent, domain, _tags(found[0]))
            return
    yield error(
        "DMARC",
        f"aucune politique pour {domain}.",
        f"Publier « v=DMARC1; p=none; rua=mailto:… » en TXT sur _dmarc.{domain}.",
    )


def _policy(parent: str, domain: str, tags: dict[str, str]) -> Iterator[Finding]:
    policy = tags.get("p", "").lower()
    if parent != domain:
        policy = tags.get("sp", policy).lower()
    if policy not in ("none", "quarantine", "reject"):
        yield error(
            "DMARC",
            f"la politique « p={policy} » n’existe pas.",
            "Écrire none, quarantine ou reject.",
        )
        return
    if policy == "none":
        yield warning(
            "DMARC",
            f"_dmarc.{parent} observe sans rien refuser (p=none).",
            "Lire les rapports quelques semaines, puis passer à quarantine.",
        )
    else:
        yield good("DMARC", f"_dmarc.{parent} protège le domaine (p={policy}).")
    if "rua" not in tags:
        yield warning(
            "DMARC",
            "personne ne reçoit les rapports.",
            "Ajouter « rua=mailto:… ».",
        )
    strict = [
        word for tag, word in (("aspf", "SPF"), ("adkim", "DKIM"))
        if tags.get(tag, "r").lower() == "s"
    ]  # fmt: skip
    if strict:
        yield warning(
            "Alignement",
            f"strict pour {' et '.join(strict)} : le domaine exact est exigé.",
            f"Vérifier que votre prestataire signe et expédie au nom de {domain} même.",
        )
    else:
        yield good(
            "Alignement",
            f"souple : l’expéditeur d’enveloppe et la signature en {domain} ou l’un "
            "de ses sous-domaines conviennent.",
        )


def mx(records: Records, domain: str) -> Iterator[Finding]:
    found = records.mx(domain)
    if any(found):
        yield good("MX", f"{domain} reçoit du courriel ({', '.join(sorted(found))}).")
    else:
        yield error(
            "MX",
            f"{domain} ne reçoit pas de courriel : réponses et rebonds se perdent.",
            "Publier un MX, ou changer MAIL_FROM ou MAIL_REPLY_TO.",
        )


def ptr(records: Records, server: str) -> Iterator[Finding]:
    """Check that the server's addresses have names that lead back to them."""
    public = [a for a in _server_addresses(records, server) if _is_public(a)]
    if not public:
        yield warning(
            "PTR",
            f"{server} n’a pas d’adresse publique connue : rien n’a été vérifié.",
            "Vérifier le nom inverse de l’adresse d’où partent les messages.",
        )
    for address in public:
        names = records.names(address)
        back = [name for name in names if address in records.addresses(name)]
        if back:
            yield good("PTR", f"{address} se nomme {back[0]}, qui ramène à elle.")
        else:
            yield error(
                "PTR",
                f"{address} n’a pas de nom inverse qui ramène à elle.",
                "Le demander à l’hébergeur de cette adresse.",
            )


def _server_addresses(records: Records, server: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(server))]
    except ValueError:
        return records.addresses(server)


def _is_public(address: str) -> bool:
    known = ipaddress.ip_address(address)
    return not (known.is_loopback or known.is_private or known.is_link_local)


def resolver(nameserver: str = "", lifetime: float = 10) -> dns.resolver.Resolver:
    """Return a resolver; `nameserver` is an address, with a port or without."""
    made = dns.resolver.Resolver(configure=not nameserver)
    made.lifetime = lifetime
    if nameserver:
        host, _, port = nameserver.partition("#")
        made.nameservers = [host]
        made.port = int(port or 53)
    return made


Unanswered = (dns.resolver.NoNameservers, dns.exception.Timeout)
