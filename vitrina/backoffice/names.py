"""What the admin calls tables and their groups. It is in English alone: its theme has no Russian words.

Belongs here: plurals and names of groups that Django would spell wrongly. Stays out: which tables are shown.
"""

from __future__ import annotations

import re

from django.apps import apps

_GROUPS = {"api": "API", "llm": "LLM ledger"}


def plural(words: str) -> str:
    """English plural of a table's name: ``product category`` becomes ``product categories``."""
    for ending, many in (("sis", "ses"), ("words", "words"), (r"ss|x|ch|sh", r"\g<0>es"), (r"(?<=[^aeiou])y", "ies")):
        made, found = re.subn(rf"(?:{ending})$", many, words)
        if found:
            return made
    return words if words.endswith("s") else f"{words}s"


def name_tables() -> None:
    """Names that an application does not give itself. Nothing of it is seen by migrations."""
    for model in apps.get_models():
        meta = model._meta
        if model.__module__.startswith("vitrina.") and "verbose_name_plural" not in meta.original_attrs:
            meta.verbose_name_plural = plural(str(meta.verbose_name))
    for config in apps.get_app_configs():
        if config.name.startswith("vitrina.") and config.verbose_name == config.label.title():
            config.verbose_name = _GROUPS.get(config.label, config.label.replace("_", " ").capitalize())
