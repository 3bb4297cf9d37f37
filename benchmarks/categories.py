"""The category classifier on a labelled file: five folds grouped by normalised title, with times.

Usage: ``python -m benchmarks.categories FILE.csv.gz [--title title] [--label category_slug] [--plot OUT.png]``
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from vitrina.categories.evaluate import cross_validate
from vitrina.categories.labels import read_labelled
from vitrina.categories.plots import plot
from vitrina.categories.training import train

_SPEED_TITLES = 20_000


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--title", default="title")
    parser.add_argument("--label", default="category_slug")
    parser.add_argument("--folds", type=int, default=5)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    rows = read_labelled(options.file, options.title, options.label)

    started = time.process_time()
    model = train(rows)
    training = time.process_time() - started
    titles = [row.title for row in rows][:_SPEED_TITLES]
    started = time.process_time()
    model.predict(titles)
    speed = len(titles) / (time.process_time() - started)

    evaluation = cross_validate(rows, options.folds)
    if options.plot:
        options.plot.write_bytes(plot(evaluation))
    report = {"train_cpu_s": round(training, 1), "titles_per_cpu_s": round(speed), **evaluation.as_dict()}
    json.dump(report, sys.stdout, ensure_ascii=False, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
