"""Proofs: made one reader at a time, checked, compared, stopped and taken up again."""

from __future__ import annotations

from io import BytesIO

import pytest
from django.core.files.storage import storages
from django.db.models.functions import Now
from PIL import Image
from weasyprint import HTML

from outbox.models import Message
from reports import (
    editions,
    inspection,
    pdf,
    pictures,
    proofing,
    proofs,
    study,
)
from reports.document import contents
from reports.models import Copy, Edition, Proof
from reports.pdf import fast
from reports.personalisation import PERSONAS, Reader
from reports.tasks import PROOF_ATTEMPTS, make_proof, prove_live_edition
from tests.reports.test_editions import LIVE, other_tree  # noqa: F401 (a fixture)

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("pdf")]

READER = PERSONAS["dsi"]
PRINTED = (
    proofing.REFERENCE,
    pdf.french_date(proofing.DATE),
    f"dition {editions.PRESENT.version}",
)


@pytest.fixture
def edition():
    return Edition.current()


def make(edition, persona="dsi"):
    """Owe the proofs of an edition, and make one."""
    proofs.start(edition)
    proof = edition.proofs.get(persona=persona)
    make_proof(proof.pk, proof.lease_no)
    proof.refresh_from_db()
    return proof


def stored(proof, name):
    with storages["copies"].open(f"{proof.folder}/{name}") as file:
        return file.read()


def keys(folder="epreuves"):
    """Return every stored file of proofs."""
    try:
        folders, files = storages["copies"].listdir(folder)
    except FileNotFoundError:
        return set()
    found = {f"{folder}/{name}" for name in files}
    return found.union(*(keys(f"{folder}/{inner}") for inner in folders))


# --- Making them ------------------------------------------------------------------


def test_a_proof_is_owed_for_each_fictitious_reader(edition):
    assert proofs.start(edition)

    assert {proof.persona for proof in Proof.objects.due()} == set(PERSONAS)
    assert not proofs.start(edition)  # They are being made.


def test_a_proof_keeps_the_copy_its_pages_and_the_mail(edition):
    proof = make(edition)

    assert proof.made_at
    assert proof.next_attempt_at is None
    assert proof.fingerprint == editions.fingerprint()
    assert stored(proof, "synthese.pdf").startswith(b"%PDF-")
    for number in range(1, proof.pages + 1):
        image = Image.open(BytesIO(stored(proof, f"page-{number}.png")))
        assert image.size in {(661, 936), (662, 936)}
    assert Image.open(BytesIO(stored(proof, "courriel.png"))).height > 400
    assert keys() <= set(proofs.names_of(proof))
    assert [subject for subject, *_ in proof.checks] == [*inspection.SUBJECTS.values()]


def test_nobody_is_written_to_and_no_copy_is_made(edition):
    make(edition)
    assert not Message.objects.exists()
    assert not Copy.objects.exists()


def test_making_a_proof_twice_makes_it_once(edition):
    proof = make(edition)
    make_proof(proof.pk, 0)
    make_proof(proof.pk, proof.lease_no)

    assert Proof.objects.get(pk=proof.pk).folder == proof.folder


def test_made_anew_it_takes_the_place_of_the_old_one(edition):
    old = make(edition)
    edition.proofs.stop()
    new = make(edition)

    assert new.folder != old.folder
    assert new.sha256 == old.sha256  # Same input, same bytes.
    assert keys() <= set(proofs.names_of(new))


def test_a_stopped_proof_is_not_made_and_leaves_no_file(edition, monkeypatch):
    """The order comes while a worker is on it."""

    def stop_meanwhile(*args):
        edition.proofs.stop()
        return inspect(*args)

    inspect = inspection.inspect
    monkeypatch.setattr(inspection, "inspect", stop_meanwhile)
    proof = make(edition)

    assert proof.made_at is None
    assert not Proof.objects.due().exists()
    assert keys() == set()


def test_what_was_stopped_is_taken_up_where_it_was(edition):
    made = make(edition)
    assert edition.proofs.stop() == len(PERSONAS) - 1

    edition.proofs.resume()

    assert Proof.objects.due().count() == len(PERSONAS) - 1
    assert not Proof.objects.due().filter(pk=made.pk).exists()


@pytest.mark.logs("reports.tasks")
def test_a_proof_that_cannot_be_made_says_so(edition, monkeypatch):
    def fail(*args, **kwargs):
        raise ValueError("trouble")

    monkeypatch.setattr(pdf, "compose", fail)
    proof = make(edition)
    assert proof.next_attempt_at is not None
    for _ in range(PROOF_ATTEMPTS - 1):
        proof.refresh_from_db()
        make_proof(proof.pk, proof.lease_no)

    proof.refresh_from_db()
    assert proof.next_attempt_at is None
    assert proof.made_at is None
    assert proof.cause == "ValueError"


def test_dying_in_the_middle_leaves_it_owed(edition, monkeypatch):
    class PowerCut(BaseException):
        pass

    def die(*args, **kwargs):
        raise PowerCut

    with monkeypatch.context() as patch:
        patch.setattr(Proof, "finish", die)
        with pytest.raises(PowerCut):
            make(edition)
    Proof.objects.update(lease_until=None)

    proof = edition.proofs.get(persona="dsi")
    make_proof(proof.pk, proof.lease_no)

    proof.refresh_from_db()
    assert proof.made_at


