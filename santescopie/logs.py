"""Lines of the log that give no secret away and cry no wolf.

One object of JSON a line (LOG_FORMAT=json, the default of a deployment), or a line to
read. Times are UTC (OWASP ASVS 5.0, 16.2.2).
"""

from __future__ import annotations

import copy
import json
import logging
import re
from datetime import UTC, datetime

# What opens somebody's pages stands after these words of an address.
SECRET = re.compile(
    r"(/(?:suivi|exemplaire|mes-donnees|choix|desinscription|ce-n-est-pas-moi"
    r"|compte/(?:invitation|nouveau-mot-de-passe|deblocage))/)[^/\s?#'\"]+"
)
# Who it is stays out; the domain says which mail server is concerned.
ADDRESS = re.compile(r"[\w.!#$%&'*+/=?^`{|}~-]+@((?:[\w-]+\.)+[\w-]+)")


def discreet(text: str) -> str:
    """Cut secrets out of a text, and people out of their addresses."""
    return ADDRESS.sub(r"…@\1", SECRET.sub(r"\1…", text))


class DiscreetFormatter(logging.Formatter):
    """Cut secrets out of a whole line, its traceback included.

    Django writes whatever a robot makes suspicious (a false host, a body too long) as
    an error with its traceback: it is one line of warning here, a visitor's affair.
    """

    def format(self, record: logging.LogRecord) -> str:
        return discreet(super().format(_calmed(record)))


class JsonFormatter(logging.Formatter):
    """Write the same as an object: time, level, logger, message, and its exception."""

    def format(self, record: logging.LogRecord) -> str:
        record = _calmed(record)
        said = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "process": record.process,
            "message": discreet(record.getMessage()),
        }
        if record.exc_info:
            said["exception"] = discreet(self.formatException(record.exc_info))
        return json.dumps(said, ensure_ascii=False)


def _calmed(record: logging.LogRecord) -> logging.LogRecord:
    if not record.name.startswith("django.security."):
        return record
    record = copy.copy(record)
    record.levelname = logging.getLevelName(logging.WARNING)
    record.exc_info = record.exc_text = None
    return record
