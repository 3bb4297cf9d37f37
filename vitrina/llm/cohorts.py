"""The pace that an endpoint takes, found by measuring.

Belongs here: the controller, a pure object over times that the caller passes in. Stays out: waiting, fixed rates and
headers (``vitrina.llm.rate``).

It counts by **cohort of dispatch**: calls that were sent in the same quarter of a second are judged together, when nine
of ten are back. A refusal comes back in 20 ms and an answer in 200 ms, so the first replies after a start are all
refusals: controllers that average over completions shut the gate on a server that refuses one call in ten at random,
and never open it again.

Two kinds of 429 are told apart by an experiment. When the share of 429s grows, the pace is lowered by that share; when
the share falls, the server has a limit, and the pace stays near it. When it does not fall, the 429s have nothing to do
with the pace: it is restored, and such a share is taken for noise from then on.
"""

from __future__ import annotations

from dataclasses import dataclass

_COHORT_S = 0.25
#: A cohort with fewer calls goes on; a slow one is content with few, and none goes on longer than this.
_LEAST, _LEAST_SLOW, _SLOW_S, _LONGEST_S = 16, 6, 4.0, 120.0
_BACK = 0.9
#: A share of 429s above it is never noise.
_MOST_NOISE = 0.2
#: In an experiment the pace is lowered this far below what the server took, so that a limit shows as no 429 at all.
_DEEPER = 0.85
#: From so many 429s, and that share of all that was sent, a cohort is judged before it is back; not before it is so old
#: or large that its rate can be told.
_EARLY, _EARLY_SHARE, _EARLY_S, _EARLY_SENT = 6, 0.4, 0.08, 30
#: Calls under a lowered pace after which an experiment is decided.
_EXPERIMENT = 60
#: So many calls sent one after another, of which so many were refused: the limit is passed, however well the calls
#: before them fared. Of random 429s, one in five, it happens once in 200,000 times.
_SLICE, _SLICE_LIMITED = 12, 10
#: No rate is told from a shorter time.
_SPAN_S, _SLICE_SPAN_S = 0.04, 0.01
#: So many cuts in a row after which the share stays above that part of what it was were in vain.
_VAIN, _FALLS, _VAIN_NOISE = 3, 0.6, 0.6
#: The first calls: so many a second, twice as many each tenth of a second, until the pace binds nobody.
_START, _DOUBLING_S, _UNBOUND = 200.0, 0.1, 50_000.0
#: After so long without a call they start again: what came back since tells nothing of a burst.
_IDLE_S = 1.0
_LEAST_PACE = 0.02
_UP_EVERY_S, _SLOW_START = 0.5, 1.4
#: A step up is 2.5 %; after every few steps without a refusal it is twice as large, for a pace that was set too low.
_UP, _MOST_UP, _STEPS = 0.025, 0.1, 4


@dataclass(slots=True)
class Cohort:
    """Calls that were sent together."""

    start: float
    #: Which pace they were sent at: grows with every change downwards.
    era: int
    last: float = 0.0
    sent: int = 0
    back: int = 0
    limited: int = 0
    bound: bool = False
    closed: bool = False
    judged: bool = False


@dataclass(slots=True)
class Slice:
    """A few calls of a cohort that were sent one after another."""

    cohort: Cohort
    start: float
    last: float = 0.0
    sent: int = 0
    limited: int = 0


@dataclass(slots=True)
class _Experiment:
    share: float
    former: float | None
    sent: int = 0
    limited: int = 0


