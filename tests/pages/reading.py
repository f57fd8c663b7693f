"""Read a page the way its visitors do: its words, its outline, its references."""

from __future__ import annotations

import re
from html.parser import HTMLParser

INLINE = {"a", "strong", "em", "span", "mark", "b", "i", "small", "abbr"}
SILENT = {"script", "style", "svg", "head"}
REFERENCES = ("for", "aria-describedby", "aria-labelledby", "aria-controls")


class Page(HTMLParser):
    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.references: list[str] = []
        self.headings: list[int] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.chosen = ""  # The words of lists of options.
        self._words: list[str] = []
        self._silent: list[str] = []
        self._option = False
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.tags.append((tag, found))
        if identifier := found.get("id"):
            self.ids.append(identifier)
        for name in REFERENCES:
            self.references += (found.get(name) or "").split()
        if (href := found.get("href") or "").startswith("#"):
            self.references.append(href[1:])
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(int(tag[1]))
        if tag in SILENT:
            self._silent.append(tag)
        if tag == "option":
            self._option = True
        if tag not in INLINE:
            self._words.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if self._silent and tag == self._silent[-1]:
            self._silent.pop()
        if tag == "option":
            self._option = False
        if tag not in INLINE:
            self._words.append("\n")

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        if self._option:
            self.chosen += data + "\n"
        else:
            self._words.append(data)

    @property
    def text(self) -> str:
        """Return the visible words, plain white space folded, no-break kept."""
        lines = "".join(self._words).split("\n")
        folded = (re.sub(r"[ \t]+", " ", line).strip(" ") for line in lines)
        return "\n".join(line for line in folded if line)

    @property
    def flow(self) -> str:
        """Return the visible words on one line."""
        return self.text.replace("\n", " ")

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


FAULTS = {
    "a plain space before : % or »": re.compile(r" [:%»]"),
    "a plain space before ; ! or ?": re.compile(r" [;!?]"),
    "no space before ; ! or »": re.compile(r"\w[;!»]"),
    "no space before :": re.compile(r"[^\W\d]:(?!//)(?=\s|$)"),
    "no space before ?": re.compile(r"\w\?(?=\s|$)"),
    "no no-break space after «": re.compile(r"«(?!\u00a0)"),
    "no space before %": re.compile(r"\d%"),
    "the wide no-break space before ; ! or ?": re.compile(r"\u00a0[;!?]"),
    "the narrow no-break space before : % or »": re.compile(r"\u202f[:%»]"),
    "straight quotation marks": re.compile(r'"\w'),
    "a straight apostrophe": re.compile(r"\w'\w"),
    "three dots": re.compile(r"\.\.\."),
    "a plain space in a number": re.compile(r"\d \d{3}\b"),
}


def typography_faults(text: str) -> list[str]:
    """Return what the Imprimerie nationale would correct, with its surroundings."""
    return [
        f"{name}: {text[max(0, match.start() - 30) : match.end() + 20]!r}"
        for name, fault in FAULTS.items()
        for match in fault.finditer(text)
    ]
