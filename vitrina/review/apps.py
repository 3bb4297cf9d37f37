"""Django's registration of the review app."""

from django.apps import AppConfig


class ReviewConfig(AppConfig):
    """The review tables."""

    name = "vitrina.review"
    label = "review"
