"""Cut the label out of a finished document, and set another reader's in its place.

All that is personal is the label on the cover (`templates/pdf/synthesis.html`). A
`Base` is the whole document of one edition and segment without it: a prefix of bytes
that never change, and the numbers of the few objects that do. Filling it writes the
label's own content stream beside the drawing's, the label's branch of the structure
tree in the place of the one cut out, dates, identifier, and a cross-reference stream.
Page object, outline, links and every other tag stay where they were.

A base is proved when it is cut: the label laid out alone must be, operator for
operator and tag for tag, what ends the cover of the full document.
"""

from __future__ import annotations

import datetime
import hashlib
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

import pydyf

HEADER = b"%PDF-1.7\n%\xf0\x9f\x96\xa4\n"
ENTRY = (1, 4, 2)  # Widths in bytes of a cross-reference, ISO 32000-1, 7.5.8.2.
MCID = re.compile(rb"^<</MCID (\d+)>>$")
REFERENCE = re.compile(rb"\b(\d+) 0 R\b")

# What a link is made of: its tag, and what leads from there to where it can be clicked.
LINK = ["/Link", "/OBJR", "/Annot"]

# What the document that is cut is dated and called.
DATE = datetime.date(1901, 1, 1)
IDENTIFIER = "5ca1ab1e" * 4

Objects = list[tuple[int, bytes]]  # Numbers and what they hold.


class Miss(Exception):
    """This label does not go into that base: the document is made in full."""


@dataclass(frozen=True, slots=True)
class Label:
    """The label, laid out alone on a cover."""

    operators: list[bytes]
    branch: list[Any]  # See `Tree.cut_out`.
    path: list[str]  # Tags from the document's element down to the label's.
    letters: dict[str, dict[int, str]]  # By font, what each glyph stands for.
    states: frozenset[str]  # Graphics states that it names.

    def shifted(self, count: int) -> list[bytes]:
        """Return the operators with marked contents numbered from `count`."""
        return [
            MCID.sub(lambda m: b"<</MCID %d>>" % (int(m[1]) + count), operator)
            for operator in self.operators
        ]

    @property
    def contents(self) -> list[int]:
        """Return the marked contents that its elements own."""
        kids = (element.get("K", ()) for element in self.branch)
        return [kid for some in kids for kid in some if type(kid) is int]


@dataclass(frozen=True, slots=True)
class Base:
    pages: int
    prefix: bytes  # From the first byte of the file, objects that never change.
    entries: bytes  # Cross-references of these objects; noughts where others come.
    root: int
    page: int
    parent: int  # Of the label's element.
    pool: list[int]  # Numbers of what was cut out, the label's own first.
    rank: int  # The link's, in the parent tree.
    stream: int
    array: int  # Which element owns each marked content of the cover.
    owners: list[int]  # What it holds before those of the label.
    information: tuple[int, bytes]
    metadata: tuple[int, bytes]
    preamble: list[bytes]  # What the content of a page with a label alone begins with.
    path: list[str]
    letters: dict[str, dict[int, str]]
    states: list[str]

    def fill(self, label: Label, *, identifier: str, date: datetime.date) -> bytes:
        """Return the whole document with this label. Raises `Miss`."""
        self._admit(label)
        writer = Writer(self.prefix, self.entries)
        drawn = label.shifted(len(self.owners))[len(self.preamble) :]
        writer.stream(self.stream, b"", b"\n".join(drawn))
        (metadata, packet), (information, data) = self.metadata, self.information
        kind = b"/Type /Metadata/Subtype /XML"
        writer.stream(metadata, kind, _dated(packet, date, identifier))
        numbers = self.pool + [writer.new() for _ in label.branch[len(self.pool) :]]
        branch = self.branch(label, numbers)
        writer.pack([(information, _dated(data, date, identifier)), *branch])
        return writer.close(self.root, information, identifier)

    def branch(self, label: Label, numbers: list[int]) -> Objects:
        """Return what hangs under these numbers, and the cover's array."""
        top = label.branch[0]
        known = {_number(top["Pg"]): self.page, _number(top["P"]): self.parent}
        known |= {e.number: n for e, n in zip(label.branch, numbers, strict=False)}
        first, objects, owners = len(self.owners), [], dict(enumerate(self.owners))
        for element in label.branch:
            number, own, kids = known[element.number], dict(element), []
            if "K" in own:
                kids = [k + first if type(k) is int else k for k in own["K"]]
                own["K"] = pydyf.Array(kids)
            elif "StructParent" in own:
                own["StructParent"] = self.rank
            data = pydyf.Dictionary(own).data
            data = REFERENCE.sub(lambda m: _refer(known[int(m[1])]), data)
            objects.append((number, data))
            owners |= {kid: number for kid in kids if type(kid) is int}
        array = b" ".join(_refer(owners[content]) for content in sorted(owners))
        return [*objects, (self.array, b"[%s]" % array)]

    def _admit(self, label: Label) -> None:
        """Check that this label differs from the one cut out by its text alone."""
        if label.path != self.path:
            raise Miss("tagged elsewhere")
        if label.operators[: len(self.preamble)] != self.preamble:
            raise Miss("drawn elsewhere")
        if [kind(item) for item in label.branch if kind(item) in LINK] != LINK:
            raise Miss("linked otherwise")
        if not label.states <= set(self.states):
            raise Miss("drawn otherwise")
        for font, letters in label.letters.items():
            if not letters.items() <= self.letters.get(font, {}).items():
                raise Miss("letters of another font")
        marked = [int(m[1]) for m in map(MCID.match, label.operators) if m]
        if not sorted(label.contents) == sorted(marked) == list(range(len(marked))):
            raise Miss("content without a tag")


