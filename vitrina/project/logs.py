"""What the desk's processes write to their standard error: faults with their traces, and no link that opens something.

Belongs here: the handlers of Django's own loggers, which write nowhere by default where ``DEBUG`` is off. Stays out:
where standard error goes (``vitrina.servers``), logs of other processes.
"""

from __future__ import annotations

import logging
import re
from typing import Any

#: Addresses that open an account for whoever has them.
_LINKS = re.compile(r"(/invite/|/password/reset/key/)[^\s/'\"]+")


class WithoutLinks(logging.Formatter):
    """Lines in which no link of an invitation or for a new password can be read, traces among them."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return _LINKS.sub(r"\1…", super().format(record))


LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"()": WithoutLinks, "format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "loggers": {
        "django": {"handlers": ["stderr"], "level": "WARNING"},
        # What is refused (4xx) is told to who asked.
        "django.request": {"level": "ERROR"},
    },
}
