"""Categories and templates, changed through the services that their files go through.

Belongs here: their forms. Stays out: the rules (``categories.editing``, ``content.template_editing``). A file that is
imported afterwards wins.
"""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest

from vitrina.backoffice.site import ForAdministrators, site
from vitrina.categories.editing import save_category
from vitrina.categories.models import Category
from vitrina.content.models import DescriptionTemplate
from vitrina.content.template_editing import save_template, switch_off_template
from vitrina.errors import VitrinaError


class _Tried(forms.ModelForm):  # type: ignore[type-arg]
    """A form that asks the service by doing it and taking it back: one set of rules."""

    #: A field of JSON that may be empty.
    words = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.words].required = False

    def keep(self) -> Any:
        """Through the service; raises its errors."""
        raise NotImplementedError

    def _post_clean(self) -> None:
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        try:
            with transaction.atomic():
                self.keep()
                transaction.set_rollback(True)
        except (VitrinaError, KeyError) as error:
            self.add_error(None, ValidationError(str(error)))


class CategoryForm(_Tried):
    """A node of the tree."""

    words = "synonyms"

    class Meta:
        model = Category
        fields = ("slug", "parent", "name_ru", "name_tr", "name_en", "synonyms", "needs_review", "is_active")
        labels: ClassVar = {"name_ru": "Name in Russian", "name_tr": "Name in Turkish", "name_en": "Name in English"}
        help_texts: ClassVar = {
            "parent": "Empty: it stands at the top of the tree.",
            "synonyms": 'Other words for it by language: {"ru": ["рубаха"], "tr": ["gömlek"]}',
            "is_active": "Switched off, it is given to no product any more.",
        }

    def keep(self) -> Category:
        """By the tree's rules."""
        row = self.instance
        return save_category(
            row.slug, parent=row.parent.slug if row.parent is not None else None,
            names={"ru": row.name_ru, "tr": row.name_tr, "en": row.name_en}, synonyms=_words(row.synonyms),
            needs_review=row.needs_review, is_active=row.is_active,
        )  # fmt: skip


class TemplateForm(_Tried):
    """A template of descriptions."""

    words = "facts"

    class Meta:
        model = DescriptionTemplate
        fields = ("name", "template_type", "category", "language", "content", "facts", "is_active")

    def keep(self) -> DescriptionTemplate:
        """By the file's rules."""
        row = self.instance
        saved = save_template({
            "name": row.name, "type": row.template_type, "category": row.category.slug if row.category else None,
            "language": row.language, "content": row.content, "facts": row.facts or {},
        })  # fmt: skip
        if not row.is_active:
            switch_off_template(row.name)
        return saved


class _Kept(ForAdministrators):
    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:  # noqa: ARG002 - Django's
        """Through the service."""
        obj.pk = form.keep().pk


class Categories(_Kept):
    """The tree. A slug is a category's identity and stays."""

    form = CategoryForm
    list_display = ("path", "slug", "needs_review", "is_active")
    list_filter = ("is_active", "needs_review")
    search_fields = ("slug", "path_ru")
    ordering = ("path_ru",)

    @admin.display(description="Path in Russian", ordering="path_ru")
    def path(self, category: Category) -> str:
        """From the top of the tree down."""
        return category.path_ru

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Its slug, once it is there."""
        return ("slug",) if obj is not None else ()


class Templates(_Kept):
    """Templates, with how their texts fare."""

    form = TemplateForm
    list_display = ("name", "template_type", "category", "language", "is_active", "usage_count", "success_rate")
    list_filter = ("is_active", "template_type", "language")
    list_select_related = ("category",)
    search_fields = ("name",)
    ordering = ("name",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:  # noqa: ARG002
        """Its name, once it is there: texts say by it what they were made with."""
        return ("name",) if obj is not None else ()


def _words(synonyms: Any) -> dict[str, list[str]]:
    synonyms = synonyms or {}
    if not isinstance(synonyms, dict) or not all(isinstance(words, list) for words in synonyms.values()):
        raise VitrinaError("Synonyms are language → list of words.")
    return {str(language): [str(word) for word in words] for language, words in synonyms.items()}


def register() -> None:
    """Both."""
    site.register(Category, Categories)
    site.register(DescriptionTemplate, Templates)
