"""``python -m simulation``: the whole loop with made-up goods and people, on a platform of its own.

Belongs here: options, what a person sees while it runs, starting, going on, and the end. Stays out: the stages
(``course``).
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from simulation import report
from simulation.plan import Record, Size
from vitrina.config import PROJECT_ROOT
from vitrina.errors import PermanentError, VitrinaError

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
#: So small a run shows that everything works, not that anything gets better.
TINY = Size(products=260, held_out=30, round_1=210, round_2=40, best_of=3, policy=False)


#: Figures of a stage that say nothing to a person, or are said elsewhere in its line.
_UNSHOWN = frozenset({"seconds", "processor_seconds", "model_id", "products", "reward_model"})


@dataclass
class View:
    """What a person sees while it runs: a line for each stage, and one that moves where the terminal can.

    Attributes:
        log: Where trainings tell how far they are, as JSON lines.
        quiet: Seconds without a word after which a line is printed where nothing moves.
    """

    console: Console
    log: Path | None = None
    began: float = field(default_factory=time.monotonic)
    quiet: float = 15.0
    _now: str = ""
    _said: float = 0.0
    _stage: float = 0.0
    _read_from: int = 0

    def line(self, text: str) -> None:
        """A line that stays."""
        self.console.print(f"{time.monotonic() - self.began:6.0f} s  {text}", markup=False, soft_wrap=True)
        self._said = time.monotonic()

    def title(self, words: str, place: int, count: int) -> None:
        """A stage begins."""
        self._now, self._stage = "", time.monotonic()
        self._read_from = self.log.stat().st_size if self.log is not None and self.log.is_file() else 0
        self.line(f"[{place}/{count}] {words}")

    def now(self, text: str) -> None:
        """What is being done at this moment."""
        self._now = text

    def ended(self, _: str, told: dict[str, Any]) -> None:
        """A stage is over: its figures in a line."""
        shown = {name: value for name, value in told.items() if isinstance(value, str | int | float | bool)}
        shown |= {"careless": ", ".join(told["careless"])} if told.get("careless") else {}
        words = ", ".join(f"{name} {value}" for name, value in shown.items() if name not in _UNSHOWN)
        self.line(f"       ✓ {told['seconds']:.0f} s{': ' + words if words else ''}")

    @contextmanager
    def moving(self) -> Iterator[None]:
        """Keep a moving line while the block runs."""
        over = threading.Event()
        with self.console.status("starting") as status:

            def tick() -> None:
                while not over.wait(1.0):
                    doing = self._training() or self._now or "working"
                    text = f"{doing} · {time.monotonic() - (self._stage or self.began):.0f} s"
                    status.update(text)
                    if not self.console.is_terminal and time.monotonic() - self._said > self.quiet:
                        self.line(f"       … {text}")

            thread = threading.Thread(target=tick, daemon=True)
            thread.start()
            try:
                yield
            finally:
                over.set()
                thread.join()

    def _training(self) -> str:
        """How far the training of this stage is; empty where none tells."""
        if self.log is None or not self.log.is_file():
            return ""
        with self.log.open("rb") as log:
            log.seek(max(self._read_from, self.log.stat().st_size - 8_000))
            lines = log.read().splitlines()
        for line in reversed(lines):
            if line.startswith(b'{"stage"'):
                with contextlib.suppress(ValueError):
                    told = json.loads(line)
                    place = f" {told['step']} of {told['of']}" if "of" in told and "step" in told else ""
                    return f"training: {told['stage']}{place}"
        return ""


@app.command()
def loop(
    home: Annotated[Path, typer.Option(help="Folder of this demo alone.")] = PROJECT_ROOT / ".vitrina" / "loop",
    products: Annotated[int, typer.Option(min=50, help="Goods that people compare texts of.")] = Size.products,
    held_out: Annotated[int, typer.Option(min=10, help="Goods that are measured at the end.")] = Size.held_out,
    round_1: Annotated[int, typer.Option(min=100, help="Pairs of the first round.")] = Size.round_1,
    round_2: Annotated[int, typer.Option(min=10, help="Further pairs of the second round.")] = Size.round_2,
    best_of: Annotated[int, typer.Option(min=2, max=64, help="Texts for each product.")] = Size.best_of,
    reward_kind: Annotated[str, typer.Option(help="linear, transformer or ensemble.")] = Size.reward_kind,
    seed: Annotated[int, typer.Option(help="Of goods, people and models.")] = 0,
    no_policy: Annotated[bool, typer.Option("--no-policy", help="Train no model that writes: no torch.")] = False,
    tiny: Annotated[bool, typer.Option("--tiny", help="A look at the way: too few votes to learn from.")] = False,
    fresh: Annotated[bool, typer.Option("--fresh", help="Begin anew, whatever stands in the folder.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout; progress on stderr.")] = False,
) -> None:
    """Two rounds of pairs, votes, reward model and best of n; a policy in the second; the figures at the end."""
    size = Size(seed, products, held_out, round_1, round_2, best_of, not no_policy, reward_kind)
    if tiny:
        size = TINY
    home = home.expanduser().absolute()
    terminal = _terminal(1 if not as_json else 2)
    console = Console(file=terminal, highlight=False)
    result: dict[str, Any] | None = None
    code = 1
    from vitrina.cli.up import signals_interrupt

    with signals_interrupt():
        try:
            result = run(home, size, View(console), fresh=fresh)
            code = 0
        except KeyboardInterrupt:
            console.print("Interrupted. Started again, it goes on.")
            code = 130
        except VitrinaError as error:
            console.print(str(error), style="red", markup=False, soft_wrap=True)
    if result is not None:
        report.show(console, result, home)
        if as_json:
            os.write(_OUT, (json.dumps(result, ensure_ascii=False) + "\n").encode())
    terminal.flush()
    sys.stdout.flush()
    # A run that was interrupted may still sit in its thread: the platform under it is gone, so it ends with the process
    os._exit(code)


_OUT = 1


def _terminal(number: int) -> Any:
    """A stream of its own to the terminal, so that what libraries print can go to a log."""
    return os.fdopen(os.dup(number), "w", encoding="utf-8")


@contextmanager
def _log(path: Path) -> Iterator[None]:
    """Everything that is written to stdout and stderr meanwhile lands in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    kept = [os.dup(number) for number in (1, 2)]
    sys.stdout.flush()
    sys.stderr.flush()
    with path.open("ab") as log:
        for number in (1, 2):
            os.dup2(log.fileno(), number)
        try:
            yield
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            for number, former in zip((1, 2), kept, strict=True):
                os.dup2(former, number)
                os.close(former)


