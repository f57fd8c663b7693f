"""Complete the tags that WeasyPrint 70 leaves short of PDF/UA (ISO 14289-1).

Called once the document is built and before it is written. Values are changed in
place: streams are lists of operators, dictionaries are mappings, references are
bytes such as `12 0 R`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

FOOT = b"<</Type /Pagination /Subtype /Footer>>"
PRINT = 4  # Annotation flag, ISO 32000-1 table 165.


def finish(document: Any, pdf: Any, *, links: Mapping[str, str]) -> None:
    """Make running feet artifacts, say where links go, place the figures' boxes."""
    reachable = set(_reachable(pdf, pdf.catalog["StructTreeRoot"]))
    parent_tree = _object(
        pdf, _object(pdf, pdf.catalog["StructTreeRoot"])["ParentTree"]
    )
    owners = parent_tree["Nums"]
    for index, page in enumerate(_object(pdf, ref) for ref in pdf.page_references):
        feet = _orphans(owners[2 * index + 1], reachable)
        _make_artifacts(_object(pdf, page["Contents"]), feet)
        for annotation in (_object(pdf, ref) for ref in page.get("Annots", ())):
            target = annotation["Contents"].string
            annotation["Contents"].string = links.get(target, target)
            annotation["F"] = PRINT
    _place_figures(pdf, reachable)


def _object(pdf: Any, reference: bytes) -> Any:
    return pdf.objects[int(reference.split()[0])]


def _reachable(pdf: Any, reference: bytes) -> Iterator[bytes]:
    """Walk down the structure tree."""
    yield reference
    for kid in _object(pdf, reference).get("K", ()):
        if isinstance(kid, bytes):
            yield from _reachable(pdf, kid)


def _orphans(owners: Any, reachable: set[bytes]) -> set[int]:
    """Return the marked contents that no element of the tree owns, and disown them.

    They are those of the page's margins: WeasyPrint marks them as text, then keeps
    them out of the tree.
    """
    orphans = {mcid for mcid, ref in enumerate(owners) if ref not in reachable}
    for mcid in orphans:
        owners[mcid] = b"null"
    return orphans


def _make_artifacts(stream: Any, orphans: set[int]) -> None:
    operators = stream.stream
    for position, operator in enumerate(operators):
        if operator == b"BDC" and operators[position - 1]["MCID"] in orphans:
            operators[position - 2 : position] = ["/Artifact", FOOT]


def _place_figures(pdf: Any, reachable: set[bytes]) -> None:
    """Turn the figures' boxes from CSS pixels, y down, into points, y up."""
    for element in (_object(pdf, reference) for reference in reachable):
        if element.get("S") == "/Figure":
            height = _object(pdf, element["Pg"])["MediaBox"][3]
            left, top, right, bottom = (0.75 * value for value in element["A"]["BBox"])
            element["A"]["BBox"][:] = [left, height - bottom, right, height - top]