class Writer:
    """Write a PDF 1.7 from its unchanging beginning on."""

    def __init__(self, prefix: bytes, entries: bytes) -> None:
        self.body = bytearray(prefix)
        self.entries = bytearray(entries)

    def new(self) -> int:
        self.entries += bytes(sum(ENTRY))
        return len(self.entries) // sum(ENTRY) - 1

    def refer(self, number: int, kind: int, place: int, rank: int = 0) -> None:
        width = sum(ENTRY)
        values = zip((kind, place, rank), ENTRY, strict=True)
        self.entries[number * width : (number + 1) * width] = b"".join(
            value.to_bytes(size, "big") for value, size in values
        )

    def object(self, number: int, data: bytes) -> None:
        self.refer(number, 1, len(self.body))
        self.body += b"%d 0 obj\n%s\nendobj\n" % (number, data)

    def stream(self, number: int, extra: bytes, data: bytes, level: int = 9) -> None:
        data = zlib.compress(data, level)
        head = b"<<%s/Filter /FlateDecode/Length %d>>" % (extra, len(data))
        self.object(number, head + b"\nstream\n" + data + b"\nendstream")

    def pack(self, objects: Objects) -> None:
        """Write objects into an object stream."""
        container, position, index = self.new(), 0, []
        for rank, (number, data) in enumerate(objects):
            self.refer(number, 2, container, rank)
            index.append(b"%d %d" % (number, position))
            position += len(data) + 1
        head = b" ".join(index) + b"\n"
        extra = b"/Type /ObjStm/N %d/First %d" % (len(objects), len(head))
        self.stream(container, extra, head + b"\n".join(d for _, d in objects))

    def close(self, root: int, information: int, identifier: str) -> bytes:
        number, start = self.new(), len(self.body)
        self.refer(0, 0, 0, 65535)
        self.refer(number, 1, start)
        identifiers = (identifier, hashlib.sha256(self.body).hexdigest()[:32])
        extra = b"/Type /XRef/W [%d %d %d]/Size %d/Root %d 0 R/Info %d 0 R" % (
            *ENTRY, number + 1, root, information,
        )  # fmt: skip
        extra += "/ID [({})({})]".format(*identifiers).encode()
        # So regular that the quickest is the smallest too, and 40 times quicker.
        self.stream(number, extra, bytes(self.entries), level=1)
        self.body += b"startxref\n%d\n%%%%EOF\n" % start
        return bytes(self.body)


def _dated(data: bytes, date: datetime.date, identifier: str) -> bytes:
    """Put a document's own date, as XMP and PDF write it, and identifier."""
    for old, new in (
        (f"{DATE:%Y-%m-%d}", f"{date:%Y-%m-%d}"),
        (f"{DATE:%Y%m%d}", f"{date:%Y%m%d}"),
        (IDENTIFIER, identifier),
    ):
        data = data.replace(old.encode(), new.encode())
    return data


# --- Reading what WeasyPrint has drawn --------------------------------------------


def operators(stream: Any) -> list[bytes]:
    """Return a content stream's operators; operands that stand apart are items too."""
    return [pydyf._to_bytes(item) for item in stream.stream]


def letters(fonts: dict[Any, Any]) -> dict[str, dict[int, str]]:
    """Return what each glyph stands for, by font."""
    found: dict[str, dict[int, str]] = {}
    for font in fonts.values():
        if font.hash in found:  # Of two, WeasyPrint writes the last.
            raise Miss("two fonts of one name")
        found[font.hash] = dict(font.to_unicode)
    return found


def kind(item: Any) -> str:
    """Return what an object of the structure tree is: its tag, else its type."""
    name: str = item.get("S") or item["Type"]
    return name


