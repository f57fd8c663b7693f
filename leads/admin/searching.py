"""What the search box of the list finds."""

from __future__ import annotations

from typing import Any

from django.db.models import Exists, OuterRef

from reports.models import Copy
from reports.references import recognised


def found(leads: Any, words: str) -> Any:
    """Keep the leads that words describe: any part of what they typed, in any order.

    A word that is the reference of a copy finds whose copy it is.
    """
    if whole := recognised(words):  # « sc26 7k4m 2p9q »: written with spaces, too.
        return _holding(leads, whole)
    others = []
    for word in words.split():
        if reference := recognised(word):
            leads = _holding(leads, reference)
        else:
            others.append(word)
    return leads.matching(" ".join(others))


def _holding(leads: Any, reference: str) -> Any:
    return leads.filter(
        Exists(Copy.objects.filter(lead=OuterRef("pk"), reference=reference))
    )
