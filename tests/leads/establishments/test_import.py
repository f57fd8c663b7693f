"""An extract is read whole or not at all; twice in a row changes nothing."""

from __future__ import annotations

import gzip
import os
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from leads.models import Establishment, RegisterImport
from tests.leads.establishments.extracts import HOSPITALS, extract, line

pytestmark = pytest.mark.django_db


@pytest.fixture
def run(tmp_path, capsys):
    """Import bytes as a file; return what was said."""

    def run(content, *options, name="extrait.csv"):
        file = tmp_path / name
        file.write_bytes(content)
        call_command("import_establishments", str(file), *options)
        return capsys.readouterr().out

    return run


def rows():
    return list(Establishment.objects.order_by("pk").values())


def test_an_extract_fills_the_table_and_says_what_it_left_out(run):
    said = run(extract())

    one = Establishment.objects.get(pk="359000010")
    assert one.short_name == "CH EXEMPLE-SUR-VILAINE"
    assert (one.postcode, one.town) == ("35999", "EXEMPLE SUR VILAINE")
    assert (one.department, one.region) == ("35", "53")
    assert one.organisation_type == "ch"
    assert one.phone == "0299000000"
    assert "7 établissements lus" in said
    assert "1 « Pharmacie d'officine »" in said
    assert "6 ajoutés" in said
    run_ = RegisterImport.objects.get()
    assert (run_.read, run_.left_out, run_.created) == (7, 1, 6)


def test_the_legal_status_says_more_than_the_category(run):
    run(extract())

    types = dict(Establishment.objects.values_list("pk", "organisation_type"))
    assert types["359000036"] == "clinique"
    assert types["359000044"] == "espic"
    assert types["970999999"] == "chu"


def test_overseas_departments_have_their_region(run):
    run(extract())

    island = Establishment.objects.get(pk="970999999")
    assert (island.department, island.region) == ("9D", "04")
    assert island.place == "Ville Exemple (974)"


def test_twice_in_a_row_changes_nothing(run):
    run(extract())
    before = rows()

    assert "Rien ne change" in run(extract())

    assert rows() == before
    assert RegisterImport.objects.count() == 1


def test_a_later_extract_corrects_what_it_holds_and_leaves_the_rest(run):
    run(extract())
    later = extract(
        line("359000028", "CHRU FICTIF SITE NORD", "FICTIF", category="101",
             long_name="CENTRE HOSPITALIER UNIVERSITAIRE FICTIF"),
        as_of="2026-05-12",
    )  # fmt: skip

    said = run(later)

    assert "« CENTRE HOSPITALIER UNIVERSITAIRE FICTIF »" in said
    assert Establishment.objects.get(pk="359000028").name.startswith("CENTRE")
    assert Establishment.objects.filter(closed_on=None).count() == 6
    # An older one takes nothing back.
    assert "Rien ne change" in run(extract())
    assert Establishment.objects.get(pk="359000028").long_name


def test_a_later_extract_that_says_the_same_is_not_undone_by_an_older(run):
    run(extract(HOSPITALS[0], as_of="2026-05-12"))
    run(extract(line("359000010", "CH AUTRE NOM"), as_of="2026-01-08"))

    assert Establishment.objects.get().short_name == "CH EXEMPLE-SUR-VILAINE"


def test_only_the_whole_register_closes_what_is_not_in_it(run):
    many = [line(f"35{n:07d}", f"CH EXEMPLE {n}") for n in range(40)]
    run(extract(*many))
    fewer = extract(*many[:-1], as_of="2026-02-01")

    run(fewer)
    assert not Establishment.objects.exclude(closed_on=None).exists()
    said = run(fewer, "--registre-entier")

    assert "1 fermés" in said
    closed = Establishment.objects.exclude(closed_on=None).get()
    assert closed.pk == "350000039"
    with pytest.raises(CommandError, match="seraient fermés"):
        run(extract(*many[:3], as_of="2026-03-01"), "--registre-entier")
    run(extract(*many, as_of="2026-04-01"))
    closed.refresh_from_db()
    assert closed.closed_on is None


def test_a_trial_says_and_writes_nothing(run):
    said = run(extract(), "--essai")

    assert "6 ajoutés" in said
    assert "rien n’a été écrit" in said
    assert rows() == []


def test_older_vintages_are_in_windows_1252_and_may_be_packed(run):
    run(gzip.compress(extract(encoding="cp1252")), name="extrait.csv.gz")

    label = Establishment.objects.get(pk="359000051").category_label
    assert "hébergement pour personnes âgées" in label


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (extract()[:-40], "tronqué"),
        (gzip.compress(extract())[:-20], "tronquée"),
        (extract(encoding="utf-16"), "UTF-16"),
        (extract(encoding="mac-roman"), "ncodage non reconnu"),
        (extract(encoding="cp850"), "ncodage non reconnu"),
        (extract().decode("utf-8").encode().decode("cp1252").encode(), "ncodage non"),
        (b"code_insee;libelle\n01;Guadeloupe\n", "pas un extrait FINESS"),
        (b"", "pas un extrait FINESS"),
        (b'{"entites": []}', "JSON"),
        (b"<!doctype html><p>Erreur 404", "page web"),
        (b"PK\x03\x04...", "ZIP"),
        (HOSPITALS[0].encode(), "première ligne"),
        (extract(as_of="2999-01-01"), "date"),
        (extract(HOSPITALS[0], HOSPITALS[0]), "y est déjà"),
        (extract(HOSPITALS[0], "structureet;359000093;x\n"), "3 champs au lieu de 32"),
        (extract(line("35ABCDEFG", "CH")), "pas un numéro FINESS"),
        (extract(line("359000093", " ")), "pas de nom"),
        (extract(line("359000093", "N" * 101)), "trop long"),
        (extract(HOSPITALS[0], 'structureet;"'), "tronqué"),
        (extract(HOSPITALS[0], 'structureet;"a"b;\n'), "guillemets"),
    ],
)
def test_what_is_no_whole_extract_changes_nothing_and_says_why(run, content, why):
    run(extract(HOSPITALS[0]))
    before = rows()

    with pytest.raises(CommandError, match=why):
        run(content)

    assert rows() == before


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(CommandError, match="absent"):
        call_command("import_establishments", str(tmp_path / "absent.csv"))


def test_the_register_itself(run):
    """The real extract, where FINESS_EXTRACT names it."""
    path = os.environ.get("FINESS_EXTRACT")
    if not path:
        pytest.skip("FINESS_EXTRACT names no extract")
    content = Path(path).read_bytes()
    begun = time.monotonic()
    run(content)
    print(f"{time.monotonic() - begun:.1f} s")

    before = rows()
    assert "Rien ne change" in run(content)
    assert rows() == before
