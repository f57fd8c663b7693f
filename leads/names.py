"""What may stand in a name that anyone may have mailed to anyone.

OWASP ASVS 5.0, 1.3.3 and 2.4.1: nothing that a mail program turns into a link by
itself, nothing that cannot be seen.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from django.core.exceptions import ValidationError

LINK = re.compile(
    r"\bh(?:tt|xx)ps?\b|:\W?//|\bwww\b|[<>@]"
    r"|\b(?:mailto|javascript|data|file|ftp|tel|sms):\S"
    # As people write what a filter must not see: exemple[.]com, nom (at) exemple.
    r"|[\[({]\s*(?:\.|dot|point|at|arobase|:)\s*[\])}]",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"(?<![\d.])\d{1,3}(?:\.\d{1,3}){3}(?!\.?\d)")
# A person's name has no dot between two words; an establishment's may ("St.Joseph").
DOMAIN_IN_NAME = re.compile(r"[^\W_]{2}\.[^\W\d_]{2}")
# Endings that are refused after any word, whatever its capitals.
ENDINGS = {
    *("ai", "app", "at", "au", "be", "biz", "bond", "br", "buzz", "ca", "cc", "cf"),
    *("ch", "click", "cloud", "club", "cn", "co", "com", "de", "dev", "es", "eu", "fr"),
    *("ga", "gg", "gl", "gq", "icu", "in", "info", "io", "it", "link", "live", "lu"),
    *("ly", "me", "ml", "mobi", "net", "nl", "no", "online", "org", "page", "pl"),
    *("pro", "pw", "ru", "se", "shop", "site", "store", "su", "tech", "tk", "to"),
    *("top", "tv", "uk", "us", "vip", "web", "website", "work", "ws", "xyz", "zip"),
}
# Words that follow a dot in lower case, and the short ones that come before it.
PARTICLES = {"au", "aux", "de", "des", "du", "en", "et", "la", "le", "les", "sur"}
TITLES = {"dr", "me", "mr", "pr", "st", "ste"}
# Control, format (bidirectional overrides among them), surrogate, private use,
# unassigned.
FORBIDDEN_CATEGORIES = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
SIGNS = set("©®°™№℠℗")  # Of the pictures, those that honest names have.
SOFT = {"\u200c", "\u200d", "\u00ad"}  # Joiners and soft hyphen: honest in names.
BLANK_LETTERS = "\u115f\u1160\u3164\uffa0"  # Hangul fillers: letters that show nothing.
MARKS = {"Mn", "Me"}
MOST_MARKS = 3  # On one letter: Vietnamese needs two, pointed Hebrew three.


def plain_text(value: str) -> None:
    """Refuse what cannot stand in a name: links, invisible and piled up characters."""
    skeleton = _skeleton(value)
    if LINK.search(skeleton):
        raise ValidationError(
            "Ce champ ne peut contenir ni adresse de site, ni arobase, ni chevrons.",
            code="link",
        )
    seen = [character for character in value if character not in SOFT]
    categories = [unicodedata.category(character) for character in seen]
    if "\ufffd" in seen or not FORBIDDEN_CATEGORIES.isdisjoint(categories):
        raise ValidationError(
            "Ce champ contient des caractères invisibles ou illisibles : "
            "saisissez-le de nouveau.",
            code="characters",
        )
    if any(unicodedata.category(c) == "So" for c in seen if c not in SIGNS):
        raise ValidationError(
            "Ce champ ne peut contenir ni émoji ni pictogramme.", code="picture"
        )
    if not any(c.isalnum() for c in seen if c not in BLANK_LETTERS):
        raise ValidationError(
            "Saisissez au moins une lettre ou un chiffre.", code="blank"
        )
    shape = "".join("m" if category in MARKS else "." for category in categories)
    if "m" * (MOST_MARKS + 1) in shape:
        raise ValidationError(
            "Ce champ porte trop d’accents sur une même lettre : "
            "saisissez-le de nouveau.",
            code="marks",
        )
    if ADDRESS.search(skeleton) or _has_domain(skeleton):
        raise ValidationError(
            "Ce champ ne peut contenir d’adresse de site : "
            "laissez une espace après un point.",
            code="domain",
        )


def no_domain(value: str) -> None:
    """Refuse a dot between two words in a person's name."""
    if DOMAIN_IN_NAME.search(_skeleton(value)):
        raise ValidationError(
            "Un nom ne peut contenir d’adresse de site : "
            "laissez une espace après un point.",
            code="domain",
        )


def _skeleton(value: str) -> str:
    """Return the letters that a mail program would read, without what they wear."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKD", value).replace("。", ".")
        if character not in SOFT and unicodedata.category(character) not in MARKS
    )


def _has_domain(text: str) -> bool:
    for before, after in pairwise(text.split(".")):
        label = re.split(r"[^\w-]", before)[-1].strip("-_")
        ending = re.match(r"[^\W\d_]{2,}", after)
        if label and ending and _is_domain(label, ending[0], after[ending.end() :]):
            return True
    return False


def _is_domain(label: str, ending: str, rest: str) -> bool:
    """Tell `evil.vip`, `x.com` and `t.me/x` from `St.Joseph`, `M.Ly` and `C.H.de`."""
    if rest.startswith("/"):
        return True
    known, capital = ending.lower() in ENDINGS, ending[0].isupper()
    particle = ending in PARTICLES
    if len(label) == 1 or label.lower() in TITLES:
        return known and not (len(ending) == 2 and (capital or particle))
    # In lower case, any word may be an ending: there are over a thousand.
    return known or not (capital or particle or label.isdecimal())
