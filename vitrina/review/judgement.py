"""What a person says of a case, whichever way it comes in: the queue's screen, a list, a product's page, the API.

Belongs here: the value and whether it can be meant. Stays out: whether the case can still be decided (``moderating``),
what a decision changes (``effects``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from vitrina.review.errors import NotDecidable

ACTIONS = ("approve", "edit", "reject", "reprocess")
EDIT_FIELDS = ("title", "body", "seo_title", "seo_description", "keywords")


@dataclass(frozen=True, slots=True)
class Judgement:
    """One answer about a case.

    Attributes:
        action: approve, edit, reject or reprocess.
        seen_version: Number of the product's newest text when the page was made; a newer one is a conflict.
        reasons: Codes of reasons; a rejection needs one, or a comment. What is to be written again may have some.
        comment: In the person's words.
        category: A corrected category, by slug. A rejection takes none.
        edit: The rewritten text: title, body (HTML), seo_title, seo_description, keywords.
        active_ms: Milliseconds with the case in view.
    """

    action: str
    seen_version: int | None = None
    reasons: Sequence[str] = ()
    comment: str = ""
    category: str = ""
    edit: Mapping[str, Any] | None = None
    active_ms: int | None = None

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Judgement:
        """From named values; those that say nothing of a case are left."""
        return cls(**{one.name: values[one.name] for one in fields(cls) if one.name in values})

    def check(self) -> None:
        """Raises :class:`NotDecidable` for what cannot be meant."""
        if self.action not in ACTIONS:
            raise NotDecidable(f"There is no action {self.action!r}.", hint=f"Choose one of {', '.join(ACTIONS)}.")
        if self.action == "reject" and not self.reasons and not self.comment.strip():
            raise NotDecidable("A rejection needs a reason.", hint="Choose one, or write it in words.")
        if self.action != "edit":
            return
        edit = self.edit or {}
        unknown = set(edit) - set(EDIT_FIELDS)
        if unknown:
            raise NotDecidable(f"A text has no {', '.join(sorted(unknown))}.", hint=f"It has {', '.join(EDIT_FIELDS)}.")
        if not str(edit.get("title", "")).strip() or not str(edit.get("body", "")).strip():
            raise NotDecidable("An edited text needs a title and a body.")

    def columns(self) -> dict[str, Any]:
        """Columns of the decision that keep it."""
        return {
            "action": self.action, "reasons": list(self.reasons), "comment": self.comment, "category": self.category,
            "edit": dict(self.edit or {}) if self.action == "edit" else None,
        }  # fmt: skip
