"""The Django application of the model registry."""

from django.apps import AppConfig


class ModelsRegistryConfig(AppConfig):
    """Trained models, and promotions."""

    name = "vitrina.models_registry"
    label = "models_registry"
