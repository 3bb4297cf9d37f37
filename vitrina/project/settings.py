"""Django settings, derived from :mod:`vitrina.config`; nothing is read from the environment here.

Belongs here: what Django needs to run migrations, models and (later) pages. Stays out: domain settings.
"""

from __future__ import annotations

from vitrina.config import PROJECT_ROOT, get_settings
from vitrina.project.database import django_database
from vitrina.project.secret import secret_key

_settings = get_settings()

BASE_DIR = PROJECT_ROOT
SECRET_KEY = secret_key(_settings)
DEBUG = False
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
USE_TZ = True
# The process time zone follows this setting: anything but UTC would shift Dagster's run logs.
TIME_ZONE = "UTC"
LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", "Русский"), ("en", "English")]
USE_I18N = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "vitrina.project.urls"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.postgres",
    "vitrina.catalog",
    "vitrina.categories",
    "vitrina.content",
    "vitrina.images",
    "vitrina.vectors",
    "vitrina.llm",
    "vitrina.review",
    "vitrina.preferences",
    "vitrina.models_registry",
    "vitrina.drift",
]

DATABASES = {"default": django_database(_settings)}
