"""Models that write, at a size that trains in seconds."""

from tests.reward.made import made
from vitrina.policy.examples import read_examples
from vitrina.policy.optimising import PolicyPlan
from vitrina.policy.settings import Algorithm, PolicySettings, SftSettings
from vitrina.policy.sft import SftPlan

SFT = SftSettings(
    width=32, layers=1, heads=2, vocabulary=400, prompt_length=16, answer_length=48, epochs=2, batch=16,
    learning_rate=3e-3, checkpoint_steps=3, threads=1,
)  # fmt: skip
POLICY = PolicySettings(
    steps=4, prompts=4, generations=2, checkpoint_steps=2, learning_rate=1e-3, best_of=2, judged_prompts=12, threads=1
)


class Interrupted(Exception):
    """Ends a training as a kill would, at a place that the test chooses."""


def stop_at(step):
    """A progress that interrupts once the checkpoint of this step is sealed."""

    def progress(stage, figures):
        if stage == "checkpoint" and figures["step"] >= step:
            raise Interrupted

    return progress


def examples(folder, count=240, seed=0):
    """Pairs whose texts are short enough for the small model."""
    return read_examples([made(folder, count, seed=seed)])


def sft_plan(out, **more):
    return SftPlan(out, settings=SFT, **more)


def policy_plan(out, sft, algorithm=Algorithm.RLOO, **more):
    return PolicyPlan(out, sft, algorithm=algorithm, **{"settings": POLICY} | more)
