"""Write the lines of a tile as the CSV that a French Excel opens as it is.

A cell that would be read as a formula gets an apostrophe (OWASP, « CSV Injection »).
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator

MARK = "\ufeff"  # Without it, Excel takes UTF-8 for Latin-1.
# Of full width, too: a spreadsheet set to Chinese or Japanese reads them the same.
FORMULAS = (*"=+-@\t\r\n\0", *"\uff1d\uff0b\uff0d\uff20")


class _Echo:
    """Give back each line, where a file would keep it."""

    def write(self, text: str) -> str:
        return text


def safe(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULAS) else cell


def csv_lines(heads: list[str], rows: Iterable[list[str]]) -> Iterator[str]:
    """Yield the file, line by line."""
    writer = csv.writer(_Echo(), delimiter=";")
    yield MARK + writer.writerow([safe(head) for head in heads])
    for cells in rows:
        yield writer.writerow([safe(cell) for cell in cells])