class CohortController:
    """Finds the pace of one model at one endpoint. ``pace`` is in calls a second; ``None``: as fast as slots allow."""

    def __init__(self, now: float, *, ramp: bool = True) -> None:
        self._ramps = ramp
        self._ramp: float | None = None
        self._last = -1e9
        self._pace: float | None = None
        self._good = 0.0
        self._noise = 0.0
        self._era = 0
        self._raised = now
        self._steps = 0
        self._experiment: _Experiment | None = None
        self._vain, self._cut_share = 0, 0.0
        self._before_cuts: float | None = None
        self._cohort: Cohort | None = None
        self._slice: Slice | None = None
        #: How often the pace was lowered; for the figures of a run.
        self.cuts = 0

    @property
    def lowered(self) -> bool:
        """Whether the pace is below what slots allow, the start apart."""
        return self._pace is not None

    def pace(self, now: float) -> float | None:
        """The present pace."""
        if self._pace is None and self._ramps and now - self._last > _IDLE_S:
            return _START
        if self._ramp is not None:
            ramped = _START * 2.0 ** min(30.0, max(0.0, (now - self._ramp) / _DOUBLING_S))
            if ramped < _UNBOUND:
                return ramped
            self._ramp = None
        return self._pace

    def sent(self, now: float, *, bound: bool) -> Slice:
        """A call leaves now. ``bound``: it, or one behind it, had to wait for the pace."""
        if self._pace is None and self._ramps and now - self._last > _IDLE_S:
            self._ramp = now
        self._last = now
        cohort = self._cohort
        if cohort is not None and self._full(cohort, now):
            cohort.closed = True
            self._judge(cohort, now)
            cohort = None
        if cohort is None or cohort.era != self._era:
            cohort = self._cohort = Cohort(now, self._era)
        cohort.sent += 1
        cohort.last = now
        cohort.bound = cohort.bound or bound
        part = self._slice
        if part is None or part.sent >= _SLICE or part.cohort is not cohort:
            part = self._slice = Slice(cohort, now)
        part.sent += 1
        part.last = now
        return part

    def returned(self, part: Slice, limited: bool, now: float) -> None:
        """A call of that slice is back; ``limited``: with a 429."""
        cohort = part.cohort
        cohort.back += 1
        if limited:
            cohort.limited += 1
            part.limited += 1
            if part.limited >= _SLICE_LIMITED and cohort.era == self._era and not cohort.judged:
                cohort.judged = True
                self._cut(part, now, good=cohort)
                return
            if (
                cohort.limited >= _EARLY
                and cohort.limited >= _EARLY_SHARE * cohort.sent
                and cohort.era == self._era
                and not cohort.judged
                and (now - cohort.start >= _EARLY_S or cohort.sent >= _EARLY_SENT)
            ):
                cohort.judged = True
                if not self._in_vain(cohort.limited / cohort.sent, now):
                    self._cut(cohort, now)
                return
        if cohort.closed:
            self._judge(cohort, now)

    def _full(self, cohort: Cohort, now: float) -> bool:
        age = now - cohort.start
        enough = _LEAST if age < _SLOW_S else _LEAST_SLOW
        return age >= _LONGEST_S or (age >= _COHORT_S and cohort.sent >= enough)

    def _judge(self, cohort: Cohort, now: float) -> None:
        if cohort.judged or cohort.back < _BACK * cohort.sent:
            return
        cohort.judged = True
        if cohort.era != self._era:
            return  # sent at a pace that is history
        if self._experiment is not None and self._decide(self._experiment, cohort, now):
            return
        share = cohort.limited / cohort.sent
        # Three deviations from noise that is known, two from the little that is assumed before.
        spread = (3.0 * self._noise**0.5 if self._noise else 0.2) / cohort.sent**0.5
        if cohort.limited >= 3 and share > self._noise + spread + 0.02:
            if self._in_vain(share, now):
                return
            tried = self._experiment is None and share <= _MOST_NOISE
            self._experiment = _Experiment(share, self._pace) if tried else None
            self._cut(cohort, now)
            if tried and self._pace is not None:
                self._pace *= _DEEPER
            return
        self._cut_share = 0.0
        if self._noise:
            self._noise += 0.05 * (share - self._noise)
        self._grow(cohort, now)

    def _in_vain(self, share: float, now: float) -> bool:
        """Several cuts in a row did not lower the share, however large it is: restore the pace, it is not the cause."""
        if not self._cut_share or share < _FALLS * self._cut_share:
            self._vain, self._before_cuts = 0, self._pace
        else:
            self._vain += 1
        self._cut_share = share
        if self._vain < _VAIN:
            return False
        self._noise, self._pace, self._raised = min(_VAIN_NOISE, share), self._before_cuts, now
        self._vain, self._cut_share, self._experiment = 0, 0.0, None
        self._era += 1
        return True

    def _decide(self, experiment: _Experiment, cohort: Cohort, now: float) -> bool:
        """True when the experiment goes on or ended in favour of noise."""
        experiment.sent += cohort.sent
        experiment.limited += cohort.limited
        share = experiment.limited / experiment.sent
        if share > _MOST_NOISE and experiment.limited >= 5:
            self._experiment = None
            return False
        if experiment.sent < _EXPERIMENT:
            return True
        self._experiment = None
        if share < 0.5 * experiment.share:
            return False
        self._noise = min(_MOST_NOISE, max(share, experiment.share))
        self._pace = experiment.former
        self._raised = now
        return True

    def _cut(self, calls: Cohort | Slice, now: float, *, good: Cohort | None = None) -> None:
        """Lowers the pace to what was taken of these calls. ``good``: soon raised again to what was taken of those."""
        before = self.pace(now)
        self._pace = _taken(calls, before)
        self._good = self._pace if good is None else max(self._pace, _taken(good, before))
        self._steps = 0
        self._ramp = None
        self._era += 1
        self._raised = now
        self.cuts += 1

    def _grow(self, cohort: Cohort, now: float) -> None:
        if self._pace is None or not cohort.bound or self._ramp is not None or now - self._raised < _COHORT_S:
            return
        if self._pace < self._good:
            self._pace = min(self._good, self._pace * _SLOW_START)
        elif now - self._raised >= _UP_EVERY_S:
            self._pace *= 1.0 + min(_MOST_UP, _UP * 2.0 ** (self._steps // _STEPS))
            self._steps += 1
        else:
            return
        self._raised = now


def _taken(calls: Cohort | Slice, before: float | None) -> float:
    span = max(calls.last - calls.start, _SPAN_S if isinstance(calls, Cohort) else _SLICE_SPAN_S)
    taken = (calls.sent - calls.limited) / span
    if before is not None:
        # All refused tells that it is slower, not how much.
        taken = min(before, max(taken, min(before, calls.sent / span) / 8))
    return max(taken, _LEAST_PACE)
