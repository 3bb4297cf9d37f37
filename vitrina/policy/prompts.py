"""Which prompts a policy learns on and which it is judged on, and in which order.

What belongs here: cutting and ordering. What stays out: reading files (`examples`), tokens.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.errors import PermanentError
from vitrina.policy.examples import Examples, unseen


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is written for, in training and in the judgement.

    Attributes:
        held: For the judgement, in an order of the seed.
        leaked: Of these, how many the SFT model was trained on.
    """

    train: tuple[str, ...]
    held: tuple[str, ...]
    groups: Mapping[str, str]
    leaked: int


def parted(examples: Examples, test: Examples | None, sft_groups: Mapping[str, str], seed: int, most: int) -> Prompts:
    """Prompts to learn on and prompts to be judged on, with no group in both.

    Without test files those are held out that the SFT model did not learn from: its validation fold, and prompts that
    are new to it.

    Raises:
        PermanentError: one of the two would be empty.
    """
    learned = {group for group, fold in sft_groups.items() if fold == "train"}
    source = test.prompts if test is not None else examples.prompts
    held = list(source) if test is not None else unseen(source, learned)
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    rng.shuffle(held)
    groups = {source[prompt] for prompt in held}
    train = [prompt for prompt, group in examples.prompts.items() if group not in groups]
    if not train or not held:
        raise PermanentError(
            f"{len(train)} prompts are left to learn on and {len(held)} to be judged on.",
            hint="Name held-out files with --test, of other prompts than those of --train.",
        )
    held = held[:most]
    leaked = sum(source[prompt] in learned for prompt in held)
    folds = {examples.prompts[prompt]: "train" for prompt in train} | {source[prompt]: "held_out" for prompt in held}
    return Prompts(tuple(train), tuple(held), folds, leaked)


def ordered(values: Sequence[Any], count: int, seed: int) -> list[Any]:
    """This many values, each pass over all of them in an order of its own: one epoch, which a resumed run repeats."""
    found: list[Any] = []
    number = 0
    while len(found) < count:
        turn = list(values)
        random.Random(f"{seed}:{number}").shuffle(turn)  # noqa: S311 - an order, no secret
        found += turn
        number += 1
    return found[:count]
