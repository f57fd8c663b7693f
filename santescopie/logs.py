"""Lines of the log that give no secret away and cry no wolf."""

from __future__ import annotations

import copy
import logging
import re

# What opens somebody's pages stands after these words of an address.
SECRET = re.compile(
    r"(/(?:suivi|exemplaire|mes-donnees|desinscription|ce-n-est-pas-moi"
    r"|compte/(?:invitation|nouveau-mot-de-passe|deblocage))/)[^/\s?#'\"]+"
)


class DiscreetFormatter(logging.Formatter):
    """Cut secrets out of a whole line, its traceback included.

    Django writes whatever a robot makes suspicious (a false host, a body too long) as
    an error with its traceback: it is one line of warning here, a visitor's affair.
    """

    def format(self, record: logging.LogRecord) -> str:
        if record.name.startswith("django.security."):
            record = copy.copy(record)
            record.levelname = logging.getLevelName(logging.WARNING)
            record.exc_info = record.exc_text = None
        return SECRET.sub(r"\1…", super().format(record))
