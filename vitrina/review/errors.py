"""What can go wrong at the desk, as errors that a page or an API can answer with.

Belongs here: the classes. Stays out: status codes and wording for browsers (``Conflict`` is 409, ``Forbidden`` 403).
"""

from __future__ import annotations

from typing import Any

from vitrina.errors import PermanentError


class NotDecidable(PermanentError):
    """The item does not exist, is closed already, or the action does not fit its kind."""


class Forbidden(PermanentError):
    """The person may not do this: the role or the membership in the batch is missing."""


class Conflict(NotDecidable):
    """Somebody or something was faster; nothing was written.

    Attributes:
        state: ``reason`` (``decided``, ``closed``, ``held``, ``full``, ``newer_version``, ``paused``, ``set_aside``,
            ``answered``, ``unknown_token``, ``settled``) and what is known of the item now: ``state``, and for
            moderators ``by`` and ``action``.
    """

    def __init__(self, message: str, *, hint: str | None = None, **state: Any) -> None:
        super().__init__(message, hint=hint)
        self.state = state


class TooLate(NotDecidable):
    """The decision can no longer be undone without a trace; it can still be changed (``history.revise_…``).

    Attributes:
        decision_id: The decision that stands.
    """

    def __init__(self, message: str, *, decision_id: int) -> None:
        super().__init__(message, hint="Change it in the list of your last decisions.")
        self.decision_id = decision_id
