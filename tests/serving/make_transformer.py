"""``python -m tests.serving.make_transformer FOLDER``: a transformer reward model with random weights, and its scores.

Belongs here: what needs torch and must not be imported by the tests' own process.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

TEXTS = ["Вес 540 г. Цвет белый.", "Лучший в мире. Хит продаж.", "Просто супер.", ""]
PROMPTS = ["Опиши чайник"] * len(TEXTS)


def main(folder: Path) -> None:
    """Writes the folder, then the scores of :data:`TEXTS` by the model in this process beside it."""
    from tests.reward.made import made
    from vitrina.preferences.formats import load
    from vitrina.reward.models import open_model
    from vitrina.reward.storage import write_manifest
    from vitrina.reward.transformer.building import build
    from vitrina.reward.transformer.settings import TransformerSettings

    settings = TransformerSettings(width=32, layers=1, heads=2, vocabulary=400, max_length=96, prompt_length=16)
    folder.mkdir(parents=True)
    model, encoder = build(settings, load([made(folder.parent, 120)]).rows, 0)
    part = folder / "transformer"
    model.save_pretrained(part)
    encoder.save(part)
    described = {"kind": "transformer", "temperature": 0.5, "parts": {"transformer": {"temperature": 0.5}}}
    write_manifest(folder, {**described, "contracts": ["card"]})
    scores = [float(score) for score in open_model(folder).scores(PROMPTS, TEXTS)]
    (folder.parent / "scores.json").write_text(json.dumps(scores), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
