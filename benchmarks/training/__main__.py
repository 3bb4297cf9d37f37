"""The ten acceptance tests of training as measurements: a table with intervals, each bar held or missed.

    make bench-training                      # all of them, about 11 minutes of two quiet cores
    python -m benchmarks.training --no-torch # linear models alone, about two minutes
    python -m benchmarks.training --tests 3 5 --json

Real preferences are read from the folder that ``VITRINA_TEST_DATA`` names; without them there is nothing to measure
(code 2). Ends with 1 where a bar was missed. Processor seconds are of one thread; what is not measured is told as such.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("VITRINA_TEST_DATA", ROOT.parent / "shared" / "data")) / "preferences"
#: Sets → tests that need their folds, whether a transformer is trained on them, and how many of five folds: three of
#: the synthetic set are 1,800 pairs already, and each takes two minutes of one core.
SETS = {
    "hh": ({3, 5}, True, 5),
    "synthetic_ru": ({4}, True, 3),
    "pandalm": ({3}, False, 5),
    "qa_feedback": ({3}, False, 5),
    "llmbar": ({3}, False, 5),
}
LACKS_DATA = 2


def arguments() -> argparse.ArgumentParser:
    """What is measured."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tests", type=int, nargs="+", default=list(range(1, 11)), choices=range(1, 11), metavar="N")
    parser.add_argument(
        "--folds", type=int, default=5, choices=range(1, 6), help="of five, how many are measured at most"
    )
    parser.add_argument("--jobs", type=int, default=min(os.cpu_count() or 1, 2), help="processes of one thread each")
    parser.add_argument("--no-torch", action="store_true", help="neither transformers nor policies")
    parser.add_argument("--json", action="store_true", help="one JSON object a bar")
    return parser


def measured(options: argparse.Namespace) -> Iterator[object]:
    """Bars in the order of the tests. Folds and policies run beside each other."""
    from benchmarks.training import reward, runs
    from benchmarks.training.bars import Bar
    from benchmarks.training.folds import fold, pooled

    tests = set(options.tests)
    torch = not options.no_torch and all(find_spec(name) for name in ("torch", "trl", "transformers"))
    with ProcessPoolExecutor(options.jobs, mp_context=get_context("spawn")) as pool:
        # The longest first: begun last, the policies kept one core for six minutes while the other had nothing left
        written = pool.submit(runs.listed, runs.policies, SHARED) if torch and 7 in tests else None
        asked = {
            name: [
                pool.submit(fold, str(SHARED / reward.FILES[name]), number, transformer and torch)
                for number in range(min(options.folds, folds))
            ]
            for name, (needed, transformer, folds) in SETS.items()
            if needed & tests
        }
        tested = None if options.no_torch else pool.submit(runs.listed, runs.suites, tests)
        if 1 in tests:
            yield from reward.agreement(SHARED)
        if 2 in tests:
            yield from reward.loader(SHARED)
        if 3 in tests:
            yield reward.says_that_length_wins(SHARED)
        if 6 in tests:
            yield reward.one_score(SHARED)
        found = {}
        for name, futures in asked.items():
            found[name] = pooled([each.result() for each in futures])
            _say(f"{name}: {len(futures)} of 5 folds")
        if 3 in tests:
            yield from reward.baselines(found)
        if 4 in tests:
            yield from reward.synthetic(found["synthetic_ru"])
        if 5 in tests:
            yield from reward.dialogues(found["hh"])
        if 7 in tests and written is None:
            yield Bar(7, "policies", "torch is not installed (`make train-env`), or --no-torch", "-", None)
        elif written is not None:
            yield from written.result()
        if tested is not None:
            yield from tested.result()


def _say(words: str) -> None:
    sys.stderr.write(f"{words}\n")
    sys.stderr.flush()


def main() -> int:
    """Print the table; 1 where a bar was missed, 2 without data."""
    options = arguments().parse_args()
    if not SHARED.is_dir():
        _say(f"the shared preference data are not here ({SHARED}); set VITRINA_TEST_DATA")
        return LACKS_DATA
    # Each worker is one process of one thread
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    from benchmarks.__main__ import machine
    from benchmarks.training.bars import Bar, table

    began, bars = time.monotonic(), []
    named = machine()
    for bar in measured(options):
        assert isinstance(bar, Bar)
        bars.append(bar)
        _say(f"{bar.test:>2}  {bar.word:<12}  {bar.what}: {bar.found}")
    bars.sort(key=lambda bar: bar.test)
    if options.json:
        for bar in bars:
            words = {"test": bar.test, "what": bar.what, "found": bar.found, "bar": bar.bar, "held": bar.held}
            sys.stdout.write(json.dumps(words, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(f"{named}\n\n{table(bars)}\n\n{time.monotonic() - began:.0f} s\n")
    return int(any(bar.held is False for bar in bars))


if __name__ == "__main__":
    sys.exit(main())
