"""Django's apps, loaded so that test modules may import models at their head. No database is known by this alone."""

from __future__ import annotations

import tempfile

import pytest

from vitrina.config import get_settings
from vitrina.project.setup import setup_django


def configure() -> None:
    """Load the apps with a home folder of nobody, so that no database of the person who tests can be reached."""
    with tempfile.TemporaryDirectory() as home, pytest.MonkeyPatch.context() as patch:
        patch.setenv("VITRINA_HOME", home)
        patch.setenv("VITRINA_SECRET_KEY", "only for tests")
        patch.delenv("DATABASE_URL", raising=False)
        get_settings.cache_clear()
        setup_django()
    get_settings.cache_clear()


configure()
