"""Training a reward model from preference files into a folder.

What belongs here: the order of the work: split, fit, choose the kind, calibrate, keep. What stays out: how one kind is
fitted, and the job that calls this.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from types import MappingProxyType
from typing import Any

from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.preferences.formats import Loaded
from vitrina.reward import card, storage
from vitrina.reward.baselines import BASELINES, Fitted, fit_linear
from vitrina.reward.calibration import PRIOR_SPREAD, fit_temperature, log_loss
from vitrina.reward.models import GROUPS, ModelKind, RewardModel, Sum, open_model, require_torch
from vitrina.reward.pairs import Scorer, data_version, margins, trainable
from vitrina.reward.progress import Progress, silent
from vitrina.reward.splits import Split, split
from vitrina.reward.transformer.settings import TransformerSettings
from vitrina.training.joining import alone, processes, together

#: Below this a transformer from configuration is worse than the linear model (0.736 against 0.783 with 500 pairs).
TRANSFORMER_PAIRS = 1_000
_LIBRARIES = ("vitrina", "numpy", "scipy", "scikit-learn", "torch", "transformers", "trl")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be trained.

    Attributes:
        kind: None lets the validation fold choose.
        out: Folder of the model.
        replace: Whether a model that stands there may be replaced.
        notes: Facts about the source that the manifest keeps (dataset version, job).
    """

    out: Path
    kind: ModelKind | None = None
    seed: int = 0
    transformer: TransformerSettings = field(default_factory=TransformerSettings)
    replace: bool = False
    notes: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class _Part:
    scorer: Scorer
    temperature: float
    described: Mapping[str, Any]


def train(loaded: Loaded, plan: Plan, progress: Progress = silent) -> RewardModel:
    """Train, keep and open a model.

    An interrupted training of the same data, settings and folder goes on where its newest good checkpoint stands; one
    that was finished, where it may be replaced, is not made again: the same plan gives the same weights.

    Of several processes the first one does all of it, and the others help with the transformer.

    Raises:
        PermanentError: data that cannot be trained on, a folder that is in use or cannot be written, libraries that
            are missing, or several processes where there is no transformer to train.
        RetryableError: it was told to stop; a checkpoint is saved.
    """
    storage.ensure_free(plan.out, replace=plan.replace)
    rows = trainable(loaded)
    name = _named(plan, loaded)
    if (done := _finished(plan.out, name)) is not None:
        progress("found finished", {"folder": str(plan.out)})
        return done
    kinds = _kinds(plan.kind, len(rows), progress)
    if processes() > 1 and ModelKind.TRANSFORMER not in kinds:
        raise PermanentError(
            f"A linear reward model is trained by one process, and {processes()} were started.",
            hint="Start it without torchrun (in the platform with processes: 1), or name a kind with a transformer.",
        )
    folds = split(rows, plan.seed)
    sizes = {fold: len(members) for fold, members in folds.folds.items()}
    progress("split", {"pairs": len(rows), "groups": len({row.group for row in rows}), **sizes})
    partial = storage.make_partial(plan.out)
    if not alone():
        _transformer(folds, plan, partial, progress)
        together()
        return open_model(plan.out)
    fitted = {name: _FITTERS[name](folds, plan, partial, progress) for name in kinds}
    chosen, losses = _choose(plan.kind, fitted, folds)
    names = list(fitted) if chosen is ModelKind.ENSEMBLE else [chosen]
    parts = {name: fitted[name] for name in names}
    raw = Sum(tuple((part.scorer, part.temperature) for part in parts.values()))
    if len(parts) > 1:
        temperature = fit_temperature(margins(raw, folds.folds["calibration"]))
    else:
        temperature = parts[chosen].temperature
    progress("calibrated", {"kind": str(chosen), "temperature": round(temperature, 4)})
    _keep(plan, name, folds, loaded, partial, chosen, parts, temperature, losses)
    together()
    progress("done", {"folder": str(plan.out)})
    return open_model(plan.out)


def _named(plan: Plan, loaded: Loaded) -> str:
    """The fingerprint of all that weights and temperature follow from."""
    contracts = list(plan.notes.get("contracts", ()))
    described = (str(plan.kind), plan.seed, plan.transformer.described(), contracts, PRIOR_SPREAD)
    return fingerprint(*described, data_version(loaded.decided), _versions())


def _finished(out: Path, name: str) -> RewardModel | None:
    """What this very plan has made before."""
    try:
        found = open_model(out)
    except PermanentError:
        return None
    return found if found.manifest.get("plan") == name else None


def _kinds(kind: ModelKind | None, pairs: int, progress: Progress) -> list[ModelKind]:
    both = [ModelKind.LINEAR, ModelKind.TRANSFORMER]
    if kind is ModelKind.ENSEMBLE:
        require_torch()
        return both
    if kind is not None:
        if kind is ModelKind.TRANSFORMER:
            require_torch()
        return [kind]
    why = None
    if pairs < TRANSFORMER_PAIRS:
        why = f"with fewer than {TRANSFORMER_PAIRS} pairs the linear model is the better one"
    else:
        try:
            require_torch()
        except PermanentError as error:
            why = error.message
    if why:
        progress("kind", {"kind": "linear", "why": why})
        return [ModelKind.LINEAR]
    return both


