"""Draw the code that leads from a printed copy to the page that verifies it.

The address is part of the edition: printed on paper, it can never move.
"""

from __future__ import annotations

from functools import cache
from itertools import groupby
from typing import NamedTuple

import segno

QUIET = 4  # Modules left white on each side (ISO/IEC 18004, 5.3.8).


class Code(NamedTuple):
    """A code as an SVG path of horizontal bars, in modules."""

    address: str
    side: int  # Quiet zone included.
    bars: str

    @property
    def shown(self) -> str:
        """Return the address as it is written out, to be typed."""
        return self.address.partition("://")[2].rstrip("/")


def address_of(site: str, reference: str) -> str:
    return f"{site}/v/{reference}/"


def draw(site: str, reference: str) -> Code:
    """Return the code of a copy. Addresses of one length give codes of one size."""
    address = address_of(site, reference)
    matrix = _symbol(address, _mask(site)).matrix
    bars = []
    for line, row in enumerate(matrix, QUIET):
        column = QUIET
        for dark, run in groupby(row):
            width = len(list(run))
            if dark:
                bars.append(f"M{column} {line}.5h{width}")
            column += width
    return Code(address, len(matrix) + 2 * QUIET, "".join(bars))


@cache
def _mask(site: str) -> int:
    """Return the mask that the standard's rules choose for an address of this site.

    Any is legal for any content. Weighing the eight for each copy costs 2.5 ms.
    """
    mask: int = _symbol(address_of(site, "SC26-0000-0000")).mask
    return mask


def _symbol(address: str, mask: int | None = None) -> segno.QRCode:
    # M: legible with 15 % of it soiled. No higher level for free: one size for all.
    return segno.make_qr(address, error="m", boost_error=False, mask=mask)
