"""What a training needs of its machine, declared once for each asset.

What belongs here: processors, GPUs and memory, and what follows from them: the run tag that the queue limits, the pool,
the environment of the process, the limit of its supervisor. What stays out: how many runs the queue lets go
(``deploy/dagster.yaml``), how many steps a pool (``pipelines/pools.py``).
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

GPU: Final = "gpu"


@dataclass(frozen=True, slots=True)
class Needs:
    """Of one process at most.

    Attributes:
        cpus: Threads of its arithmetic; no more than the machine has.
        gpus: That it may see; a machine without any trains on its processors.
        memory_gb: Of the training with all its processes, above which it is ended.
    """

    cpus: int
    gpus: int
    memory_gb: int

    @property
    def pool(self) -> str | None:
        """The pool of a step."""
        return GPU if self.gpus else None

    @property
    def run_tags(self) -> Mapping[str, str]:
        """Of jobs; tags of ops do not become tags of runs."""
        return {GPU: str(self.gpus)} if self.gpus else {}

    @property
    def op_tags(self) -> Mapping[str, str]:
        """Of the step, for people and for launchers that place it."""
        return {"cpus": str(self.cpus), "memory_gb": str(self.memory_gb), **self.run_tags}

    def environment(self, processes: int = 1) -> dict[str, str]:
        """Variables of the training's processes; as many GPUs as they may see, of those that this one may."""
        threads = max(1, min(self.cpus, os.cpu_count() or 1) // processes)
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", ",".join(map(str, range(self.gpus * processes))))
        devices = ",".join(visible.split(",")[: self.gpus * processes])
        return {"OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": devices}


#: The embedded models take 2 GB; a base of 0.6B weights with adapters takes 12 GB on a processor.
TRAINING: Final = Needs(cpus=8, gpus=1, memory_gb=32)
