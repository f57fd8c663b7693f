"""What must be said before a deployment may be called one."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from reports import editions

NOBODY = re.compile(r"(no|do-?not|ne-?pas)[-_.]?(reply|repondre)")


@register(deploy=True)
def publisher_is_known(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse what the pages would show as « à compléter » (LCEN, art. 6-III; RGPD, 13).

    Where a thing does not exist, its setting says so: « sans objet ». The two addresses
    exist: rights are exercised there.
    """
    errors: list[CheckMessage] = [
        Error(
            f"PUBLISHER_{name.upper()} is empty: the legal pages need it.",
            id="santescopie.E001",
        )
        for name, said in settings.PUBLISHER.items()
        if not said
    ]
    errors += [
        Error(
            f"PUBLISHER_{name.upper()} is no e-mail address: people write to it.",
            id="santescopie.E006",
        )
        for name in ("contact", "dpo_email")
        if "@" not in (settings.PUBLISHER[name] or "@")
    ]
    return errors


LONGEST = {"LOG_RETENTION_DAYS": 365, "BACKUP_RETENTION_DAYS": 365}


@register(deploy=True)
def register_is_complete(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Refuse a register that promises nothing, or more than the CNIL allows.

    Logs are kept for six months to a year (CNIL, « journalisation », 2021).
    """
    errors: list[CheckMessage] = []
    for name, longest in LONGEST.items():
        days = getattr(settings, name)
        if not days:
            errors.append(
                Error(
                    f"{name} is empty: the privacy page says how long, and nobody "
                    "else knows.",
                    id="santescopie.E013",
                )
            )
        elif not 0 < days <= longest:
            errors.append(
                Error(
                    f"{name} is {days}: from 1 to {longest} days are kept.",
                    id="santescopie.E014",
                )
            )
    if not security_contact():
        errors.append(
            Error(
                f"SECURITY_CONTACT is {settings.SECURITY_CONTACT!r}: an address or an "
                "https:// page is needed (RFC 9116).",
                id="santescopie.E015",
            )
        )
    return errors


def security_contact() -> str:
    """Return the URI of who is told of a weakness, or nothing where nobody is."""
    said = settings.SECURITY_CONTACT.removeprefix("mailto:")
    if re.fullmatch(r"https://[^\s]+", said):
        return said
    return f"mailto:{said}" if re.fullmatch(r"[^\s@:]+@[^\s@:]+", said) else ""


@register(deploy=True)
def site_is_secure(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    errors: list[CheckMessage] = []
    if not settings.SITE_URL.startswith("https://"):
        errors.append(Error("SITE_URL is not https://.", id="santescopie.E002"))
    if not settings.TRUSTED_PROXIES:
        errors.append(
            Error(
                "TRUSTED_PROXIES is 0: behind a proxy that ends TLS nobody could sign "
                "in, and all visitors would share one quota.",
                id="santescopie.E005",
            )
        )
    if settings.DEBUG:
        errors.append(Error("DEBUG is on.", id="santescopie.E007"))
    if settings.DEMO:
        errors.append(Error("DEMO is on.", id="santescopie.E003"))
    reply_to = parseaddr(settings.REPLY_TO)[1].lower()
    if not reply_to or NOBODY.match(reply_to):
        errors.append(
            Error(
                f"MAIL_REPLY_TO is {reply_to!r}: people answer our mail, and somebody "
                "must read it.",
                id="santescopie.E010",
            )
        )
    if settings.MAIL_ALLOW_ONLY:
        errors.append(
            Error(
                "MAIL_ALLOW_ONLY is set: everybody else's mail is withheld.",
                id="santescopie.E011",
            )
        )
    if settings.DELAY_SCALE != 1:
        errors.append(Error("DELAY_SCALE is not 1.", id="santescopie.E004"))
    return errors


@register(deploy=True)
def silence_is_heard(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Warn where nothing would tell that nothing leaves any more."""
    found: list[CheckMessage] = []
    if not settings.SEED_MAILBOX:
        found.append(
            Warning(
                "SEED_MAILBOX is empty: no synthetic lead tries the chain, and nobody "
                "is told when it stops.",
                id="santescopie.W001",
            )
        )
    for address in (settings.SEED_MAILBOX, *settings.ALARM_TO):
        if address and "@" not in address:
            found.append(
                Error(
                    f"SEED_MAILBOX or ALARM_TO: {address!r} is no e-mail address.",
                    id="santescopie.E012",
                )
            )
    return found


@register(deploy=True)
def document_is_its_edition(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if editions.is_intact():
        return []
    version = editions.PRESENT.version
    return [
        Error(
            f"The document is not edition {version} any more: declare another one in "
            "reports/editions.py.",
            id="santescopie.E006",
        )
    ]
