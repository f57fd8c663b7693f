"""Write the dashboard on one A4 page: the synthesis' engine, a style of its own.

Totals only: nobody's name comes into it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.template.loader import render_to_string

from leads.analytics import action, delays
from leads.analytics.dashboard import Dashboard
from leads.analytics.filters import Filters
from reports import pages, study
from reports.pdf.engine import Written

WEEKS = 4  # Of the proof of action, the latest first.
STYLE = Path(__file__).with_suffix(".css")


def write(board: Dashboard) -> Written:
    """Lay out the page. Its figures are those of the page it was asked from."""
    return pages.write(html_of(board), STYLE)


def html_of(board: Dashboard) -> str:
    context = {
        "board": board,
        "brand": study.NAME,
        "tight": board.freshness.failures or len(board.filters.cuts) > 2,
        **_proof(board.filters),
    }
    return render_to_string("measure/one_page.html", context)


def _proof(filters: Filters) -> dict[str, Any]:
    """Return the proof of action, what fits of it: the last weeks, and all of them."""
    found = action.cohorts(filters, *action.ACTS)
    contact, meeting = (found[act].weeks for act in action.ACTS)
    return {
        "weeks": [(row.key, _numbers([row])) for row in contact[:WEEKS]],
        "whole": [
            ("La période", _numbers(contact)),
            ("Rendez-vous", _numbers(meeting)),
        ],
        "never_called": action.never_called(filters).count(),
    }


def _numbers(rows: list[action.Row]) -> list[int]:
    keys = (*delays.KEYS, action.ALL)
    return [sum(row.count(key) for row in rows) for key in keys]
