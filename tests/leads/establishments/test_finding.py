"""Whatever is typed, the establishment that was meant comes among the first."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from leads.establishments import finding, importing, names, register
from leads.models import Establishment
from leads.models.folding import fold
from tests.leads.establishments.extracts import extract, line

pytestmark = pytest.mark.django_db


def load(content):
    found = register.read(content)
    importing.apply(found, file_name="extrait.csv", content=content)


@pytest.fixture
def register_of_eight():
    load(
        extract(
            line("359000010", "CENTRE HOSPITALIER   EXEMPLE", "EXEMPLE"),
            line("359000028", "CHRU FICTIF SITE NORD", "FICTIF", category="101"),
            line("359000036", "CHU FICTIF SITE SUD", "FICTIF", category="101"),
            line("359000044", "HU DEMO ENFANTS MALADES APHP", "ESSAI", category="101"),
            line("359000051", "EHPAD DU CH EXEMPLE", "EXEMPLE", category="500"),
            line("359000069", "CL ST ESSAI", "VILLE MODELE", category="365"),
            line("359000077", "C.H. DE TEST", "TEST"),
            line("359000085", "GROUPE HOSPITALIER MODELE", "MODELE"),
        )
    )


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("ch exemple", "359000010"),
        ("Centre hospitalier d’Exemple", "359000010"),
        ("cetnre hospitalire exemple", "359000010"),
        ("exemple ch", "359000010"),
        ("CHU fictif sud", "359000036"),
        ("CHR de Fictif, site nord", "359000028"),
        ("hôpital démo", "359000044"),
        ("AP-HP demo", "359000044"),
        ("clinique saint essai", "359000069"),
        ("ch test", "359000077"),
        ("gh modèle", "359000085"),
    ],
)
def test_abbreviations_accents_order_and_slips_hide_nothing(
    register_of_eight, typed, meant
):
    found = [one.establishment.pk for one in finding.find(typed)]

    assert found[0] == meant


def test_the_hospital_comes_before_its_nursing_home(register_of_eight):
    found = [one.establishment.pk for one in finding.find("ch exemple")]

    assert found == ["359000010", "359000051"]


def test_what_is_closed_is_not_proposed(register_of_eight):
    Establishment.objects.filter(pk="359000010").update(closed_on="2026-01-01")

    assert [f.establishment.pk for f in finding.find("ch exemple")] == ["359000051"]


@pytest.mark.parametrize(
    "typed", ["", "ch", "  ", "\x00\x00\x00", "%%%", "'; --", "de la"]
)
def test_what_says_nothing_finds_nothing(register_of_eight, typed):
    assert finding.find(typed) == []


def test_nothing_that_can_be_typed_breaks_it(register_of_eight):
    rnd = random.Random(1)
    letters = "ab  é’-.%_\\'\"()&|!:*\x00\n\u202f€œß\ud7ff𝔊0"
    for _ in range(300):
        finding.find("".join(rnd.choices(letters, k=rnd.randrange(120))))


def test_a_name_of_the_register_is_written_as_people_do():
    assert names.as_read("CENTRE HOSPITALIER   VILLE") == "Centre Hospitalier Ville"
    assert names.as_read("HOPITAL DE LA SANTE") == "Hôpital de la Santé"
    assert names.as_read("CHRU VILLE SITE NORD") == "CHRU Ville Site Nord"
    assert names.as_read("C.H. L'EXEMPLE") == "C.H. l'Exemple"
    assert names.as_read("Centre déjà écrit") == "Centre déjà écrit"


def slipped(rnd, text):
    """Return a text with one letter put in, left out, mistaken or swapped."""
    places = [i for i, letter in enumerate(text) if letter.isalpha()]
    if not places:
        return text
    i, letter = rnd.choice(places), rnd.choice("abcdefghijklmnopqrstuvwxyz")
    return rnd.choice(
        [
            text[:i] + text[i + 1 :],
            text[:i] + letter + text[i + 1 :],
            text[:i] + letter + text[i:],
            text[:i] + text[i + 1 : i + 2] + text[i] + text[i + 2 :],
        ]
    )


def test_the_whole_register_is_found_by_its_names():
    """Of all hospitals, 95 % by their own name, without accents and with one slip."""
    path = os.environ.get("FINESS_EXTRACT")
    if not path:
        pytest.skip("FINESS_EXTRACT names no extract")
    load(Path(path).read_bytes())
    for typed, numbers in {
        "ch vitre": {"350000188"},
        "hopital necker": {"750100208"},
        "pitié salpetriere": {"750100125"},
    }.items():
        first = [one.establishment.pk for one in finding.find(typed)][:3]
        assert numbers & set(first), (typed, first)
    sites = [one.establishment.entity for one in finding.find("CHU rénnes")][:3]
    assert "350005179" in sites

    rnd = random.Random(1)
    hospitals = Establishment.objects.filter(
        category__in=[
            "101",
            "355",
            "106",
            "114",
            "115",
            "131",
            "122",
            "128",
            "129",
            "365",
        ]
    )
    missed = [
        (typed, one.name)
        for one in hospitals
        for typed in [slipped(rnd, fold(one.name))]
        if one.pk not in [f.establishment.pk for f in finding.find(typed, 5)]
    ]
    assert len(missed) <= 0.05 * hospitals.count(), missed[:50]
    print(f"{1 - len(missed) / hospitals.count():.3f} of {hospitals.count()}")
