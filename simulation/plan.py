"""How large the demo is, what is done already, and what is left.

Belongs here: the sizes, the record of finished stages in the home folder. Stays out: the stages (``course``).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from vitrina.servers.pgconnection import write_file

RECORD = "loop.json"


@dataclass(frozen=True)
class Size:
    """What a run is made of; another size is another run.

    Attributes:
        products: Goods that come first: people compare their texts, models learn from these votes.
        held_out: Goods that come last and are measured; nobody voted on them.
        round_1, round_2: Pairs that people compare in each round; the second adds to the first.
        best_of: Texts for each product, of which one is kept.
        policy: Whether a model that writes is trained in the second round.
    """

    seed: int = 0
    products: int = 2000
    held_out: int = 500
    round_1: int = 300
    round_2: int = 900
    best_of: int = 8
    policy: bool = True
    reward_kind: str = "linear"

    def grows_from(self, other: Size) -> bool:
        """Whether a run of the other size is one of this size so far: the policy comes last and may come later."""
        return replace(other, policy=self.policy) == self


@dataclass(slots=True)
class Record:
    """What was done until now; written whole after each stage.

    Attributes:
        done: Stage → what it told, with ``seconds``.
    """

    path: Path
    size: Size
    done: dict[str, dict[str, Any]] = field(default_factory=dict)
    began: float = field(default_factory=time.time)

    @classmethod
    def load(cls, home: Path) -> Record | None:
        """The record of a home folder; None where there is none that can be read."""
        path = home / RECORD
        try:
            known = json.loads(path.read_text(encoding="utf-8"))
            return cls(path, Size(**known["size"]), dict(known["done"]), float(known["began"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def finish(self, stage: str, told: Mapping[str, Any]) -> None:
        """Note that a stage is done."""
        self.done[stage] = dict(told)
        self.save()

    def save(self) -> None:
        """Write it, whole or not at all."""
        known = {"size": asdict(self.size), "began": self.began, "done": self.done}
        write_file(self.path, json.dumps(known, ensure_ascii=False, indent=1))

    @property
    def seconds(self) -> float:
        """What the finished stages took."""
        return sum(float(told.get("seconds", 0)) for told in self.done.values())
