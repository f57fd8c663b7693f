"""Figures that can be believed: one definition each, and the rows that make it."""

from __future__ import annotations
