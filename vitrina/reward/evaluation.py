"""A reward model on held-out pairs: every figure of the report, beside the baselines.

What belongs here: which figures there are, what is compared with what, and what is said about it. What stays out: how a
figure is made; drawing; gates.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vitrina.content.language import looks_like
from vitrina.errors import PermanentError
from vitrina.preferences.formats import Loaded, PreferenceRow
from vitrina.reward import items, measures
from vitrina.reward.baselines import Fitted, fit_baselines
from vitrina.reward.calibration import expected_error
from vitrina.reward.fitting import n_train
from vitrina.reward.leaks import is_seen, near_duplicates, same_answers
from vitrina.reward.learning import learning_curve
from vitrina.reward.models import RewardModel
from vitrina.reward.pairs import Floats, data_version, margins, trainable
from vitrina.reward.progress import Progress, silent
from vitrina.reward.splits import Split, split


class _Remembered:
    """Scores of texts that were scored once; each text is scored once only."""

    def __init__(self, model: RewardModel, rows: Sequence[PreferenceRow]) -> None:
        texts = dict.fromkeys((row.prompt, side) for row in rows for side in (row.a, row.b))
        scored = model.raw.scores([prompt for prompt, _ in texts], [answer for _, answer in texts])
        self.known = dict(zip(texts, map(float, scored), strict=True))

    def scores(self, prompts: Sequence[str], answers: Sequence[str]) -> Floats:
        return np.asarray([self.known[key] for key in zip(prompts, answers, strict=True)], dtype=float)


def evaluate(
    model: RewardModel,
    test: Loaded,
    train: Loaded | None = None,
    progress: Progress = silent,
    champion: RewardModel | None = None,
    *,
    curve: bool = True,
) -> dict[str, Any]:
    """The report of a model on a test set.

    Args:
        model: What is judged.
        test: Held-out rows; ties and rows that were set aside are counted.
        train: The rows that the model was trained on, for the baselines: they are fitted on the same folds.
        champion: The model to be compared with, on pairs whose prompts are new to both.
        curve: Whether, with `train`, the learning curve is made: some two times the work of the baselines.

    Returns:
        Plain numbers, texts, lists and mappings; None where a figure has no meaning.

    Raises:
        PermanentError: no decided pair in the test set, or training rows that baselines cannot be fitted on.
    """
    rows = test.decided
    if not rows:
        raise PermanentError(
            f"The test files hold no decided pair (of {len(test.rows)} rows). {test.faults}".strip(),
            hint="Accuracy is measured on pairs in which one side was preferred.",
        )
    progress("scoring", {"pairs": len(rows)})
    scorer = _Remembered(model, test.rows)
    raw = margins(scorer, rows)
    seen = model.trained_groups()
    several = items.found_items(test.rows, scorer.known)
    report: dict[str, Any] = {
        "model": {name: model.manifest.get(name) for name in ("kind", "model_id", "created_at", "seed")},
        "n_train": n_train(model.manifest),
        "folds": model.manifest["data"]["folds"],
        "n_test": len(rows),
        "n_rows": len(test.rows),
        "choices": test.choices,
        "set_aside": len(test.set_aside),
        "set_aside_reasons": test.reasons,
        "data_version": data_version(rows),
        **measures.fit_figures(raw, model.temperature),
        "by_prompt": measures.by_prompt(raw, [row.group for row in rows]),
        "ece_expected": expected_error(raw / model.temperature),
        "reliability": measures.curve(raw, model.temperature),
        "length": measures.length_figures(rows, raw),
        "antisymmetry_error": _antisymmetry(model, rows[:64]),
        "by": {
            name: found for name, names in _groupings(rows).items() if len(found := measures.grouped(names, raw)) > 0
        },
        "best_of": items.best_of(several),
        "best_of_by_subset": items.best_of_by_subset(several),
        "several_right": items.several_right(several),
        "rewardbench_ties": items.rewardbench_ties(several),
        "ties": _ties(test.rows, scorer, raw, model.temperature),
        "leaked": _leaked(rows, seen, train),
        "margins": _histogram(raw / model.temperature),
        "baselines": {},
        "learning_curve": None,
    }
    if train is not None:
        folds = split(trainable(train), int(model.manifest.get("seed") or 0))
        report["baselines"] = _baselines(model, folds, rows, raw, progress)
        if curve:
            progress("learning curve", {"pairs": len(train.decided)})
            report["learning_curve"] = learning_curve(folds, rows)
    if champion is not None:
        report["champion"] = _champion(champion, rows, raw, seen)
    report["notes"] = notes(report, same_data=train is None or _same_data(model, train))
    return report


def _leaked(rows: Sequence[PreferenceRow], seen: Mapping[str, str], train: Loaded | None) -> dict[str, int]:
    """Pairs and groups that the model knows, ``near`` of the pairs by a near-duplicate prompt alone; and beside them
    pairs whose ``answers`` it knows from another prompt. Short answers recur: these are told and decide nothing.
    """
    same = {place for place, row in enumerate(rows) if is_seen(row, seen)}
    near = set(near_duplicates(rows, train.decided)) - same if train is not None else set()
    known = same | near
    answers = set(same_answers(rows, train.decided)) - known if train is not None else set()
    groups = {rows[place].group for place in known}
    return {"pairs": len(known), "groups": len(groups), "near": len(near), "answers": len(answers)}


def _same_data(model: RewardModel, train: Loaded) -> bool:
    return bool(data_version(train.decided) == model.manifest["data"]["data_version"])


def _antisymmetry(model: RewardModel, rows: Sequence[PreferenceRow]) -> float:
    """Largest sum of a margin and the margin of the same pair with its sides scored in the other order."""
    forth = [(row.prompt, side) for row in rows for side in (row.a, row.b)]
    back = [(row.prompt, side) for row in rows for side in (row.b, row.a)]
    one, two = (model.scores([p for p, _ in texts], [a for _, a in texts]) for texts in (forth, back))
    return float(np.abs((one[0::2] - one[1::2]) + (two[0::2] - two[1::2])).max())


def _baselines(
    model: RewardModel, folds: Split, rows: Sequence[PreferenceRow], raw: Floats, progress: Progress
) -> dict[str, Any]:
    progress("baselines", {"pairs": sum(map(len, folds.folds.values()))})
    fitted: Mapping[str, Fitted] = fit_baselines(folds)
    found = {}
    for name, baseline in fitted.items():
        own = margins(baseline.model, rows)
        length = measures.length_figures(rows, own)
        found[name] = {
            **measures.fit_figures(own, baseline.temperature),
            **{key: length[key] for key in length if key.startswith("balanced")},
            **measures.compared(raw, own),
            "c": baseline.model.settings.c,
            "same_kind": model.manifest["kind"] == "linear" and name == "tfidf_char",
        }
    return found


def _champion(
    champion: RewardModel, rows: Sequence[PreferenceRow], raw: Floats, seen: Mapping[str, str]
) -> dict[str, Any]:
    known = champion.trained_groups()
    new = [place for place, row in enumerate(rows) if not is_seen(row, seen) and not is_seen(row, known)]
    own = margins(champion, [rows[place] for place in new])
    return {"model_id": champion.model_id, "n": len(new), **measures.share(own > 0), **measures.compared(raw[new], own)}


def language_of(row: PreferenceRow) -> str:
    """The row's own language, or the script of its answers."""
    if row.language:
        return row.language
    return next((name for name in ("ru", "tr", "en") if looks_like(f"{row.a} {row.b}", name)), "other")


