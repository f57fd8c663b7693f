"""Bring names of establishments together, however they are abbreviated or typed.

The register writes in capitals and abbreviates (CH, CHU, CTRE, HOP, GH, CLIN, ST);
people write in full, without accents, with slips. Both are brought to the short form.
"""

from __future__ import annotations

import re

from leads.models.folding import fold

# The longest first.
_CH = "(?:centres?|ctre) (?:hospitaliers?|hosp)"
_PHRASES = {
    rf"{_CH} (?:regiona(?:l|ux) )?(?:et )?univ(?:ersitaires?)?": "chu",
    rf"{_CH} regiona(?:l|ux)": "chu",
    rf"{_CH} (?:speciali[sz]es?|spe)": "chs",
    _CH: "ch",
    "(?:groupes?|groupements?|gpe) (?:hospitaliers?|hosp)": "gh",
    "hopita(?:l|ux) universitaires?|hop univ": "hu",
    "hopita(?:l|ux) loca(?:l|ux)|hop local": "hl",
    "ap hp|assistance publique hopitaux de paris": "aphp",
    "ap hm|assistance publique hopitaux de marseille": "aphm",
}
PHRASES = [(re.compile(rf"\b(?:{long})\b"), short) for long, short in _PHRASES.items()]
SHORT = {
    "centre": "ctre",
    "centres": "ctre",
    "chr": "chu",  # FINESS has one category for both.
    "chru": "chu",
    "cl": "clin",
    "clinique": "clin",
    "cliniques": "clin",
    "etablissement": "etab",
    "etablissements": "etab",
    "hopital": "hop",
    "hopitaux": "hop",
    "hospitalier": "hosp",
    "hospitaliere": "hosp",
    "hospitaliers": "hosp",
    "hospit": "hosp",
    "intercommunal": "interco",
    "intercom": "interco",
    "maison": "mais",
    "polyclinique": "polyclin",
    "residence": "res",
    "saint": "st",
    "sainte": "ste",
}
_EMPTY = "a au aux d de des du en et l la le les sur"
EMPTY = frozenset(_EMPTY.split())
# Words so common that a slip in one of them must not hide the rest.
COMMON = (
    "assistance",
    "centre",
    "clinique",
    "etablissement",
    "groupement",
    "groupe",
    "hopital",
    "hopitaux",
    "hospitalier",
    "intercommunal",
    "maison",
    "polyclinique",
    "regional",
    "residence",
    "sainte",
    "saint",
    "universitaire",
)
LEAST = 5  # Letters of a word in which one slip still leaves it known.


def plain(text: str) -> str:
    """Return the words of a name: no case, accent, dot nor sign."""
    text = fold(text)
    text = re.sub(r"\b(?:[a-z]\.){2,}", lambda dots: dots[0].replace(".", ""), text)
    return " ".join(re.findall(r"[a-z0-9]+", text))


def key(text: str) -> str:
    """Return the short form of a name, that its other forms share."""
    text = plain(text)
    for pattern, short in PHRASES:
        text = pattern.sub(short, text)
    words = [SHORT.get(word, word) for word in text.split()]
    return " ".join(word for word in words if word not in EMPTY) or text


def typed_key(text: str) -> str:
    """Return the short form of what somebody typed, slips in common words mended."""
    return key(" ".join(_mended(word) for word in plain(text).split()))


def _mended(word: str) -> str:
    if word in SHORT or len(word) < LEAST:
        return word
    return next((known for known in COMMON if one_slip(word, known)), word)


def one_slip(typed: str, known: str) -> bool:
    """Tell whether one letter was put in, left out, mistaken or swapped."""
    if typed == known:
        return True
    start = 0
    while start < min(len(typed), len(known)) and typed[start] == known[start]:
        start += 1
    one, other = typed[start:], known[start:]
    return (
        one[1:] == other
        or one == other[1:]
        or one[1:] == other[1:]
        or (one[:2] == other[:2][::-1] and one[2:] == other[2:])
    )


# How the register's capitals are read by people. Proper names keep its spelling.
_KEPT = (
    "AP APHM APHP ARS ASBL CAMSP CATTP CDS CH CHD CHG CHI CHR CHRU CHS CHU "
    "CLCC CME CMP CMPP CPTS CRF CSAPA CSG EHPAD EPSM EPS ESAT ESPIC GCS GH "
    "GHT GIE HAD HCL HIA HJ HL HP HU IDF IME IRM ITEP MAS MCO MECS MGEN MSP "
    "PASA PMI SAS SMR SMUR SSIAD SSR UAD UCC UGECAM UHR USLD USP USSR VSL "
    "II III IV VI XV "
)
KEPT = frozenset(_KEPT.split())
_SMALL = "à a au aux d de des du en et l la le les lès par pour sous sur "
SMALL = frozenset(_SMALL.split())
_ACCENTED = (
    "général générale générales gérontologie gérontologique gériatrie "
    "gériatrique hôpital hôpitaux hôtel intérêt médecine médical médicale "
    "médicaux médico mère obstétrique pédiatrie pédiatrique rééducation "
    "réadaptation régional régionale régionaux santé spécialisé spécialisée "
    "spécialisés universitaire départemental départementale établissement "
    "fédération polyclinique précarité unité sécurité sociale dépendantes "
    "âgées hébergement thérapeutique thérapeutiques médicalisée créteil "
)
ACCENTED = {fold(word): word for word in _ACCENTED.split()}


def as_read(name: str) -> str:
    """Return a name of the register as it is written in French, not in capitals.

    A name that has small letters already is left alone, and so is a proper name's
    spelling: its accents are not ours to guess.
    """
    name = " ".join(name.split())
    if name != name.upper():
        return name
    words = re.split(r"([^A-Z0-9À-Ü.]+)", name)
    return "".join(
        part if place % 2 else _cased(part, first=place == 0)
        for place, part in enumerate(words)
    )


def _cased(word: str, *, first: bool) -> str:
    if word.replace(".", "") in KEPT or any(letter.isdigit() for letter in word):
        return word
    low = word.lower()
    if low in SMALL and not first:
        return low
    low = ACCENTED.get(low, low)
    return low[:1].upper() + low[1:]
