"""Other ways to make the same document, each as its own manual would have it.

What each is given is said in its docstring and printed beside its figures.
"""

from __future__ import annotations

import importlib.util
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from weasyprint import HTML

from benchmarks.measure import cpu_of_tree
from reports.pdf import engine
from tests.browser import executable, running

FONTS = engine.HERE / "fonts"
Peer = Callable[[str], bytes]


def style() -> str:
    """Return the style sheet, with the fonts where any program finds them."""
    css = (engine.HERE / "synthesis.css").read_text(encoding="utf-8")
    return css.replace(f"{engine.SCHEME}:", f"{FONTS.as_uri()}/")


@contextmanager
def weasyprint() -> Iterator[Peer]:
    """The plain call: HTML(string=…).write_pdf(stylesheets=[path], pdf_variant=…)."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "style.css"
        path.write_text(style(), encoding="utf-8")

        def make(html: str) -> bytes:
            content: bytes = HTML(string=html).write_pdf(
                stylesheets=[str(path)], pdf_variant=engine.VARIANT
            )
            return content

        yield make


def no_typst() -> str:
    return "" if importlib.util.find_spec("typst") else "pip install typst"


@contextmanager
def typst() -> Iterator[Peer]:
    """The same words, lists, tables and drawings in one column, PDF/UA-1, no CSS.

    One compiler for all, fonts loaded once: it keeps what it knows between documents,
    and is given its source for nothing (the template and `markup` are not counted).
    """
    import typst

    fonts = typst.Fonts(
        include_system_fonts=True,  # For letters that the bundled ones have not.
        include_embedded_fonts=False,
        font_paths=[str(FONTS)],
    )
    compiler = typst.Compiler(font_paths=fonts)

    def make(source: str) -> bytes:
        made = compiler.compile(
            source.encode(), format="pdf", pdf_standards=["ua-1"], timestamp=0
        )
        assert isinstance(made, bytes)
        return made

    yield make


def markup(html: str) -> str:
    return Markup(HTML(string=html).etree_element).source()


class Markup:
    """Translate the document's HTML for Typst: what it says, not how it is set."""

    SVG = "{http://www.w3.org/2000/svg}"

    def __init__(self, root: Any) -> None:
        self.root = root

    def source(self) -> str:
        title = self.root.find("head/title").text
        return (
            f'#set document(title: {_quoted(title)})\n#set text(lang: "fr", '
            'size: 10.5pt, font: "Santescopie Sans")\n#set page("a4", margin: 18mm)\n'
            + self.block(self.root.find("body"))
        )

    def block(self, element: Any) -> str:
        """Return an element and what is in it, in markup mode."""
        tag = element.tag
        if tag == f"{self.SVG}svg":
            return self.drawing(element)
        inner = self.inner(element)
        if tag in ("h1", "h2", "h3", "h4"):
            return f"\n#heading(level: {tag[1]})[{inner}]\n"
        if tag in ("strong", "em"):
            return f"#{'strong' if tag == 'strong' else 'emph'}[{inner}]"
        if tag in ("ul", "ol"):
            items = ", ".join(f"[{self.inner(item)}]" for item in element)
            return f"\n#list({items})\n"
        if tag == "table":
            rows = list(element.iter("tr"))
            cells = [f"[{self.inner(cell)}]" for row in rows for cell in row]
            return f"\n#table(columns: {max(map(len, rows))}, {', '.join(cells)})\n"
        if tag == "section":
            return f"{inner}\n#pagebreak(weak: true)\n"
        return f"\n{inner}\n\n" if tag in ("p", "div", "body") else inner

    def inner(self, element: Any) -> str:
        parts = [_text(element.text)]
        for child in element:
            parts += [self.block(child), _text(child.tail)]
        return "".join(parts)

    def drawing(self, element: Any) -> str:
        from xml.etree import ElementTree

        ElementTree.register_namespace("", self.SVG.strip("{}"))
        title = element.find(f"{self.SVG}title")
        copy = ElementTree.fromstring(ElementTree.tostring(element))
        copy.tail = None
        data = ElementTree.tostring(copy, encoding="unicode")
        alt = title.text if title is not None else ""
        return (
            f'\n#image(bytes({_quoted(data)}), format: "svg", width: 50%, '
            f"alt: {_quoted(alt)})\n"
        )


def _text(text: str | None) -> str:
    """Return words as an expression: nothing in them is markup."""
    words = " ".join((text or "").split(" ")).replace("\n", " ")
    return f"#{_quoted(words)};" if words.strip() else " " if words else ""


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def no_chromium() -> str:
    return "" if executable() else "set CHROMIUM, or install chromium"


@contextmanager
def chromium() -> Iterator[Peer]:
    """The same HTML and style sheet, printed by one browser that stays open.

    A new page for each document; the style is inline, fonts are files.
    """
    path = executable()
    assert path
    with tempfile.TemporaryDirectory() as folder, running(path) as browser:
        file = Path(folder) / "document.html"

        def make(html: str) -> bytes:
            head = f"<style>{style()}</style></head>"
            file.write_text(html.replace("</head>", head, 1), encoding="utf-8")
            page = browser.new_page()
            page.goto(file.as_uri(), wait_until="load")
            made: bytes = page.pdf(
                tagged=True, outline=True, prefer_css_page_size=True,
                print_background=True,
            )  # fmt: skip
            page.close()
            return made

        yield make


def chromium_cpu() -> float:
    """Return the seconds of the browser's processes; playwright's own are left out."""
    return cpu_of_tree("chrom")
