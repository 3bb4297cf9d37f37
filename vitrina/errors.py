"""Errors that a person reads.

What belongs here: the few base classes that every room shares. What stays out: errors of one domain,
which subclass these beside the code that raises them.
"""

from __future__ import annotations


class VitrinaError(Exception):
    """Something a person can act on: a plain message, and what to do about it.

    Args:
        message: What is wrong, in one or two sentences, without a stack trace.
        hint: What to do next; printed on a line of its own.
    """

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.message} {self.hint}" if self.hint else self.message


class PermanentError(VitrinaError):
    """Trying again without a change gives the same result (bad input, bad configuration)."""


class RetryableError(VitrinaError):
    """Trying again later may work (a connection, a lock, a rate limit)."""
