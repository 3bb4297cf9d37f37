"""Fingerprints of publications: what tells that one has changed.

Belongs here: what a publication's fingerprint is made of. Stays out: publishing (``publishing``), decisions of people
(``vitrina.review``), which change publications too.
"""

from __future__ import annotations

from typing import Any

from vitrina.catalog.models import Publication
from vitrina.fingerprints import fingerprint


def mark_of(pictures: list[Any], *values: Any) -> str:
    """The fingerprint of what a publication shows."""
    # Only where there are some: publications from before there were pictures keep their marks.
    return fingerprint(*values, pictures) if pictures else fingerprint(*values)


def publication_mark(publication: Publication) -> str:
    """The fingerprint of a publication as it stands."""
    p = publication
    return mark_of(p.pictures, p.version_id, p.category_id, p.price, p.old_price, p.currency, p.available, str(p.state))
