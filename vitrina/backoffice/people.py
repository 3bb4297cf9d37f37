"""People: names and roles, through the services of accounts.

Belongs here: the form of an account. Stays out: inviting (the page "People"), passwords, keys.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from unfold.widgets import UnfoldAdminSelectWidget

from vitrina.accounts.roles import Role, group_names
from vitrina.accounts.services import AccountError, change_role, check_roles, close_account, reopen_account
from vitrina.backoffice.site import ForAdministrators, administrator, site


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """What an administrator may change of an account."""

    role = forms.ChoiceField(choices=[(role.value, role.value) for role in Role], widget=UnfoldAdminSelectWidget)

    class Meta:
        model = User
        fields = ("first_name", "is_active")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "role" in self.fields:
            standing = self.instance.groups.values_list("name", flat=True).first()
            self.fields["role"].initial = standing or Role.ANNOTATOR.value

    def clean(self) -> dict[str, Any]:
        """Refused as the service would refuse it."""
        data = super().clean() or {}
        try:
            check_roles(self.instance, Role(data.get("role", Role.ADMIN.value)), active=bool(data.get("is_active")))
        except AccountError as error:
            raise ValidationError(str(error)) from None
        return data


class People(ForAdministrators):
    """Accounts. They are invited on the page "People" and closed here, never deleted: their decisions stay."""

    form = AccountForm
    list_display = ("email", "first_name", "role", "is_active", "last_login")
    list_filter = ("is_active", "groups")
    search_fields = ("email", "first_name")
    ordering = ("email",)
    fields = ("email", "first_name", "role", "is_active", "last_login", "date_joined")
    readonly_fields = ("email", "last_login", "date_joined")

    def has_add_permission(self, request: HttpRequest) -> bool:  # noqa: ARG002 - Django's
        """By invitation."""
        return False

    def role(self, user: User) -> str:
        """The person's role."""
        return ", ".join(sorted(group_names(user) & {role.value for role in Role})) or "–"

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:  # noqa: ARG002
        """Through the services, one after the other."""
        by = administrator(request)
        User.objects.filter(pk=obj.pk).update(first_name=obj.first_name)
        change_role(obj, Role(form.cleaned_data["role"]), by=by)
        standing = User.objects.get(pk=obj.pk)
        if standing.is_active and not obj.is_active:
            close_account(standing, by=by)
        elif obj.is_active and not standing.is_active:
            reopen_account(standing, by=by)


def register() -> None:
    """Accounts."""
    site.register(User, People)
