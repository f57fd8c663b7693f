"""« Nothing tells two documents apart » is worth what the comparison can see."""

from __future__ import annotations

from io import BytesIO

import pikepdf
import pytest

from benchmarks.equivalence import POPPLER, differences, objects
from reports import pdf
from reports.personalisation import PERSONAS
from tests.reports.synthesis import DATE, REFERENCE, SITE, elements, open_pdf

# One worker renders each document once.
pytestmark = pytest.mark.xdist_group("pdf")


def swap_two_contents(document):
    """Two lines of the cover are heard in each other's place."""
    (_, owners, *_) = document.Root.StructTreeRoot.ParentTree.Nums
    one, other = (owners[number] for number in (0, 1))
    one.K, other.K = pikepdf.Array([1]), pikepdf.Array([0])
    owners[0], owners[1] = other, one


def swap_owners_alone(document):
    (_, owners, *_) = document.Root.StructTreeRoot.ParentTree.Nums
    owners[0], owners[1] = owners[1], owners[0]


def send_a_link_elsewhere(document):
    link = document.pages[1].Annots[0]
    link.Dest = pikepdf.String("methode")
    assert "methode" in [str(item) for item in document.Root.Names.Dests.Names[::2]]


def move_a_destination(document):
    document.Root.Names.Dests.Names[1][0] = document.pages[2].obj


def rename_a_bookmark(document):
    document.Root.Outlines.First.First.Title = pikepdf.String("Autre titre")


def send_a_bookmark_elsewhere(document):
    document.Root.Outlines.First.First.Dest[0] = document.pages[2].obj


def delete_bookmarks_under_the_first(document):
    first = document.Root.Outlines.First
    del first["/First"], first["/Last"]
    first.Count = 0


def forget_the_scope_of_a_header(document):
    del elements(document, "TH")[0]["/A"]


def forget_the_box_of_a_figure(document):
    del elements(document, "Figure")[0]["/A"]


def forget_the_parents_of_pages(document):
    for page in document.pages:
        del page["/StructParents"]


def forget_the_parent_of_a_link(document):
    del document.pages[1].Annots[0]["/StructParent"]


@pytest.mark.parametrize(
    "change",
    [
        swap_two_contents,
        swap_owners_alone,
        send_a_link_elsewhere,
        move_a_destination,
        rename_a_bookmark,
        send_a_bookmark_elsewhere,
        delete_bookmarks_under_the_first,
        forget_the_scope_of_a_header,
        forget_the_box_of_a_figure,
        forget_the_parents_of_pages,
        forget_the_parent_of_a_link,
    ],
    ids=lambda change: change.__name__,
)
def test_what_is_not_drawn_is_compared(delivered, change):
    content = delivered("dg-chu")
    with open_pdf(content) as document:
        document.save(same := BytesIO(), fix_metadata_version=False)
        change(document)
        document.save(other := BytesIO(), fix_metadata_version=False)
    assert objects(same.getvalue()) == objects(content)
    assert objects(other.getvalue()) != objects(content)


@pytest.mark.skipif(not POPPLER, reason="poppler is absent")
def test_what_is_drawn_is_compared(delivered):
    other = pdf.render(
        PERSONAS["nom-seul"],
        edition="1.1",
        reference=REFERENCE,
        date=DATE,
        site=SITE,
    )
    found = differences(delivered("dg-chu"), other, drawn=1)
    assert found == ["objects", "pages", "text", "pixels of page 1"]
