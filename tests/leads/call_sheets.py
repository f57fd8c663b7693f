"""Sheets for every reader, in the fullest case and in the emptiest."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from leads.call_sheet_facts import (
    COLLEAGUES,
    EXCHANGES,
    Colleague,
    Exchange,
    Sheet,
    _questions,
)
from leads.channels import Channel
from leads.sheet_text import cut, line, size
from reports.personalisation import PERSONAS, reading_of, segment_of
from tests.reports.synthesis import HOSTILE, SEGMENT_READERS

MADE_AT = datetime(2026, 11, 28, 14, 24, tzinfo=UTC)
LOREM = "Souhaite un devis, rappeler après la commission médicale " * 10
REFUSED = (
    Channel("Téléphone", False, "ne pas appeler\u00a0: refus du 12/11/2026"),
    Channel("Courriel", False, "ne pas écrire\u00a0: retiré le 12/11/2026"),
)
ALLOWED = (
    Channel(
        "Téléphone",
        True,
        "a demandé à être rappelé le 12/11/2026",
        "+33 1 99 00 00 00",
        "tel:+33199000000",
    ),
    Channel(
        "Courriel",
        True,
        "actualités acceptées le 12/11/2026",
        "camille@exemple.fr",
        "mailto:camille@exemple.fr",
    ),
)


def sheet_for(reader, **values):
    """Return the sheet of somebody of whom nothing else is known."""
    place = ", ".join(filter(None, (reader.type_label, reader.region_label)))
    base = {
        "made_at": MADE_AT,
        "name": line(reader.full_name),
        "name_size": size(reader.full_name),
        "function": reader.function_label,
        "establishment": line(reader.organisation),
        "establishment_size": size(reader.organisation),
        "place": place,
        "owner": "",
        "promise": "",
        "channels": REFUSED,
        "received": (),
        "came": "",
        "standing": "nouveau",
        "next_action": "",
        "questions": _questions(reading_of(segment_of(reader))),
    }
    return Sheet(**(base | values))


def full(reader, letter="", channels=REFUSED):
    """Return the fullest sheet of a reader; `letter` fills every text, if given."""

    def long(width, text=LOREM):
        return cut(letter * 500 if letter else text, width)

    name = "Marie-Bérengère de La Démonstration-Fictive d’Exempleville-sur-Maquette"
    return sheet_for(
        reader,
        owner=long(60, name),
        promise="premier contact avant le 24/11/2026, date passée",
        channels=channels,
        received=(
            "édition 10.10, référence SC26-WWWW-WWWW",
            "remise le 20/11/2026",
            "revenue le 21/11/2026\u00a0: la boîte l’a refusée",
            "pas encore retirée",
        ),
        came=f"demande du 12/11/2026, source «\u00a0{long(36)}\u00a0», "
        f"campagne «\u00a0{long(36)}\u00a0»\u202f; la dernière du 12/11/2026",
        standing="hors cible, fournisseur ou conseil, contact d’essai, tenu pour "
        "suspect",
        next_action=f"{long(98)}, le 12/12/2026",
        colleagues=COLLEAGUES
        * (
            Colleague(
                long(38, name),
                "Direction de la qualité et gestion des risques",
                long(28, name),
            ),
        ),
        more_colleagues=16,
        exchanges=EXCHANGES
        * (
            Exchange(
                "12/11/2026",
                "courriel\u00a0: envoyé, réponse attendue",
                long(30, name),
                long(104),
            ),
        ),
        more_exchanges=6,
    )


LONGEST_ADDRESS = f"{'w' * 64}@{'m' * 63}.{'w' * 63}.exemple.fr"
LONG_ADDRESS = "marie-berengere.demonstration@centre-hospitalier-d-exempleville.fr"
NO_NUMBER = (
    Channel(
        "Téléphone",
        True,
        "aucun numéro laissé\u00a0: passer par le standard, au sujet de la synthèse",
    ),
    Channel(
        "Courriel",
        True,
        "actualités acceptées le 12/11/2026",
        LONG_ADDRESS,
        f"mailto:{LONG_ADDRESS}",
    ),
)
LONGEST = (
    NO_NUMBER[0],
    replace(NO_NUMBER[1], address=LONGEST_ADDRESS, url=f"mailto:{LONGEST_ADDRESS}"),
)
# As long as the form lets anybody be called.
HUNDRED = replace(
    PERSONAS["noms-longs"],
    first_name=("Marie-Françoise " * 10)[:100].strip(),
    last_name=("de La Démonstration " * 10)[:100].strip(),
    organisation=("Groupement de démonstration des Œuvres fictives " * 10)[:200],
)
CAST = {
    **{name: full(reader) for name, reader in PERSONAS.items()},
    "dsi allowed": full(PERSONAS["dsi"], channels=ALLOWED),
    # As short as a sheet becomes by rule: where this fits, all do.
    **{
        key: replace(
            sheet,
            channels=NO_NUMBER,
            colleagues=sheet.colleagues[:1],
            exchanges=sheet.exchanges[:1],
            more_colleagues=19,
            more_exchanges=9,
        )
        for key, sheet in zip(
            SEGMENT_READERS,
            [
                full(replace(reader, last_name=f"Témoin-{key}"))
                for key, reader in SEGMENT_READERS.items()
            ],
            strict=True,
        )
    },
    **{f"{name} empty": sheet_for(PERSONAS[name]) for name in ("dg-chu", "nom-seul")},
    "hundred": full(HUNDRED),
    "hundred allowed": full(HUNDRED, channels=ALLOWED),
    "longest": full(HOSTILE["longest"], "W"),
    "longest allowed": full(HOSTILE["longest"], "W", LONGEST),
    **{name: full(HOSTILE[name]) for name in ("greek", "arabic", "piled up", "markup")},
}
