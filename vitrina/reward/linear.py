"""Bradley-Terry as a linear model: the score is a weighted sum over features of the answer.

What belongs here: fitting such a model on TF-IDF or on surface features, scoring, its heaviest weights, its files. What
stays out: choosing settings, calibration.

With features ``f``, P(a preferred to b) = sigmoid(w·(f(a) - f(b))) (Bradley and Terry, 1952): a logistic regression on
differences without intercept. The prompt is the same on both sides and drops out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from vitrina.preferences.formats import PreferenceRow
from vitrina.reward import features
from vitrina.reward.pairs import Floats

Kind = Literal["char", "word", "length", "surface"]
#: Characters of an answer that are looked at; a hostile text cannot make scoring slow.
MAX_CHARACTERS = 20_000
MAX_FEATURES = 150_000
_DENSE: Mapping[str, Callable[[Sequence[str]], Floats]] = MappingProxyType(
    {"length": features.length, "surface": features.surface}
)
_NGRAMS = MappingProxyType({"char": (2, 5), "word": (1, 2)})


@dataclass(frozen=True, slots=True)
class LinearSettings:
    """What is chosen before fitting: the features, and the inverse strength of the L2 penalty."""

    kind: Kind = "char"
    c: float = 1.0


class LinearModel:
    """A fitted model. Weights are kept in single precision, as its files hold them, so saving changes no score."""

    def __init__(self, settings: LinearSettings, weights: Floats, scale: Floats, vocabulary: Sequence[str]) -> None:
        self.settings = settings
        self.weights = weights.astype(np.float32)
        #: TF-IDF: inverse document frequencies. Dense features: their standard deviations.
        self.scale = scale.astype(np.float32)
        self.vocabulary = tuple(vocabulary)
        self._vectorizer: Any = None
        if settings.kind in _NGRAMS and self.vocabulary:
            self._vectorizer = _vectorizer(settings.kind, {term: number for number, term in enumerate(self.vocabulary)})
            self._vectorizer.idf_ = self.scale.astype(np.float64)

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:  # noqa: ARG002 - the prompt drops out
        """One number for each answer; prompts are not looked at."""
        if not len(answers) or not self.vocabulary:
            return np.zeros(len(answers))
        texts = [answer[:MAX_CHARACTERS] for answer in answers]
        if self._vectorizer is None:
            return np.asarray(
                (_DENSE[self.settings.kind](texts) / self.scale.astype(float)) @ self.weights.astype(float)
            )
        return np.asarray(self._vectorizer.transform(texts) @ self.weights.astype(float))

    def heaviest(self, count: int = 20) -> dict[str, list[tuple[str, float]]]:
        """The features that raise a score most (`up`) and lower it most (`down`), with their weights."""
        order = np.argsort(self.weights, kind="stable")
        named = [(self.vocabulary[number], float(self.weights[number])) for number in order]
        return {
            "up": [each for each in reversed(named[-count:]) if each[1] > 0],
            "down": [each for each in named[:count] if each[1] < 0],
        }

    def save(self, folder: Path) -> None:
        """Write `weights.npz` and `linear.json` into the folder: numbers and text, nothing that runs when loaded."""
        folder.mkdir(parents=True, exist_ok=True)
        np.savez(folder / "weights.npz", weights=self.weights, scale=self.scale)
        described = {"settings": asdict(self.settings), "vocabulary": list(self.vocabulary)}
        (folder / "linear.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> LinearModel:
        """Read what `save` wrote.

        Raises:
            ValueError: the files do not fit together.
        """
        described = json.loads((folder / "linear.json").read_text(encoding="utf-8"))
        with np.load(folder / "weights.npz", allow_pickle=False) as arrays:
            weights, scale = arrays["weights"], arrays["scale"]
        if not weights.shape == scale.shape == (len(described["vocabulary"]),):
            raise ValueError(f"{folder}: weights and vocabulary are not of one length")
        return cls(LinearSettings(**described["settings"]), weights, scale, described["vocabulary"])


def _vectorizer(kind: str, vocabulary: Mapping[str, int] | None, min_df: int = 1) -> Any:
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(
        analyzer=kind,
        ngram_range=_NGRAMS[kind],
        sublinear_tf=True,
        min_df=min_df,
        max_features=None if vocabulary else MAX_FEATURES,
        vocabulary=dict(vocabulary) if vocabulary else None,
        token_pattern=r"(?u)\b\w+\b" if kind == "word" else None,
    )


def fit_all(kind: Kind, cs: Sequence[float], rows: Sequence[PreferenceRow]) -> list[LinearModel]:
    """One model for each strength of the penalty, on the same features of the same decided rows.

    Answers without a term in common give models without terms, to which all answers are equal.

    Raises:
        ValueError: there are no rows.
    """
    from scipy import sparse
    from sklearn.linear_model import LogisticRegression

    if not rows:
        raise ValueError("There is nothing to fit.")
    texts = [side[:MAX_CHARACTERS] for row in rows for side in (row.chosen, row.rejected)]
    matrix: Any
    if kind in _DENSE:
        dense = _DENSE[kind](texts)
        scale, vocabulary = np.maximum(dense.std(axis=0), 1e-6), list(features.SURFACE[: dense.shape[1]])
        matrix = dense / scale
    else:
        # A term of one single answer cannot be told from chance; tiny sets keep every term
        vectorizer = _vectorizer(kind, None, min_df=2 if len(texts) > 200 else 1)
        try:
            matrix = sparse.csr_matrix(vectorizer.fit_transform(texts))
        except ValueError:
            # No term stands in two answers: emoji have no words, single characters no pairs of them
            return [LinearModel(LinearSettings(kind, c), np.zeros(0), np.zeros(0), ()) for c in cs]
        scale, vocabulary = vectorizer.idf_, [str(term) for term in vectorizer.get_feature_names_out()]
    # Every second difference is turned round, so that both classes are there; without intercept that changes nothing
    sign = np.where(np.arange(len(rows)) % 2 == 0, 1.0, -1.0)
    difference = matrix[0::2] - matrix[1::2]
    turned = sparse.diags_array(sign) @ difference if sparse.issparse(difference) else sign[:, None] * difference
    models = []
    for c in cs:
        fitted = LogisticRegression(C=c, fit_intercept=False, max_iter=500).fit(turned, sign)
        models.append(LinearModel(LinearSettings(kind, c), fitted.coef_[0], np.asarray(scale), vocabulary))
    return models
