"""What is most likely true where several people of unknown care labelled the same items (Dawid and Skene 1979).

Belongs here: the EM algorithm on plain values. Stays out: where labels come from, and what is done with the result.
Each annotator has a confusion matrix, estimated together with the labels; one who answers at random, or always
"first", stops counting.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np

MOST_ITERATIONS = 200
#: The algorithm stops when the log-likelihood of a label moves by less than this.
TOLERANCE = 1e-7
#: Added to every cell of a confusion matrix: an annotator with three labels is not taken for infallible.
SMOOTHING = 0.01


@dataclass(frozen=True, slots=True)
class Consensus:
    """The estimate.

    Attributes:
        labels: In the order of the last axis of all arrays.
        posterior: Item → probability of each label.
        confusion: Annotator → matrix (true label, given label); rows sum to 1.
        prior: Share of each label.
        iterations: How many were made; ``converged`` says whether that was enough.
    """

    labels: tuple[Hashable, ...]
    posterior: dict[Hashable, tuple[float, ...]]
    confusion: dict[Hashable, tuple[tuple[float, ...], ...]]
    prior: tuple[float, ...]
    iterations: int
    converged: bool

    def best(self, item: Hashable) -> tuple[Hashable, float]:
        """The likeliest label of an item and its probability; of equally likely ones the first."""
        row = self.posterior[item]
        place = max(range(len(row)), key=row.__getitem__)
        return self.labels[place], row[place]

    def accuracy(self, annotator: Hashable) -> float:
        """How often an annotator is expected to give the true label."""
        matrix = self.confusion[annotator]
        return sum(share * matrix[place][place] for place, share in enumerate(self.prior))


def dawid_skene(
    ratings: Iterable[tuple[Hashable, Hashable, Hashable]],
    labels: Sequence[Hashable],
    *,
    smoothing: float = SMOOTHING,
    most_iterations: int = MOST_ITERATIONS,
) -> Consensus:
    """Estimate labels and annotators together.

    Args:
        ratings: (item, annotator, label), at most one for each item and annotator.
        labels: Every label that may occur.
        smoothing: Pseudo-count of every cell of a confusion matrix.
        most_iterations: Where to stop in any case.

    Raises:
        ValueError: There is no rating, or one has a label that is not among ``labels``.
    """
    import numpy as np

    known = {label: place for place, label in enumerate(labels)}
    given = list(ratings)
    if not given:
        raise ValueError("Nobody labelled anything.")
    if strange := {label for _, _, label in given} - set(known):
        raise ValueError(f"Unknown labels: {sorted(map(str, strange))}.")
    items = {item: place for place, item in enumerate(dict.fromkeys(item for item, _, _ in given))}
    people = {person: place for place, person in enumerate(dict.fromkeys(person for _, person, _ in given))}
    at = np.array([(items[item], people[person], known[label]) for item, person, label in given])
    item, person, label = at[:, 0], at[:, 1], at[:, 2]
    size = (len(items), len(people), len(known))

    posterior = np.zeros((size[0], size[2]))
    np.add.at(posterior, (item, label), 1.0)
    posterior /= posterior.sum(axis=1, keepdims=True)
    before, converged, iteration = -np.inf, False, 0
    while not converged and iteration < most_iterations:
        prior, confusion = _maximise(posterior, item, person, label, size, smoothing)
        posterior, likelihood = _expect(prior, confusion, item, person, label, size)
        converged = abs(likelihood - before) < TOLERANCE * len(given)
        before, iteration = likelihood, iteration + 1
    return Consensus(
        tuple(labels),
        {name: tuple(map(float, posterior[place])) for name, place in items.items()},
        {name: tuple(tuple(map(float, row)) for row in confusion[place]) for name, place in people.items()},
        tuple(map(float, prior)),
        iteration,
        converged,
    )


def _maximise(
    posterior: np.ndarray,
    item: np.ndarray,
    person: np.ndarray,
    label: np.ndarray,
    size: tuple[int, int, int],
    smoothing: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Prior ``(labels,)`` and confusion ``(people, true, given)`` under the posterior ``(items, labels)``."""
    import numpy as np

    counts = np.full((size[1], size[2], size[2]), smoothing)
    for true in range(size[2]):
        np.add.at(counts[:, true, :], (person, label), posterior[item, true])
    return posterior.mean(axis=0), counts / counts.sum(axis=2, keepdims=True)


def _expect(
    prior: np.ndarray,
    confusion: np.ndarray,
    item: np.ndarray,
    person: np.ndarray,
    label: np.ndarray,
    size: tuple[int, int, int],
) -> tuple[np.ndarray, float]:
    """Posterior ``(items, labels)`` and the log-likelihood of all ratings."""
    import numpy as np

    tiny = np.finfo(float).tiny
    scores = np.tile(np.log(np.maximum(prior, tiny)), (size[0], 1))
    np.add.at(scores, item, np.log(np.maximum(confusion[person, :, label], tiny)))
    top = scores.max(axis=1, keepdims=True)
    raised = np.exp(scores - top)
    total = raised.sum(axis=1, keepdims=True)
    return raised / total, float((np.log(total) + top).sum())
