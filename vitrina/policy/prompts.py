"""Which prompts a policy learns on and which it is judged on, and in which order.

What belongs here: cutting and ordering; what is near to each other stays on one side. What stays out: reading files
(`examples`), finding near-duplicates (`vitrina.reward.splits`), tokens.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vitrina.errors import PermanentError
from vitrina.policy.examples import Examples, example
from vitrina.preferences.formats.keys import prompt_group
from vitrina.reward.splits import joined_groups


@dataclass(frozen=True, slots=True)
class Prompts:
    """What is written for, in training and in the judgement.

    Attributes:
        held: For the judgement, in an order of the seed.
        groups: Groups that rows name and those of prompts → train or held_out; of near-duplicates the same.
        leaked: Of those that are held out, how many the SFT model was trained on, or on a near-duplicate of.
    """

    train: tuple[str, ...]
    held: tuple[str, ...]
    groups: Mapping[str, str]
    leaked: int


def parted(examples: Examples, test: Examples | None, sft_groups: Mapping[str, str], seed: int, most: int) -> Prompts:
    """Prompts to learn on and prompts to be judged on; groups and near-duplicates of one are not in the other.

    Without test files those are held out that the SFT model did not learn from: its validation fold, and prompts that
    are new to it. Its folder names groups and no prompts, so a near-duplicate of what it learned is found where these
    files hold what it learned.

    Args:
        sft_groups: Groups that the SFT model has seen → fold.
        most: Prompts that are judged on at most.

    Raises:
        PermanentError: one of the two would be empty.
    """
    files = [examples, test] if test is not None else [examples]
    rows = [row for file in files for row in (*file.rows, *file.pairs)]
    rows += [example(prompt, "", group) for file in files for prompt, group in file.prompts.items()]
    cluster = joined_groups(rows)
    of = {row.prompt: cluster[prompt_group(row.prompt)] for row in rows}
    learned = {cluster[group] for group, fold in sft_groups.items() if fold == "train" and group in cluster}
    held = list(test.prompts) if test is not None else [each for each in examples.prompts if of[each] not in learned]
    rng = random.Random(seed)  # noqa: S311 - an order, no secret
    rng.shuffle(held)
    apart = {of[prompt] for prompt in held}
    train = [prompt for prompt in examples.prompts if of[prompt] not in apart]
    if not train or not held:
        raise PermanentError(
            f"{len(train)} prompts are left to learn on and {len(held)} to be judged on.",
            hint="Name held-out files with --test, of other prompts than those of --train; near-duplicates are none.",
        )
    held = held[:most]
    leaked = sum(of[prompt] in learned for prompt in held)
    folds = {group: "held_out" if name in apart else "train" for group, name in cluster.items()}
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
