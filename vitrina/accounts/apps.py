"""Django's view of the application."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Invitations and requests for a new password."""

    name = "vitrina.accounts"
    label = "accounts"