def test_another_tree_leaves_the_proof_alone(edition, other_tree):  # noqa: F811
    proof = make(edition)
    assert proof.made_at is None
    assert proof.next_attempt_at is not None


def test_the_live_edition_s_proofs_are_owed_once_where_its_tree_runs(edition):
    prove_live_edition()
    assert {proof.persona for proof in edition.proofs.due()} == set(PERSONAS)
    edition.proofs.stop()
    prove_live_edition()
    assert not Proof.objects.due().exists()


def test_another_tree_owes_no_proof_of_the_live_edition(other_tree):  # noqa: F811
    prove_live_edition()
    assert not Proof.objects.exists()


# --- Against the live edition -----------------------------------------------------


def test_the_same_document_under_another_number_has_not_changed(edition, request):
    make(edition)
    draft = request.getfixturevalue("other_tree")

    proof = make(draft)

    assert proof.compared_with == LIVE
    assert proof.changed == []


def test_a_page_that_changed_is_marked_and_drawn_in_red(edition, request, monkeypatch):
    make(edition)
    draft = request.getfixturevalue("other_tree")
    monkeypatch.setattr(
        "reports.study.STATEMENT", study.STATEMENT.replace("déclarent", "disent")
    )
    contents.cache_clear()  # Another tree runs in another process.
    monkeypatch.setattr(fast, "_bases", {})
    request.addfinalizer(contents.cache_clear)

    proof = make(draft)

    [page, *_] = proof.changed
    assert page != 1, "the cover does not say it"
    image = Image.open(BytesIO(stored(proof, f"ecart-{page}.png"))).convert("RGB")
    reds = [c for _, c in image.getcolors(1 << 20) if c[0] > 200 and c[1] < 90]
    assert reds


def test_without_proofs_of_the_live_edition_there_is_nothing_to_compare(
    other_tree,  # noqa: F811
):
    proof = make(other_tree)
    assert (proof.compared_with, proof.changed) == ("", [])


def test_a_page_without_counterpart_has_changed():
    page = Image.new("RGB", (20, 20), "white")
    assert list(pictures.differences([page], [page, page])) == [2]
    assert list(pictures.differences([page, page], [page])) == [2]
    assert pictures.differences([page], [page]) == {}


def test_proofs_of_the_live_edition_and_the_one_before_are_kept(edition):
    proof = make(edition)
    proofs.drop_old()
    assert Proof.objects.filter(pk=proof.pk).exists()
    for version in ("98.0", "99.0"):
        Edition.objects.create(version=version, published_at=Now())

    proofs.drop_old()

    assert not Proof.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_dropped_proofs_take_their_files_with_them():
    edition, _ = Edition.objects.get_or_create(
        version=LIVE, defaults={"published_at": Now()}
    )
    make(edition)
    assert keys()

    proofs.drop(edition.proofs.all())

    assert keys() == set()


# --- What is checked --------------------------------------------------------------


def failures(content, reader=READER, printed=PRINTED):
    checks = inspection.inspect(content, reader, printed)
    assert len(checks) == len(inspection.SUBJECTS) - 1  # The mail is checked apart.
    return {check.key for check in checks if not check.passed}


def words(content, key):
    checks = inspection.inspect(content, READER, PRINTED)
    return next(check.words for check in checks if check.key == key)


@pytest.fixture(scope="module")
def document():
    return proofing._compose(READER, editions.PRESENT.version)


def page(body, style=""):
    """Return a PDF with all that a copy needs to say, and `body`."""
    said = " ".join(inspection.FIGURES.values())
    reader = f"{READER.full_name} {READER.function_label} {READER.organisation}"
    return HTML(
        string=f"<html lang='fr'><style>@page{{size:A4}}{style}</style>"
        f"<p>{reader}</p><p>{said}</p>{body}</html>"
    ).write_pdf(pdf_variant="pdf/ua-1")


@pytest.mark.parametrize("persona", PERSONAS)
def test_a_proof_of_today_s_document_and_mail_is_green(edition, persona):
    proof = make(edition, persona)
    assert proof.made_at
    assert proof.failed_checks == []


def test_too_few_pages_and_too_many():
    assert "pages" in failures(page(""))
    eight = "<p style='break-after: page'>x</p>" * 7
    assert "pages" not in failures(page(eight + "<p>x</p>"))
    assert "pages" in failures(page(eight * 2))


def test_a_heavy_file(document):
    assert "size" not in failures(document)
    assert "size" in failures(document + b"\n" * inspection.HEAVIEST)


def test_text_that_leaves_the_page():
    assert "overflow" not in failures(page("<p>Dedans</p>"))
    style = "p.far{position:absolute;right:-3cm;white-space:nowrap}"
    content = page("<p class='far'>Beaucoup trop loin à droite</p>", style)
    assert "overflow" in failures(content)
    assert "trop loin" in words(content, "overflow")


