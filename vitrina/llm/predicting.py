"""What many requests will cost, before any of them is sent.

Belongs here: the sum over requests, and the limits that follow from it. Stays out: what calls mostly take
(``vitrina.llm.usual``), holding a run to its limits (``vitrina.llm.budget``).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from itertools import islice

from vitrina.llm.ledger import Ledger
from vitrina.llm.messages import ChatRequest
from vitrina.llm.pricing import PriceBook
from vitrina.llm.tokens import estimate_prompt_tokens
from vitrina.llm.usual import Usual

#: What a limit leaves above the prediction.
MARGIN = Decimal("1.25")
_GROUP = 500
_STEP = Decimal("0.00000001")


@dataclass(slots=True, frozen=True)
class Prediction:
    """What requests will take, by what calls of their purposes and models took before.

    Attributes:
        requests: All that were given; ``answered`` of them stand in the ledger and cost nothing.
        calls: Calls that will be made, none failing.
        expected_usd: What they cost on average; ``None`` when a model has no price.
        most_usd: What is set aside for them in all: a budget of this much sends a batch whole, in one go.
        by_guess: Of the calls, those whose purpose and model never answered before: their limits are taken.
    """

    requests: int
    answered: int
    calls: int
    prompt_tokens: int
    completion_tokens: int
    expected_usd: Decimal | None
    most_usd: Decimal | None
    by_guess: int

    @property
    def limit_usd(self) -> Decimal | None:
        """The prediction and 25 % above it: a budget."""
        return None if self.expected_usd is None else (self.expected_usd * MARGIN).quantize(_STEP, ROUND_UP)

    @property
    def limit_calls(self) -> int:
        """The same of calls."""
        return math.ceil(self.calls * MARGIN)


def predict(
    requests: Iterable[ChatRequest],
    *,
    key: Callable[[ChatRequest], str],
    default_model: str,
    ledger: Ledger,
    prices: PriceBook,
    usual: Usual,
    batch: bool = False,
) -> Prediction:
    """Sums up requests; they are read once, in groups, and none is kept.

    Args:
        key: Of a request in the ledger; one that cannot be written as JSON is not sent and costs nothing.
        batch: By the price of the provider's batch service.
    """
    share = prices.batch_multiplier if batch else Decimal(1)
    total = answered = calls = by_guess = 0
    prompts = completions = 0.0
    expected: Decimal | None = Decimal(0)
    most: Decimal | None = Decimal(0)
    seen: set[str] = set()
    for group in _groups(requests):
        total += len(group)
        keyed = {found: request for request in group if (found := _key(key, request)) and found not in seen}
        seen |= keyed.keys()
        stored = ledger.lookup(list(keyed))
        answered += len(stored)
        for request in (request for found, request in keyed.items() if found not in stored):
            model, purpose = request.model or default_model, request.purpose
            estimate = estimate_prompt_tokens(request.messages)
            prompt, completion = usual.expected(purpose, model, estimate, request.max_tokens)
            calls, by_guess = calls + 1, by_guess + (not usual.samples(purpose, model))
            prompts, completions = prompts + prompt, completions + completion
            cost = prices.estimate(model, math.ceil(prompt), math.ceil(completion))
            top = prices.estimate(model, *usual.set_aside(purpose, model, estimate, request.max_tokens))
            expected = None if expected is None or cost is None else expected + cost * share
            most = None if most is None or top is None else most + top * share
    return Prediction(total, answered, calls, round(prompts), round(completions), expected, most, by_guess)


def _groups(requests: Iterable[ChatRequest]) -> Iterator[list[ChatRequest]]:
    source = iter(requests)
    while group := list(islice(source, _GROUP)):
        yield group


def _key(key: Callable[[ChatRequest], str], request: ChatRequest) -> str:
    try:
        return key(request)
    except (TypeError, ValueError):
        return ""
