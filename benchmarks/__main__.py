"""Run every measurement: ``python -m benchmarks [NAME …]``.

What belongs here: finding the scripts and packages beside this one, running each in a process of its own, the
machine's name, one table. What stays out: what is measured. A script prints JSON objects or plain text, and ends with
code 2 when it cannot be measured here.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
OUT = HERE / "out"
LACKS_DATA = 2
LONGEST = 1200  # seconds
LONGEST_TEXT = 4000  # characters
SHARED = Path(os.environ.get("VITRINA_TEST_DATA", ROOT.parent / "shared" / "data"))
#: Real files of the scripts that take one. Without theirs, some measure a list that they make up; others are skipped.
FILES: dict[str, Path] = {
    "categories": SHARED / "labelled" / "ozon_titles_by_category.csv.gz",
    "feeds_parse": SHARED / "large" / "ozon_60k.csv.gz",
    "intake": SHARED / "large" / "ozon_60k.csv.gz",
}
NEED_FILE = {"categories"}


def machine() -> str:
    """Processor, cores, memory, Python and load: without them a figure says nothing."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        lines = [line for line in info.read_text(encoding="utf-8").splitlines() if line.startswith("model name")]
        model = lines[0].split(":", 1)[1].strip() if lines else model
    memory = psutil.virtual_memory().total / 2**30
    return (
        f"{model}, {os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the start, {datetime.now(UTC):%Y-%m-%d}"
    )


def found_scripts() -> list[Path]:
    """The scripts beside this one, and the packages that can be run."""
    packages = (path.parent for path in HERE.glob("*/__main__.py"))
    return sorted([*(path for path in HERE.glob("*.py") if not path.name.startswith("_")), *packages])


def objects(text: str) -> list[dict[str, Any]]:
    """The JSON objects at the end of an output: one that may span lines, or one on each of several lines."""
    decoder, found, position = json.JSONDecoder(), [], 0
    while (start := text.find("{", position)) >= 0:
        try:
            value, position = decoder.raw_decode(text, start)
        except ValueError:
            position = start + 1
            continue
        found.append(value)
    return found


def flat(value: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested objects as dotted names; long lists only by their length."""
    rows: dict[str, Any] = {}
    for key, item in value.items():
        if isinstance(item, dict):
            rows |= flat(item, f"{prefix}{key}.")
        elif isinstance(item, list) and len(item) > 6:
            rows[f"{prefix}{key}"] = f"{len(item)} values"
        else:
            rows[f"{prefix}{key}"] = item
    return rows


def measure(script: Path) -> tuple[str, str, float]:
    """Run one script: what became of it, what it printed, and how long it took in seconds."""
    file = FILES.get(script.stem)
    if file is not None and not file.is_file():
        if script.stem in NEED_FILE:
            return f"skipped: {file} is not here; VITRINA_TEST_DATA names the folder of such files", "", 0.0
        file = None
    command = [sys.executable, "-m", f"benchmarks.{script.stem}", *([str(file)] if file is not None else [])]
    began = time.monotonic()
    try:
        done = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=LONGEST, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return f"stopped after {LONGEST} s", "", LONGEST
    took = time.monotonic() - began
    last = (done.stderr.strip() or done.stdout.strip() or "no word").splitlines()[-1]
    if done.returncode == LACKS_DATA:
        return f"skipped: {last}", "", took
    if done.returncode != 0:
        return f"failed: {last}", "", took
    return "measured", done.stdout, took


def main() -> int:
    """Measure, print, and write ``benchmarks/out/results.md``; 1 when a script failed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", help="scripts to run; all of them by default")
    wanted = parser.parse_args().names
    scripts = found_scripts()
    unknown = set(wanted) - {path.stem for path in scripts}
    if unknown:
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    text, failed = [f"# Results\n\n{machine()}\n"], False
    sys.stdout.write(text[0])
    for script in scripts:
        if wanted and script.stem not in wanted:
            continue
        sys.stdout.write(f"\n{script.stem} …\n")
        sys.stdout.flush()
        state, said, took = measure(script)
        failed = failed or state.startswith(("failed", "stopped"))
        part = [f"\n## {script.stem}\n\n{state}, {took:.0f} s\n"]
        found = objects(said)
        for number, value in enumerate(found, 1):
            part.append(f"\n| {number if len(found) > 1 else 'figure'} | value |\n|---|---|\n")
            part += [f"| {name} | {item} |\n" for name, item in flat(value).items()]
        if said.strip() and not found:
            part.append(f"\n```\n{said.strip()[-LONGEST_TEXT:]}\n```\n")
        text.append("".join(part))
        sys.stdout.write(text[-1])
        sys.stdout.flush()
    OUT.mkdir(exist_ok=True)
    (OUT / "results.md").write_text("".join(text), encoding="utf-8")
    sys.stdout.write(f"\nwritten to {OUT / 'results.md'}\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
