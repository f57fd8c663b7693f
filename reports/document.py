"""Gather what the PDF and the page that reads like it have in common."""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

from reports import drawings, study, tools
from reports.personalisation import Segment, reading_of


class Chart(NamedTuple):
    figure: study.Figure
    ruler: drawings.Ruler
    field: drawings.Field | None


CHARTS = {
    block.key: [
        Chart(figure, drawings.ruler(figure), figure.asked and drawings.field(figure))
        for figure in block.figures
    ]
    for block in study.BLOCKS
}


@cache
def contents(segment: Segment) -> dict[str, Any]:
    """Return the context of the templates: all that follows the cover."""
    reading = reading_of(segment)
    return {
        "study": study,
        "drawings": drawings,
        "reading": reading,
        "charts": CHARTS,
        "blocks": [(block, CHARTS[block.key]) for block in reading.blocks],
        "limits": tools.LIMITS,
        "success": tools.GRID["conditions"].criteria,
        "obstacles": tools.GRID["freins"].criteria,
    }
