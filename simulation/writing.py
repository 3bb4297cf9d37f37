"""Texts of a trained model without any choice: ``python -m simulation.writing --model DIR --prompts FILE --out FILE``.

Belongs here: one sample for each prompt, in a process of its own, since only such a one imports torch. Stays out: which
prompts and what for.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path


def main() -> None:
    """Entry point. Prompts: a JSON list; texts: a JSON list of the same length."""
    parser = argparse.ArgumentParser(prog="python -m simulation.writing", description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, required=True, help="folder of the model")
    parser.add_argument("--prompts", type=Path, required=True, help="JSON list of prompts")
    parser.add_argument("--out", type=Path, required=True, help="JSON list of texts")
    parser.add_argument("--seed", type=int, default=0, help="of the sampling")
    options = parser.parse_args()
    from vitrina.policy.writing import open_writer

    prompts = json.loads(options.prompts.read_text(encoding="utf-8"))
    written = open_writer(options.model).write(prompts, seed=options.seed)
    options.out.write_text(json.dumps([texts[0].text for texts in written], ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
