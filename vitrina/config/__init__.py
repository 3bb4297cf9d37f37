"""Every setting of the platform, typed, from the environment or ``.env``.

Belongs here: names, types, defaults and help of settings, a module for each subject; where things lie by default. Stays
out: any use of them. ``.env.example`` holds the same list for people; a test keeps the two equal.
"""

from __future__ import annotations

import os
from functools import lru_cache

from pydantic_settings import SettingsConfigDict

from vitrina.config.catalogue import Catalogue
from vitrina.config.desk import Desk
from vitrina.config.language_models import LanguageModels
from vitrina.config.pictures import Pictures
from vitrina.config.places import PROJECT_ROOT, Places
from vitrina.config.preferences import Preferences
from vitrina.config.training import Training

__all__ = ["PROJECT_ROOT", "Settings", "get_settings"]


class Settings(Catalogue, Preferences, Training, Desk, Pictures, LanguageModels, Places):
    """All settings. Field names are the environment variables in lower case, but where an alias is given."""

    model_config = SettingsConfigDict(
        env_file=PROJECT_ROOT / ".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        populate_by_name=True,
    )


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The process's settings, read once. Tests call ``get_settings.cache_clear()``.

    ``VITRINA_ENV_FILE`` names another file than ``.env``, for a second platform beside one's own.
    """
    return Settings(_env_file=os.environ.get("VITRINA_ENV_FILE", PROJECT_ROOT / ".env"))  # type: ignore[call-arg]