def run(home: Path, size: Size, view: View, *, fresh: bool = False) -> dict[str, Any]:
    """Do what is left of a run in its folder.

    Raises:
        VitrinaError: what a person can act on.
    """
    if size.policy and find_spec("torch") is None:
        raise PermanentError("The policy needs torch.", hint="`make train-env` adds it; or say --no-policy.")
    from simulation.home import clear, own_environment
    from simulation.tuning import settings_of

    own_environment(home, settings_of(size))
    record = Record.load(home)
    grows = record is not None and size.grows_from(record.size)
    if record is not None and record.size == size and not fresh and (known := report.load(home)) is not None:
        view.line(f"This run is finished already, in {home}; `--fresh` begins anew.")
        return known
    if fresh or record is None or not grows:
        if home.exists():
            why = "as asked" if fresh else "what stands there is unfinished" if record is None else "its sizes differ"
            view.line(f"Starting clean in {home}: {why}.")
        clear(home)
        home.mkdir(parents=True)
        record = Record(home / "loop.json", size)
    else:
        view.line(f"Going on in {home}: {len(record.done)} stages are done.")
        record.size = size
        (home / report.RESULT).unlink(missing_ok=True)
    view.log = home / "log" / "loop.log"
    with _log(view.log), view.moving():
        return _course(home, record, view)


def _course(home: Path, record: Record, view: View) -> dict[str, Any]:
    from simulation.course import Course
    from simulation.home import opened
    from simulation.reading import POLICY, SFT, read_texts

    with opened(home, view.line) as up:
        record.save()
        course = Course(up, record, view.now)
        course.run(view.title, view.ended)
        view.line("measuring")
        alone = {
            name: {int(pk): text for pk, text in record.done["alone"][role].items()}
            for name, role in ((SFT, "sft"), (POLICY, "policy"))
            if record.done.get("alone", {}).get(role)
        }
        ids = (record.done["reward_1"]["model_id"], record.done["reward_2"]["model_id"])
        texts = read_texts(course.held_out_products(), ids, up.settings.language, seed=record.size.seed, alone=alone)
        result = report.result_of(texts, record)
        report.draw(result, home)
        report.save(result, home)
        view.line("ending the desk and PostgreSQL")
    return result


if __name__ == "__main__":
    app()
