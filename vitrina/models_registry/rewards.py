"""Training of reward models from dataset versions: what goes in, and what becomes of the result.

Belongs here: a version as files of preferences, the command of the training process, taking its folder into the
registry. Stays out: the process itself, the orchestrator.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from vitrina.errors import PermanentError
from vitrina.fingerprints import fingerprint
from vitrina.models_registry import services
from vitrina.models_registry.models import RegisteredModel
from vitrina.objects import ObjectStore
from vitrina.preferences.dataset.versions import newest, read_rows
from vitrina.reward.gates import Rule, judged
from vitrina.reward.pairs import MIN_PAIRS
from vitrina.training.launching import launched

ROLE = RegisteredModel.Role.REWARD
#: Sides of a dataset that a model may learn from; the rest is for the report alone.
LEARNED, HELD_OUT = ("train", "validation"), "test"


@dataclass(frozen=True, slots=True)
class TrainingFiles:
    """What a training reads.

    Attributes:
        version: Of the dataset, or the hash of what was named by hand.
        contracts: Kinds of text that enough is learned from to judge them; empty where the rows do not say.
    """

    train: tuple[Path, ...]
    test: tuple[Path, ...]
    version: str
    contracts: tuple[str, ...] = ()


def files_of_newest(store: ObjectStore, folder: Path) -> TrainingFiles:
    """The newest validated dataset version as two files of our own format.

    Raises:
        PermanentError: there is none yet.
    """
    version = newest(validated=True)
    if version is None:
        raise PermanentError("There is no validated preference dataset yet.", hint="Materialise preference_dataset.")
    folder.mkdir(parents=True, exist_ok=True)
    pairs = {side: read_rows(store, version, f"{side}.parquet") for side in (*LEARNED, HELD_OUT)}
    ties = [row for row in read_rows(store, version, "ties.parquet") if row["side"] == HELD_OUT]
    train, test = (folder / f"{version.version}-{side}.jsonl" for side in ("train", "test"))
    write_lines(train, (pair_line(row) for side in LEARNED for row in pairs[side]))
    write_lines(test, [*map(pair_line, pairs[HELD_OUT]), *map(_tie, ties)])
    contracts = learned_contracts(row["contract"] for side in LEARNED for row in pairs[side])
    return TrainingFiles((train,), (test,), version.version, contracts)


def learned_contracts(rows: Iterable[str]) -> tuple[str, ...]:
    """Kinds of text with enough pairs to be learned; the most frequent where none has. A few edits of descriptions
    among thousands of cards make no judge of descriptions.
    """
    counts = Counter(name for name in rows if name)
    most = max(counts.values(), default=0)
    return tuple(sorted(name for name, count in counts.items() if count >= min(MIN_PAIRS, most)))


def files_by_hand(train: Sequence[str], test: Sequence[str]) -> TrainingFiles:
    """Files that a person named instead of a dataset. Their version follows from what stands in them: another file of
    the same name is another version, and the same under another name is none.
    """
    learned, held_out = tuple(map(Path, train)), tuple(map(Path, test))
    version = fingerprint(list(map(_digest, learned)), list(map(_digest, held_out)))[:16]
    return TrainingFiles(learned, held_out, version)


def _digest(path: Path) -> str:
    """Hex sha256 of a file; of none where it is not there, which the training tells in words."""
    if not path.is_file():
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pair_line(row: Mapping[str, Any]) -> dict[str, Any]:
    """A decided pair of a dataset in our own format."""
    sides = ("chosen", "rejected") if row["chosen_is_a"] else ("rejected", "chosen")
    texts = {"response_a": row[sides[0]], "response_b": row[sides[1]], "preferred": "a" if row["chosen_is_a"] else "b"}
    return _common(row) | texts | {"margin": row["margin"]}


def _tie(row: Mapping[str, Any]) -> dict[str, Any]:
    return _common(row) | {"response_a": row["text_a"], "response_b": row["text_b"], "preferred": row["outcome"]}


def _common(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": row["key"],
        "prompt": row["prompt"],
        "group": row["prompt_group"],
        "subset": row["criterion"],
        "category": row["category"],
        "language": row["language"],
    }


def write_lines(path: Path, rows: Iterable[Mapping[str, Any]]) -> None:
    """JSON Lines, by rename: another run may be reading the file of the same version."""
    with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=".", delete=False) as waiting:
        waiting.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    Path(waiting.name).replace(path)


def command(
    files: TrainingFiles,
    out: Path,
    *,
    kind: str | None,
    seed: int,
    settings: Mapping[str, Any],
    champion: Path | None,
    notes: Mapping[str, Any],
    processes: int = 1,
) -> list[str]:
    """The training process. The same files, kind, settings and seed give the same folder, so that a retry goes on."""
    words = [*launched("vitrina.training.reward", processes), "--out", str(out), "--seed", str(seed), "--replace"]
    told = {**notes, "contracts": list(files.contracts)} if files.contracts else dict(notes)
    words += ["--settings", json.dumps(dict(settings)), "--notes", json.dumps(told)]
    words += ["--kind", kind] if kind else []
    words += ["--champion", str(champion)] if champion else []
    return [*words, "--train", *map(str, files.train), "--test", *map(str, files.test)]


def take(
    store: ObjectStore, folder: Path, *, dataset_version: str, run_id: str, promote: bool
) -> tuple[RegisteredModel, list[Rule]]:
    """Register what a training left, judged by the gate; promote it if the gate lets it through and that is wanted.

    The same weights that a person rolled back wait for a person.
    """
    report = json.loads((folder / "evaluation" / "report.json").read_text(encoding="utf-8"))
    rules = judged(report)
    row = services.register(
        store, folder, ROLE, report=report, rules=[asdict(rule) for rule in rules], dataset_version=dataset_version,
        run_id=run_id,
    )  # fmt: skip
    if promote and row.passed and not services.withdrawn(row):
        services.promote(row, by=services.GATE)
        row.refresh_from_db()
    return row, rules
