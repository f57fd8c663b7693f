"""Complete what WeasyPrint 70 leaves short of PDF/UA-1 (ISO 14289-1) in a PDF/A-2a.

It writes one variant at a time: the second is declared here, with the description of
its property that PDF/A asks for (ISO 19005-2, 6.6.2.3.3).

Called once the document is built and before it is written. Values are changed in
place: streams are lists of operators, dictionaries are mappings, references are
bytes such as `12 0 R`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

MARGIN = b"<</Type /Pagination>>"  # Running heads and feet.
DECLARATION = b"""\
<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part>
</rdf:Description>
<rdf:Description rdf:about=""
 xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA Universal Accessibility Schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Part of ISO 14289</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas>
</rdf:Description>
"""
RDF_END = b"</rdf:RDF>"


def finish(document: Any, pdf: Any, *, links: Mapping[str, str]) -> None:
    """Mend margins, links, figures and headers of tables; declare the standard."""
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
    for element in (_object(pdf, reference) for reference in reachable):
        if element.get("S") == "/Figure":
            place(pdf, element)
        elif element.get("S") == "/TH":
            element["A"]["Scope"] = _scope(pdf, element)
    _declare(pdf)


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
            operators[position - 2 : position] = ["/Artifact", MARGIN]


def place(pdf: Any, figure: Any) -> None:
    """Turn a figure's box from CSS pixels, y down, into points, y up."""
    height = _object(pdf, figure["Pg"])["MediaBox"][3]
    left, top, right, bottom = (0.75 * value for value in figure["A"]["BBox"])
    figure["A"]["BBox"][:] = [left, height - bottom, right, height - top]


def _scope(pdf: Any, header: Any) -> str:
    """Return what a header cell heads: a column from the head, a row elsewhere."""
    group = _object(pdf, _object(pdf, header["P"])["P"])
    return "/Column" if group["S"] == "/THead" else "/Row"


def _declare(pdf: Any) -> None:
    """Declare PDF/UA-1 beside PDF/A-2a."""
    packet = _object(pdf, pdf.catalog["Metadata"]).stream
    before, after = packet[0].split(RDF_END)
    packet[0] = before + DECLARATION + RDF_END + after
