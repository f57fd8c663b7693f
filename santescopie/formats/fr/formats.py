"""Dates as Django's own templates write them: no format of its own says « 1er »."""

from __future__ import annotations

DATE_FORMAT = "d/m/Y"
DATETIME_FORMAT = "d/m/Y H:i"
