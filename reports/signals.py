"""What the document tells those above it, who know the people."""

from __future__ import annotations

from django.dispatch import Signal

# Sent in the transaction that marks a copy rendered: copy=<Copy>.
copy_rendered = Signal()
