"""Invent readers as a form would bring them, and as nobody hopes."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from reports.personalisation import Reader
from reports.references import ALPHABET, PREFIX
from reports.vocabulary import JobFunction, OrganisationType, Region

FIRST = (
    "Camille", "Zoë", "François", "Maëlys", "Noël", "Inès", "Øyvind", "Łucja", "José",
    "Marie-Françoise-Bérengère", "Ž", "Jean-Loup", "ANNE-CÉCILE", "Gül",
)  # fmt: skip
RARE = "Nguyễn"  # One letter in it is not in the house's font.
LAST = (
    "Exemple", "d’Essai", "Fictif-Modèle", "Ünal-Spécimen", "Gabarit", "Œuvre-Maquette",
    "de La Démonstration-Fictive d’Exempleville-sur-Maquette", "Šablona", "O'Témoin",
    "Próba", "ÉCHANTILLON", "Di Prova", "Þáttur", "Vzor", "Muster",
)  # fmt: skip
PLACES = (
    "", "Établissement de démonstration n° {}", "CH d’Exempleville {}",
    "Hôpital imaginaire du Chœur-Fictif, site nº {}", "EHPAD « Les Échantillons » {}",
    "Groupement de démonstration d’Exemple et des Œuvres fictives, pôle {} & associés",
    "GHT {}", "Clinique de l’Échantillon – bâtiment {} (Maquette)",
    "Centre hospitalier universitaire régional fictif de Saint-Exemple-en-Maquette, "
    "direction des essais, des modèles et des gabarits numéro {}",
)  # fmt: skip

SCRIPTS = {
    "arabic": "نموذج تجريبي",
    "hebrew": "דוגמה בדיונית",
    "greek": "Ελένη Παράδειγμα",
    "cyrillic": "Жанна Примерова",
    "han": "示例用户",
    "thai": "ตัวอย่างสมมติ",
    "devanagari": "उदाहरण नाम",
    "emoji": "Zoé 👩‍⚕️🇫🇷 Exemple",
    "bidi overrides": "Zoé \u202eelpmexE\u202c \u2067Exemple\u2069",
    "zalgo": "Z" + "\u0300\u0301\u0327\u0489" * 400 + "oé",
    "ten thousand letters": "Démonstration " * 720,
    "one long word": "W" * 10_000,
    "ligatures and no-break hyphens": "ﬁctif Ex\u2011emple",
    "controls": "Zo\x00é\x0b\x1b[31m Exemple\x7f\ufeff\u200b\u00ad",
    "surrogate": "Zo\ud800é Exemple",
    "private use": "Zoé \ue000\U0010fffd Exemple",
    "hieroglyphs": "\U00013000\U00013001 Exemple",
    "math letters": "𝒵𝑜é 𝐄𝐱𝐞𝐦𝐩𝐥𝐞",
    "markup": "<b>Zoé</b> &amp; </section> {{ study }} {% load x %}",
}


def readers(count: int, *, seed: int = 1) -> Iterator[tuple[Reader, str]]:
    """Yield readers that fill the form in Latin letters, each with a reference."""
    rng = random.Random(seed)

    def maybe(values: list[Any]) -> Any:
        return rng.choice(values) if rng.random() < 0.9 else ""

    for _ in range(count):
        reader = Reader(
            first_name=RARE if rng.random() < 0.01 else rng.choice(FIRST),
            last_name=rng.choice(LAST),
            organisation=rng.choice(PLACES).format(rng.randint(1, 180)),
            organisation_type=maybe(OrganisationType.values),
            job_function=maybe(JobFunction.values),
            region=maybe(Region.values),
        )
        drawn = "".join(rng.choices(ALPHABET, k=8))
        yield reader, f"{PREFIX}-{drawn[:4]}-{drawn[4:]}"


def hostile() -> dict[str, Reader]:
    return {
        name: Reader(first_name=text, last_name=text, organisation=text)
        for name, text in SCRIPTS.items()
    }
