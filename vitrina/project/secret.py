"""Django's secret key: from the settings, else made once and kept in the home folder with mode 0600."""

from __future__ import annotations

import os
import secrets

from vitrina.config import Settings


def secret_key(settings: Settings) -> str:
    """The configured key, or the one kept in ``<home>/secret_key``."""
    if settings.vitrina_secret_key is not None:
        return settings.vitrina_secret_key.get_secret_value()
    path = settings.vitrina_home / "secret_key"
    try:
        return path.read_text(encoding="ascii")
    except FileNotFoundError:
        settings.vitrina_home.mkdir(parents=True, exist_ok=True)
    try:
        # O_EXCL: of several processes that start at once one makes the key, the others read it.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="ascii")
    key = secrets.token_urlsafe(50)
    with os.fdopen(descriptor, "w", encoding="ascii") as handle:
        handle.write(key)
    return key
