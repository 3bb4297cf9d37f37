"""What to do after an attempt.

Belongs here: the decision, as a pure function of what came back and what was tried. Stays out: doing it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vitrina.llm.config import RetryPolicy
from vitrina.llm.outcomes import Outcome
from vitrina.llm.wire import Reading

#: So often a server's own waiting time is taken as it is; after that a wait is at least this long, in steps.
_TRUSTED_WAITS = 3
_LEAST_WAIT_S = 2.0
_GROWS = 3
_SPREAD, _SPREAD_SINGLE = 0.1, 0.02


@dataclass(slots=True)
class Tally:
    """What a request has been through. ``limit`` is the token limit of its next attempt."""

    limit: int | None = None
    failures: int = 0
    invalids: int = 0
    truncations: int = 0
    rate_limits: int = 0
    first_rate_limit: float | None = None


@dataclass(slots=True, frozen=True)
class Decision:
    """Whether to try again, after how many seconds, and why not. ``stop``: how it ended without having been sent."""

    again: bool
    wait_s: float = 0.0
    note: str = ""
    stop: Reading | None = None


END = Decision(False)


def decide(
    reading: Reading,
    tally: Tally,
    policy: RetryPolicy,
    *,
    now: float,
    jitter: float,
    outage: bool = False,
    paced: bool = True,
) -> Decision:
    """Judges one reading and counts it in ``tally``.

    Args:
        now: Monotonic seconds.
        jitter: A random number from 0 to 1, so that many clients do not come back at once.
        outage: The breaker is not closed: a failure is the endpoint's and uses up none of the request's attempts. The
            request waits at the gate, where patience with an outage ends.
        paced: The server has a limit, so that many wait for the same moment.
    """
    match reading.outcome:
        case Outcome.TRANSPORT | Outcome.SERVER if outage and reading.retry:
            return Decision(True)
        case Outcome.RATE_LIMIT:
            return _after_rate_limit(reading, tally, policy, now, jitter, _SPREAD if paced else _SPREAD_SINGLE)
        case Outcome.TRANSPORT | Outcome.SERVER:
            tally.failures += 1
            wait = max(_backoff(policy, tally.failures, jitter), (reading.retry_after_s or 0.0) * (1 + 0.1 * jitter))
            if not reading.retry or tally.failures >= policy.max_attempts or wait > policy.rate_limit_patience_s:
                return END
            return Decision(True, wait)
        case Outcome.INVALID:
            tally.invalids += 1
            if tally.invalids >= policy.max_invalid:
                return END
            return Decision(True, _backoff(policy, tally.invalids, jitter))
        case Outcome.TRUNCATED:
            tally.truncations += 1
            room = policy.default_max_tokens if tally.limit is None else tally.limit * 2
            room = min(room, policy.max_tokens_ceiling)
            if tally.truncations > policy.max_truncated or (tally.limit is not None and room <= tally.limit):
                return END
            tally.limit = room
            return Decision(True)
        case _:
            return END


def _after_rate_limit(
    reading: Reading, tally: Tally, policy: RetryPolicy, now: float, jitter: float, spread: float
) -> Decision:
    tally.rate_limits += 1
    if tally.first_rate_limit is None:
        tally.first_rate_limit = now
    asked = reading.retry_after_s
    # Spread over a tenth more than asked for: all waiters would else come back in the same instant. Who was refused
    # alone comes back alone.
    # Where the server does not say how long, waits need not grow far: the gate holds the measured pace.
    silent = _backoff(policy, min(tally.rate_limits, _GROWS), jitter)
    wait = silent if asked is None else asked * (1 + spread * jitter) + 0.01
    if tally.rate_limits > _TRUSTED_WAITS:  # "Retry-After: 0" again and again would be a storm
        wait = max(wait, min(_LEAST_WAIT_S, _backoff(policy, tally.rate_limits - _TRUSTED_WAITS, jitter)))
    if now - tally.first_rate_limit + wait > policy.rate_limit_patience_s:
        return Decision(False, note=f"rate limited for longer than {policy.rate_limit_patience_s:g} s")
    return Decision(True, wait)


def _backoff(policy: RetryPolicy, count: int, jitter: float) -> float:
    return min(policy.max_delay_s, policy.base_delay_s * 2.0 ** min(count - 1, 20)) * (0.5 + 0.5 * jitter)


def answers(reading: Reading) -> bool:
    """The provider gave its answer: the same request is not sent again, also when nobody likes the answer."""
    return reading.outcome in (Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSAL, Outcome.FILTERED)


def endpoint_failed(reading: Reading, *, answered: bool) -> bool:
    """Whether the endpoint is at fault; a page that is no JSON with status 200 is a broken proxy."""
    if reading.outcome is Outcome.INVALID:
        return answered and reading.data is None
    return reading.outcome in (Outcome.TRANSPORT, Outcome.SERVER)
