"""Settings of the platform for the demo, and of its trainings.

Belongs here: numbers, each with its reason. Stays out: how large the demo is (``plan``), what is done with them
(``course``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from simulation.plan import Size

GOLD = 60
#: Texts for each of the many goods that came first: fewer than for those that are measured, to save minutes.
OWN_BEST_OF = 4
#: The first goods come in so many weeks, from two sources.
WEEKS = 4
#: How products are chosen for pairs. The second round asks for what the first model is unsure of, and sets its choice
#: against other texts.
SHARES: Mapping[int, Mapping[str, float]] = {
    1: {"new": 0.7, "random": 0.3},
    2: {"new": 0.3, "random": 0.1, "least_certain": 0.3, "best_of": 0.3},
}
#: Variants of the embedded writer that are compared; numbers far apart, since a further pair takes the next number.
WRITERS = [{"name": f"variant-{number}", "seed": number * 1000 + 1} for number in range(1, 7)]
#: Of the small model that writes: what it learns is to repeat the values of its prompt, which takes many prompts and
#: steps. With cards of half of the goods the loss on new ones stood at 0.9 after four epochs and at 0.49 from the ninth
#: on, whatever the number of layers; with cards of all of them it is at 0.6 after three.
SFT: Mapping[str, Any] = {"epochs": 7, "batch": 16, "prompt_length": 192, "learning_rate": 1.5e-3}
RLOO: Mapping[str, Any] = {"steps": 40, "judged_prompts": 100}


def settings_of(size: Size) -> dict[str, str]:
    """Environment variables of the platform for the whole demo."""
    return {
        "PAIR_WRITERS": json.dumps(WRITERS),
        "PAIR_BATCH_SIZE": str(max(size.round_1, size.round_2)),
        "PAIR_GOLD_SHARE": "0.25",
        # Some hundred pairs: with a tenth of them no gate could tell anything.
        "DATASET_TEST_SHARE": "0.25",
        "BEST_OF": str(size.best_of),
        "DROP_SETTLE_SECONDS": "0",
        # Ten programs that answer as fast as the desk allows are no abuse here.
        "API_RATE_PER_MINUTE": "100000",
        "API_WORK_RATE_PER_MINUTE": "100000",
    }
