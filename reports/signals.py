"""What the document tells those above it, who know the people."""

from __future__ import annotations

from django.dispatch import Signal

# Sent in the transaction that marks a copy rendered, or finds it rendered already when
# it is asked for again: copy=<Copy>.
copy_rendered = Signal()

# Sent once a copy was served to whoever pressed its button: copy=<Copy>, hit=<Hit>.
copy_downloaded = Signal()
