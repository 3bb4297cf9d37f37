"""The Django application of preferences."""

from django.apps import AppConfig


class PreferencesConfig(AppConfig):
    """Candidate texts, pairs, preferences and their datasets."""

    name = "vitrina.preferences"
    label = "preferences"
