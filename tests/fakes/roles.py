"""Acting as one of the database's roles for a while.

Belongs here: what lets a test process be people's desk at one moment and a pipeline at the next. Stays out: the rights.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from vitrina.config import get_settings
from vitrina.project.roles import PIPELINE


@contextmanager
def acting(role: str = PIPELINE) -> Iterator[None]:
    """As processes of Dagster do when they are started: new sessions of this process and its children take on ``role``.

    Every run of a job in the tests goes through it, so that a right that a pipeline lacks is found by its own tests.
    """
    former = get_settings().database_role
    _take_on(role)
    try:
        yield
    finally:
        _take_on(former)


def _take_on(role: str) -> None:
    from django.db import connections

    from vitrina.project.database import database_url, split_url

    settings = get_settings()
    settings.database_role = os.environ["DATABASE_ROLE"] = role
    connections.close_all()
    connections["default"].settings_dict.update(split_url(database_url(settings)))