class Tree:
    """A structure tree under construction."""

    def __init__(self, pdf: Any) -> None:
        self.objects = pdf.objects
        self.root = self.at(pdf.catalog["StructTreeRoot"])
        self.document = self.at(self.root["K"][0])

    def at(self, reference: bytes) -> Any:
        return self.objects[int(reference.split()[0])]

    def kids(self, element: Any) -> list[Any]:
        kids = [element["Obj"]] if "Obj" in element else element.get("K", ())
        return [self.at(kid) for kid in kids if isinstance(kid, bytes)]

    def only_branch(self) -> list[Any]:
        """Return the elements from the document's down, until there are several."""
        branch = [self.document]
        while len(kids := self.kids(branch[-1])) == 1:
            branch += kids
        return branch

    def branch_to(self, element: Any) -> list[Any]:
        branch = [element]
        while branch[0] is not self.document:
            branch.insert(0, self.at(branch[0]["P"]))
        return branch

    def under(self, element: Any) -> Iterator[Any]:
        yield element
        for kid in self.kids(element):
            yield from self.under(kid)

    def cut_out(self, top: Any) -> list[Any]:
        """Return an element and all that hangs under it, annotations included.

        First come those that the rest of the document names: this element, and its
        links. So they keep their numbers, whatever label takes the place.
        """
        items = self.under(top)
        return sorted(items, key=lambda i: (i is not top, kind(i) not in LINK))


def cut(document: Any, pdf: Any, label: Label) -> Base:
    """Cut the label out of a document that is built and not yet written.

    `label` is the same one laid out alone. Raises `Miss` if it is not what ends the
    cover, drawn last, with marked contents and tags of its own.
    """
    tree = Tree(pdf)
    numbers = tree.at(tree.root["ParentTree"])["Nums"]
    owners = [_number(owner) for owner in numbers[1]]
    page, metadata = tree.at(pdf.page_references[0]), tree.at(pdf.catalog["Metadata"])
    drawing = tree.at(page["Contents"])
    first = len(owners) - len(label.contents)
    drawn, alone = operators(drawing), label.shifted(first)
    common = _common(drawn, alone)
    preamble = alone[: len(alone) - common]
    if any(map(MCID.match, preamble)):
        raise Miss("the label is not what is drawn last")
    top = tree.branch_to(pdf.objects[owners[first]])[: len(label.path)][-1]
    items = tree.cut_out(top)
    branch = {item.number: item.data for item in items}

    drawing.stream = drawn[: len(drawn) - common]
    stream: Any = pydyf.Dictionary()
    array: Any = pydyf.Dictionary()
    for late in (stream, array, pdf.info):
        pdf.add_object(late)
    page["Contents"] = pydyf.Array([drawing.reference, stream.reference])
    numbers[1] = array.reference
    others = {late.number for late in (stream, array, pdf.info, metadata)}
    writer = _kept(pdf.objects, others | set(branch))
    base = Base(
        pages=len(document.pages),
        prefix=bytes(writer.body),
        entries=bytes(writer.entries),
        root=pdf.catalog.number,
        page=page.number,
        parent=_number(top["P"]),
        pool=list(branch),
        rank=next((i["StructParent"] for i in items if "StructParent" in i), 0),
        stream=stream.number,
        array=array.number,
        owners=owners[:first],
        information=(pdf.info.number, pdf.info.data),
        metadata=(metadata.number, b"\n".join(operators(metadata))),
        preamble=preamble,
        path=[element["S"] for element in tree.branch_to(top)],
        letters=letters(document.fonts),
        states=sorted(tree.at(page["Resources"])["ExtGState"]),
    )
    base._admit(label)
    if len(label.branch) != len(branch) or (
        base.branch(label, base.pool)
        != [*branch.items(), (base.array, b"[%s]" % b" ".join(map(_refer, owners)))]
    ):
        raise Miss("the label is not tagged as when alone")
    return base


def _common(one: list[bytes], other: list[bytes]) -> int:
    """Return how many operators two content streams end with in common."""
    pairs = zip(reversed(one), reversed(other), strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


def _refer(number: int) -> bytes:
    return b"%d 0 R" % number


def _number(reference: bytes) -> int:
    return int(reference.split()[0])


def _kept(objects: list[Any], later: set[int]) -> Writer:
    """Write the objects that are the same for every reader."""
    writer = Writer(HEADER, bytes(sum(ENTRY) * len(objects)))
    packed = []
    for item in objects[1:]:
        if item.number in later:
            continue
        if item.compressible:
            packed.append((item.number, item.data))
        else:
            writer.object(item.number, item.data)
    if any(_dated(data, datetime.date.max, "") != data for _, data in packed):
        raise Miss("a date or an identifier outside the metadata")
    writer.pack(packed)
    return writer
