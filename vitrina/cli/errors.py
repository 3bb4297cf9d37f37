"""What a person is told when a command fails for a reason outside of the program.

What belongs here: turning the errors of settings, database, object store and network into one line and a hint. What
stays out: errors that are mistakes of the program; those keep their stack trace.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_settings import SettingsError

from vitrina.errors import VitrinaError

# What is wrong with a place that a person named; any other error of the system is a mistake of the program.
_PLACES = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EISDIR,
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.ENAMETOOLONG,
        errno.EEXIST,
    }
)
DOCTOR = "`vitrina doctor` looks at every connection and setting."
#: Library → its errors that mean "the other side", what that side is, and the settings that name it.
OUTSIDE: tuple[tuple[str, Sequence[str], str, str], ...] = (
    ("django.db.utils", ("OperationalError", "InterfaceError"), "The database", "DATABASE_URL"),
    ("psycopg", ("OperationalError",), "The database", "DATABASE_URL"),
    ("botocore.exceptions", ("BotoCoreError", "ClientError"), "The object store", "the S3_* settings"),
    ("qdrant_client.http.exceptions", ("ApiException",), "The Qdrant server", "QDRANT_URL and QDRANT_API_KEY"),
    ("aiohttp", ("ClientError",), "The model endpoint", "OPENAI_BASE_URL"),
)


def setting_problems(error: ValidationError) -> list[tuple[str, str]]:
    """Name of the variable and what is wrong with it, for each setting that cannot be read."""
    return [
        ("_".join(str(part) for part in problem["loc"]).upper(), str(problem["msg"]).removeprefix("Value error, "))
        for problem in error.errors(include_url=False, include_input=False)
    ]


def explain(error: BaseException) -> str | None:
    """What to tell a person, or None when the error is a mistake of the program."""
    if isinstance(error, VitrinaError):
        return str(error)
    if isinstance(error, ValidationError) and error.title == "Settings":
        lines = [f"{name}: {what}" for name, what in setting_problems(error)]
        return "These settings cannot be read; mend them in .env or in the environment:\n  " + "\n  ".join(lines)
    if isinstance(error, SettingsError):
        return f"A setting is not written as its kind asks ({error}); .env.example shows the form."
    if isinstance(error, PermissionError):
        return f"No permission: {error.filename or error}. Mend its owner, or set VITRINA_HOME to a folder of yours."
    if isinstance(error, OSError) and error.filename is not None and error.errno in _PLACES:
        return f"{error.filename}: {error.strerror}. Name another place, or mend this one."
    for module, names, side, settings in OUTSIDE:
        # what was never imported cannot have raised it
        loaded: Any = sys.modules.get(module)
        kinds = tuple(getattr(loaded, name) for name in names if hasattr(loaded, name))
        if kinds and isinstance(error, kinds):
            said = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
            return f"{side} cannot be used: {said}\nCheck {settings}. {DOCTOR}"
    return None
