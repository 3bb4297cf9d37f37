"""Trained models in the demo: what the gate said, which of them is in use, what one writes alone.

Belongs here: the registry, as its commands use it. Stays out: training (the platform's jobs), the order (``course``).
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from simulation.home import Opened
from simulation.plan import Size
from vitrina.errors import RetryableError

#: Who signs where the demo uses a model that the gate refused.
DEMO = "demo loop"


def in_use(
    role: str, told: Mapping[str, Any] | None, words: str, *, why: str = "", sign: bool = True
) -> dict[str, Any]:
    """What a training came to.

    Args:
        told: Metadata of the materialization; ``None`` when the training failed.
        words: What the model is, for the signed reason.
        why: Why the run failed, if it did.
        sign: Use it all the same when the gate refused it.

    A model that writes is not needed to go on: where its training failed, ``failed`` says why.

    Raises:
        RetryableError: there is no reward model to go on with.
    """
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    row = RegisteredModel.objects.filter(role=role).order_by("-updated_at", "-pk").first()
    if told is None and not sign:
        return {"failed": why, "passed": False, "refused": []}
    if told is None or row is None:
        raise RetryableError(f"There is no {role} model: {why}", hint="The whole story: log/loop.log in the folder.")
    refused = [rule["name"] for rule in row.rules if not rule["passed"]]
    if refused and sign:
        services.promote(row, by=DEMO, reason=f"{words}: the demo compares rounds; refused: {', '.join(refused)}.")
    known = ("accuracy", "accuracy_low", "n_train", "n_test", "log_loss_calibrated")
    figures = {name: row.report[name] for name in known if name in row.report}
    return {"model_id": row.model_id, "kind": row.kind, "passed": row.passed, "refused": refused, **figures}


def use(role: str, model_id: str | None) -> None:
    """Make a model the champion of its role; ``None`` leaves the role without one."""
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel

    if model_id is None:
        # There is no command for this: a role once given is rolled back, not emptied. The cards of round 1 are those
        # of a platform that had no policy yet.
        RegisteredModel.objects.filter(role=role, status=RegisteredModel.Status.CHAMPION).update(
            status=RegisteredModel.Status.RETIRED
        )
        return
    services.promote(
        services.found(RegisteredModel.Role(role), model_id), by=DEMO, reason="Measured on new goods, round by round."
    )


def examples(up: Opened, drops: Sequence[str]) -> list[str]:
    """Files that a model learns to write from: preferences of the newest dataset, and cards that were kept.

    Cards of prompts that the dataset holds out are left out, so that nothing is judged on what it was taught.
    """
    from vitrina.models_registry import rewards
    from vitrina.objects import open_store
    from vitrina.preferences.dataset.versions import newest, read_rows
    from vitrina.preferences.models import ProductCard

    store = open_store(up.settings)
    version = newest(validated=True)
    if version is None:
        raise RetryableError("There is no validated dataset.")
    files = rewards.files_of_newest(store, up.home / "training" / "datasets")
    held = {row["prompt"] for row in read_rows(store, version, "test.parquet")}
    cards = ProductCard.objects.filter(product__drop__key__in=list(drops), fit=True).select_related("candidate")
    rows = [{"prompt": card.candidate.prompt, "text": card.text} for card in cards.order_by("pk")]
    path = up.home / "training" / "datasets" / "cards.jsonl"
    lines = (json.dumps(row, ensure_ascii=False) for row in rows if row["prompt"] not in held)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return [*map(str, files.train), str(path)]


def write_alone(role: str, model_id: str | None, products: Sequence[int], up: Opened, size: Size) -> dict[str, str]:
    """Product → one text of a model, by a process that may import torch."""
    from vitrina.models_registry import services
    from vitrina.models_registry.models import RegisteredModel
    from vitrina.objects import open_store
    from vitrina.preferences.candidates import facts_of
    from vitrina.preferences.contracts import prompt_text

    if model_id is None:
        return {}
    folder = services.fetch(
        open_store(up.settings), services.found(RegisteredModel.Role(role), model_id), up.home / "training" / "models"
    )
    facts = facts_of(products, up.settings.language)
    ids = [pk for pk in products if pk in facts]
    asked, written = up.home / "training" / f"{role}-prompts.json", up.home / "training" / f"{role}-texts.json"
    asked.write_text(json.dumps([prompt_text(facts[pk], "card") for pk in ids], ensure_ascii=False), encoding="utf-8")
    words = ["--model", str(folder), "--prompts", str(asked), "--out", str(written), "--seed", str(size.seed)]
    done = subprocess.run([sys.executable, "-m", "simulation.writing", *words], check=False)  # noqa: S603
    if done.returncode:
        raise RetryableError(f"The {role} model could not write.", hint="See log/loop.log in the home folder.")
    texts = json.loads(written.read_text(encoding="utf-8"))
    return {str(pk): text for pk, text in zip(ids, texts, strict=True)}
