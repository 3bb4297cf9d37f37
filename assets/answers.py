"""What a step does when a model did not answer.

Belongs here: when that is a failure, when the step is tried again, when the rest is left for later. Stays out: asking.
"""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from assets.policies import RETRY
from vitrina.llm.outcomes import UNFINISHED, Outcome

#: The step's own retry may bring the answer.
_LATER = (Outcome.TRANSPORT, Outcome.RATE_LIMIT, Outcome.SERVER)
#: It brings none until somebody does something.
_NEVER_SENT = (Outcome.PERMANENT, Outcome.BUDGET, Outcome.STOPPED)
#: Nothing went wrong: a batch is under way, or the run was told to ask nobody.
_WAITING = UNFINISHED.difference(_LATER, _NEVER_SENT)


def unanswered(
    context: dg.AssetExecutionContext,
    what: str,
    *,
    asked: int,
    failed: Mapping[str, int],
    why: Mapping[str, str],
    metadata: Mapping[str, Any] | None = None,
) -> int:
    """How many questions are left for a later run; what was answered stands in every case.

    A connection that breaks is tried again by the step's retry policy. After the last try, a step that got some answers
    goes on without the others, and one that got none fails. Questions that wait in a batch fail nothing.

    Args:
        what: Names the questions in the message, in the plural.
        asked: Questions of this try.
        failed: Outcome → count.
        why: Outcome → one message.

    Raises:
        dagster.Failure: nothing was answered, or the step is to be tried again.
    """
    later = sum(failed.get(outcome, 0) for outcome in _LATER)
    refused = sum(failed.get(outcome, 0) for outcome in _NEVER_SENT)
    nothing = asked > 0 and later + refused == asked
    tries_left = context.retry_number < (RETRY.max_retries or 0)
    if nothing or (later and tries_left):
        worst = max((*_LATER, *_NEVER_SENT), key=lambda outcome: failed.get(outcome, 0))
        raise dg.Failure(
            f"{later + refused} of {asked} {what} were not answered: {why.get(worst) or worst} "
            "What was answered stands. `vitrina doctor` checks address, key and model.",
            metadata={"failed_by_class": dg.MetadataValue.json(dict(failed)), **(metadata or {})},
            allow_retries=bool(later),
        )
    return later + refused + sum(failed.get(outcome, 0) for outcome in _WAITING)
