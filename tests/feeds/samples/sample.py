"""What a made-up file is, and what reading it must give.

Belongs here: the record of one sample. Stays out: the samples themselves, one module for each family of formats.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vitrina.feeds.records import SourceConfig


@dataclass(frozen=True)
class Sample:
    """One drop and its right reading.

    Attributes:
        name: For the test's id.
        files: Name in the drop → bytes.
        format: As the report must name it.
        accepted: Number of products; with ``quarantined`` and ``merged`` the number of records.
        products: Index of a product → attribute of it → value; ``attr:x`` looks into the attributes.
        notes: Fragments, each of which some note must hold.
        refused: A fragment of the message and hint, where the drop must be refused.
    """

    name: str
    files: Mapping[str, bytes]
    format: str = ""
    accepted: int = 0
    products: Mapping[int, Mapping[str, Any]] = field(default_factory=dict)
    quarantined: int = 0
    merged: int = 0
    notes: tuple[str, ...] = ()
    refused: str = ""
    config: SourceConfig = field(default_factory=SourceConfig)