def _linear(folds: Split, plan: Plan, partial: Path, progress: Progress) -> _Part:  # noqa: ARG001 - one signature
    kind, cs = BASELINES["tfidf_char"]
    fitted: Fitted = fit_linear(kind, cs, folds)
    if not fitted.model.vocabulary:
        raise PermanentError(
            "No two answers share a pair of characters: there is nothing to learn from.",
            hint="Is the field of the answers the right one?",
        )
    fitted.model.save(partial / ModelKind.LINEAR)
    tried = {str(c): round(loss, 5) for c, loss in fitted.tried.items()}
    progress("linear", {"c": fitted.model.settings.c, "features": len(fitted.model.vocabulary), "validation": tried})
    described = {
        "features": kind,
        "c": fitted.model.settings.c,
        "n_features": len(fitted.model.vocabulary),
        "validation_log_loss_by_c": tried,
        "heaviest": fitted.model.heaviest(30),
    }
    return _Part(fitted.model, fitted.temperature, described)


def _transformer(folds: Split, plan: Plan, partial: Path, progress: Progress) -> _Part:
    from vitrina.reward.transformer.training import fit_transformer

    scorer, described = fit_transformer(folds, plan.transformer, partial, plan.seed, progress)
    return _Part(scorer, fit_temperature(margins(scorer, folds.folds["calibration"])), described)


_FITTERS = {ModelKind.LINEAR: _linear, ModelKind.TRANSFORMER: _transformer}


def _choose(
    wanted: ModelKind | None, fitted: Mapping[ModelKind, _Part], folds: Split
) -> tuple[ModelKind, dict[str, float]]:
    """The kind that was asked for, or the one with the smallest log-loss on the validation fold.

    The linear model of the end was fitted on the validation fold too, so its loss is that of the fit on training alone.
    """
    if wanted is not None or len(fitted) == 1:
        return wanted or next(iter(fitted)), {}
    validation = folds.folds["validation"]
    (linear, _), (transformer, _) = honest = [(_honest(name, part, folds), part) for name, part in fitted.items()]
    both = Sum(tuple((scorer, part.temperature) for scorer, part in honest))
    losses = {
        ModelKind.LINEAR: log_loss(margins(linear, validation) / fitted[ModelKind.LINEAR].temperature),
        ModelKind.TRANSFORMER: log_loss(margins(transformer, validation) / fitted[ModelKind.TRANSFORMER].temperature),
        # Two calibrated scores that agree are too sure together; halving them is near what calibration finds
        ModelKind.ENSEMBLE: log_loss(margins(both, validation) / 2),
    }
    return min(losses, key=lambda name: losses[name]), {str(name): round(loss, 5) for name, loss in losses.items()}


def _honest(name: ModelKind, part: _Part, folds: Split) -> Scorer:
    """The part as it was before it saw the validation fold."""
    if name is not ModelKind.LINEAR:
        return part.scorer
    from vitrina.reward.linear import fit_all

    return fit_all("char", [float(part.described["c"])], folds.folds["train"])[0]


def _keep(
    plan: Plan,
    name: str,
    folds: Split,
    loaded: Loaded,
    partial: Path,
    kind: ModelKind,
    parts: Mapping[ModelKind, _Part],
    temperature: float,
    losses: Mapping[str, float],
) -> None:
    groups = {group: folds.groups[group] for group in sorted(folds.groups)}
    (partial / GROUPS).write_text(json.dumps(groups, indent=0), encoding="utf-8")
    described = {
        "kind": str(kind),
        "temperature": temperature,
        "seed": plan.seed,
        "plan": name,
        "parts": {str(kind): {"temperature": part.temperature, **part.described} for kind, part in parts.items()},
        "validation_log_loss_by_kind": dict(losses),
        "data": _data(loaded, folds),
        # Kinds of text that it may judge; who uses a model asks for this, and takes an empty list for "not known".
        "contracts": list(plan.notes.get("contracts", ())),
        "notes": {name: value for name, value in plan.notes.items() if name != "contracts"},
        "code": _versions(),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    storage.clean(partial, [*map(str, parts), GROUPS])
    storage.write_manifest(partial, described)
    storage.write_card(partial, card.written(described))
    storage.publish(partial, plan.out)


def _data(loaded: Loaded, folds: Split) -> dict[str, Any]:
    decided = loaded.decided
    return {
        "data_version": data_version(decided),
        "split_version": folds.version,
        "files": sorted({row.file for row in loaded.rows}),
        "formats": sorted({row.source for row in loaded.rows}),
        "n_rows": len(loaded.rows),
        "n_pairs": len(decided),
        "folds": {fold: len(members) for fold, members in folds.folds.items()},
        "groups": len({row.group for row in decided}),
        "choices": loaded.choices,
        "set_aside": len(loaded.set_aside),
        "set_aside_reasons": loaded.reasons,
    }


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def n_train(manifest: Mapping[str, Any]) -> int:
    """Decided pairs that a model was made from, over all of its folds."""
    return int(manifest["data"]["n_pairs"])