def test_lines_that_cover_each_other():
    style = "p.on{margin-top:-2em}"
    assert "overflow" in failures(page("<p>Dessous</p><p class='on'>Dessus</p>", style))


def test_a_drawing_without_a_description():
    drawing = "<svg width='9' height='9'>{}<circle r='4'/></svg>"
    described = page(drawing.format("<title>Un disque.</title>"))
    assert "alternatives" not in failures(described)
    assert "alternatives" in failures(page(drawing.format("")))


def test_a_font_that_is_not_embedded():
    """No engine of ours leaves one out: the descriptor loses its file by hand."""
    import pikepdf

    with pikepdf.open(BytesIO(page(""))) as document:
        for item in document.objects:
            if isinstance(item, pikepdf.Dictionary):
                for key in ("/FontFile", "/FontFile2", "/FontFile3"):
                    if key in item:
                        del item[key]
        out = BytesIO()
        document.save(out)
    assert "fonts" in failures(out.getvalue())
    assert "Non incorporées" in words(out.getvalue(), "fonts")


def test_a_reader_whose_name_is_cut():
    other = Reader(first_name="Alphonse", last_name="Ailleurs")
    assert "reader" in failures(page(""), other)
    assert "reader" not in failures(page(""))


def test_a_font_of_another_family():
    """What a machine lends where a bundled one lacks: embedded, and not ours."""
    assert "fonts" in failures(page(""))
    assert "Étrangères" in words(page(""), "fonts")


@pytest.mark.parametrize(
    "number", ["42 %", "1 501", "3,5", "12 infirmiers", "90 jours"]
)
def test_a_number_that_the_study_does_not_know(number):
    content = page(f"<p>Soit {number} de plus.</p>")
    assert "figures" in failures(content)
    assert "nombres inconnus" in words(content, "figures")


@pytest.mark.parametrize(
    "said", ["85 % des infirmiers", "+22 % de lits", "19 % de tout"]
)
def test_a_figure_with_other_words_than_its_own(said):
    content = page(f"<p>Soit {said}.</p>")
    assert "figures" in failures(content)
    assert "chiffre sans ses mots" in words(content, "figures")


def test_a_page_may_say_its_own_number_and_the_second_the_contents():
    turn = "<p style='break-before: page'>"
    pages = f"{turn}3 L’essentiel{{}}<br>2</p>{turn}Trois<br>{{}}</p>"
    assert "figures" not in failures(page(pages.format("", 3)))
    for listed, foot in (("", 4), ("<br>4 L’essentiel", 3), ("<br>4", 3)):
        content = page(pages.format(listed, foot))
        assert "nombres inconnus" in words(content, "figures"), (listed, foot)


def test_a_figure_that_is_missing():
    content = HTML(string="<html lang='fr'><p>85 %</p></html>").write_pdf()
    assert "Chiffre absent" in words(content, "figures")


def test_the_mail_has_two_versions_and_no_number_of_its_own():
    said = study.STATEMENT
    wrong = said.replace("85", "86")
    other = "85 % des patients déclarent l’utiliser."
    html = "<style>p { margin: 41px }</style><p style='top: 41px'>{}</p>"
    image = "<img alt='{}'>".replace("'", '"')

    def check(text, page):
        return inspection.inspect_mail(text, page, ("140 ko",))

    assert check(f"{said} 140 ko", f"{html.replace('{}', said)} 140\xa0ko").passed
    for text, page, cause in (
        (wrong, f"<p>{said}</p>", "Version texte\xa0: nombres inconnus\xa0: 86."),
        (said, f"<p>{wrong}</p>", "Version HTML\xa0: nombres inconnus\xa0: 86."),
        (said, f"<p>{other}</p>", "Version HTML\xa0: chiffre sans ses mots"),
        (said, image.format(wrong), "Version HTML\xa0: nombres inconnus\xa0: 86."),
        (said, f"<p>{said} 1140 ko</p>", "Version HTML\xa0: nombres inconnus"),
        (said, " ", "La version HTML du courriel est vide."),
        (" ", f"<p>{said}</p>", "La version texte du courriel est vide."),
    ):
        found = check(text, page)
        assert not found.passed
        assert found.words.startswith(cause)


def test_a_proof_that_takes_its_worker_down_ends(edition):
    proofs.start(edition)
    Proof.objects.filter(persona="dsi").update(attempts=PROOF_ATTEMPTS)
    proof = edition.proofs.get(persona="dsi")

    make_proof(proof.pk, proof.lease_no)

    proof.refresh_from_db()
    assert proof.next_attempt_at is None
    assert proof.made_at is None
    assert "s’arrête" in proof.cause


@pytest.mark.logs("reports.proofing")
def test_a_lost_proof_of_the_live_edition_leaves_nothing_to_compare(
    edition,
    other_tree,  # noqa: F811
):
    live = Proof.objects.create(
        edition=edition,
        persona="dsi",
        made_at=Now(),
        pages=12,
        folder="epreuves/perdue",
        next_attempt_at=None,
        sha256="0" * 64,
    )

    proof = make(other_tree)

    assert live.pk != proof.pk
    assert proof.made_at
    assert (proof.compared_with, proof.changed) == ("", [])