def _agreement(row: PreferenceRow) -> str | None:
    if len(row.votes) < 2:
        return None
    return f"{sum(vote.choice is row.choice for vote in row.votes)} of {len(row.votes)}"


def _groupings(rows: Sequence[PreferenceRow]) -> dict[str, list[str | None]]:
    known = sorted(abs(row.margin) for row in rows if row.margin is not None)
    cuts = [known[len(known) // 3], known[2 * len(known) // 3]] if len(set(known)) > 2 else []
    return {
        "subset": [row.subset for row in rows],
        "category": [row.category for row in rows],
        "language": [language_of(row) for row in rows],
        "agreement": [_agreement(row) for row in rows],
        "margin": [_third(row.margin, cuts) for row in rows],
    }


def _third(margin: float | None, cuts: Sequence[float]) -> str | None:
    if margin is None or not cuts:
        return None
    return ("small", "medium", "large")[sum(abs(margin) >= cut for cut in cuts)]


def _ties(all_rows: Sequence[PreferenceRow], scorer: _Remembered, raw: Floats, temperature: float) -> dict[str, Any]:
    rows = [row for row in all_rows if not row.decided]
    first, second = (scorer.scores([row.prompt for row in rows], side) for side in _sides(rows))
    return measures.tie_figures(rows, (first - second) / temperature, raw / temperature)


def _sides(rows: Sequence[PreferenceRow]) -> tuple[list[str], list[str]]:
    return [row.a for row in rows], [row.b for row in rows]


def _histogram(scaled: Floats) -> dict[str, list[float]]:
    # The far tails are gathered in the outer bins
    limit = min(max(float(np.quantile(np.abs(scaled), 0.995)) * 1.2, 0.1), 20.0)
    counts, edges = np.histogram(np.clip(scaled, -limit, limit), bins=40, range=(-limit, limit))
    return {"counts": counts.astype(float).tolist(), "edges": edges.tolist()}


def notes(report: Mapping[str, Any], *, same_data: bool = True) -> list[str]:
    """What a reader must not overlook, in whole sentences."""
    said = []
    if leaked := report["leaked"]["pairs"]:
        near = report["leaked"]["near"]
        how = f" ({near} of them a near-duplicate of one)" if near else ""
        said.append(
            f"{leaked} of {report['n_test']} test pairs have a prompt that was trained on{how}: the figures flatter "
            "the model."
        )
    if answers := report["leaked"]["answers"]:
        said.append(f"{answers} test pairs have the two answers of a training pair, under another prompt.")
    if unread := report["set_aside_reasons"].get("file_ends_early"):
        said.append(f"{unread} of the test files could not be read to the end: the figures are of what stands before.")
    if not same_data:
        said.append("The baselines were fitted on other pairs than the model: --train names other data.")
    if report["accuracy_low"] <= 0.5:
        said.append(
            f"The accuracy is not shown to be above chance: its interval begins at {report['accuracy_low']:.3f}."
        )
    balanced = report["length"]["balanced_accuracy_low"]
    if balanced is not None and balanced <= 0.5 < report["accuracy_low"]:
        said.append(
            "Above chance in all, but not balanced over longer and shorter answers: it may only measure length."
        )
    said.extend(_beaten(report["baselines"]))
    said.extend(_length_wins(report["baselines"]))
    if report["equal_scores"]:
        said.append(f"{report['equal_scores']} pairs got two equal scores, which counts as not right.")
    return said


def _beaten(baselines: Mapping[str, Mapping[str, Any]]) -> list[str]:
    return [
        f"The baseline {name} is better: {each['accuracy']:.3f} (difference {each['difference']:+.3f} "
        f"[{each['difference_low']:+.3f}, {each['difference_high']:+.3f}], McNemar p = {each['mcnemar_p']:.2g})."
        for name, each in baselines.items()
        if each["difference"] is not None and each["difference"] < 0
    ]


def _length_wins(baselines: Mapping[str, Mapping[str, Any]]) -> list[str]:
    length, words = (
        baselines.get("length"),
        [baselines[name] for name in ("tfidf_word", "tfidf_char") if name in baselines],
    )
    if length is None or not words or length["accuracy"] <= max(each["accuracy"] for each in words):
        return []
    best = max(each["accuracy"] for each in words)
    return [
        f"Counting characters ({length['accuracy']:.3f}) beats TF-IDF ({best:.3f}): what people liked here is length."
    ]
