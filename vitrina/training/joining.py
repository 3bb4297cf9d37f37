"""Several processes that train together: who is the first, how they find each other, and waiting for all.

What belongs here: the group of processes that ``torchrun`` started. What stays out: what they train. A process of its
own needs nothing of the training group of requirements: a linear model asks here too.

``torchrun`` keeps one key-value store for all its tries, and the processes of each try find each other through it. A
process that was quicker than its peer read the address that the peer had left there in the try before, and waited for
a dead process until the tries were used up. So each try has keys of its own here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from accelerate import PartialState

_by_itself: ContextVar[bool] = ContextVar("by_itself", default=False)
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def alone() -> bool:
    """Whether this process is the one that tells, judges and keeps: the only one, or the first of several."""
    return _by_itself.get() or int(os.environ.get("RANK", "0")) == 0


def processes() -> int:
    """How many processes train together, as ``torchrun`` says."""
    return 1 if _by_itself.get() else int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def by_itself() -> Iterator[None]:
    """In the block this process works as if it were the only one: what it makes while the others wait for it."""
    token = _by_itself.set(True)
    try:
        yield
    finally:
        _by_itself.reset(token)


def joined() -> PartialState:
    """This process's place among the others of this try; waits until all are there."""
    import torch
    from accelerate import PartialState
    from torch import distributed

    if processes() > 1 and not distributed.is_initialized():
        if os.environ.get("MASTER_ADDR") in _LOOPBACK and sys.platform == "linux":
            # All are on this machine: nothing need be reachable from others
            os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        store, rank, world = next(iter(distributed.rendezvous("env://")))
        own = distributed.PrefixStore(f"try-{os.environ.get('TORCHELASTIC_RESTART_COUNT', '0')}", store)
        backend = "nccl" if torch.cuda.is_available() else "gloo"
        distributed.init_process_group(backend, store=own, rank=rank, world_size=world)
    return PartialState(cpu=not torch.cuda.is_available())


def leave() -> None:
    """Leave the others, once all is done: a process that ends in its group may be aborted (PyTorch issue 190489).

    Seen on a busy machine: ``terminate called without an active exception``, after its work was done.
    """
    from torch import distributed

    if distributed.is_initialized():
        distributed.destroy_process_group()


def together() -> None:
    """Wait for the other processes."""
    if processes() > 1:
        joined().wait_for_everyone()


@contextmanager
def first_alone() -> Iterator[None]:
    """The first process goes through the block before all others."""
    if processes() == 1:
        yield
        return
    with joined().main_process_first():
        yield


def anyone(flag: bool) -> bool:
    """Whether the flag is up in any of the processes."""
    return totals(int(flag))[0] > 0


def totals(*numbers: float) -> list[float]:
    """The sum of each number over all processes."""
    if processes() == 1:
        return list(numbers)
    import torch
    from torch import distributed

    found = torch.tensor(numbers, device=joined().device, dtype=torch.float64)
    distributed.all_reduce(found)
    return [float(each) for each in found]
