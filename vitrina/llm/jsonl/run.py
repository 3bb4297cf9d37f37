"""From the open questions of a file to lines of answers.

Belongs here: the loop between gateway and answer file, and its figures. Stays out: which database and endpoint
(``vitrina.cli.llm_run``), what a line looks like (``vitrina.llm.jsonl.rows``).
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import orjson

from vitrina.errors import VitrinaError
from vitrina.llm.gateway import Gateway, Progress
from vitrina.llm.jsonl.answers import AnswersNotWritten
from vitrina.llm.jsonl.lines import Source
from vitrina.llm.jsonl.rows import ANSWERED, FAILED, OPEN, Resume, answer_row, count_rows
from vitrina.llm.jsonl.scan import Scan, read_again
from vitrina.llm.jsonl.schemas import AnswerSchema, contract
from vitrina.llm.messages import ChatRequest


class Sink(Protocol):
    """Where lines go."""

    def write(self, row: Mapping[str, Any]) -> None:
        """Adds a line.

        Raises:
            AnswersNotWritten: It could not.
        """
        ...


class StandardOutput:
    """Lines on standard output; a reader that goes away ends the run."""

    def write(self, row: Mapping[str, Any]) -> None:
        try:
            sys.stdout.buffer.write(orjson.dumps(row) + b"\n")
            sys.stdout.buffer.flush()
        except BrokenPipeError as error:
            raise AnswersNotWritten("Nobody reads the answers any more.", hint="They stand in the ledger.") from error


@dataclass(slots=True)
class Report:
    """How a run ended.

    Attributes:
        total: Questions in the file; ``before`` are lines that stood in the answers already, by status.
        now: Lines that this run added, by status; ``cached`` of them came from the ledger.
        reasons: The first sentence of each class of failure that this run met.
        gateway: :meth:`vitrina.llm.gateway.Gateway.summary`.
        stopped: Why it ended early, in a sentence; ``None`` when it came to its end.
    """

    total: int
    before: Counter[str] = field(default_factory=Counter)
    now: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    reasons: dict[str, str] = field(default_factory=dict)
    gateway: dict[str, Any] = field(default_factory=dict)
    wall_s: float = 0.0
    run_id: str = ""
    stopped: str | None = None

    @property
    def left(self) -> int:
        """Questions without a line."""
        return self.total - self.before.total() - self.now.total()

    @property
    def complete(self) -> bool:
        """True when every question has an answer."""
        return self.before["ok"] + self.now["ok"] == self.total

    def as_dict(self) -> dict[str, Any]:
        """Plain values: ``answered``, ``failed``, ``left`` are of the whole file, the rest of this run."""
        answered, failed = count_rows(self.before + self.now)
        sent = self.now.total()
        money = self.gateway
        return {
            "requests": self.total,
            "answered": answered,
            "failed": sum(failed.values()),
            "failed_by_class": failed,
            "reasons": self.reasons,
            "left": self.left,
            "answered_before": self.before["ok"],
            "answered_now": self.now["ok"],
            "from_cache": self.cached,
            "calls": money.get("calls", 0),
            "prompt_tokens": money.get("prompt_tokens", 0),
            "completion_tokens": money.get("completion_tokens", 0),
            "estimated_token_calls": money.get("estimated_token_calls", 0),
            "cost_usd": money.get("cost_usd", 0),
            "unknown_cost_calls": money.get("unknown_cost_calls", 0),
            "latency_p50_ms": money.get("latency_p50_ms"),
            "latency_p95_ms": money.get("latency_p95_ms"),
            "wall_s": round(self.wall_s, 3),
            "results_per_s": round(sent / self.wall_s, 1) if self.wall_s > 0 and sent else 0.0,
            "run": self.run_id,
            "stopped": self.stopped,
        }


def answer_file(
    source: Source,
    found: Scan,
    resume: Resume,
    gateway: Gateway,
    sink: Sink,
    *,
    schema: AnswerSchema | None = None,
    purpose: str = "file",
    progress: Callable[[Progress], None] | None = None,
) -> Report:
    """Asks what is open and writes a line for each end. Never raises for what a person or an endpoint does.

    Ctrl-C, a full disk or a ledger out of reach end it early: ``stopped`` says so, lines so far stand.

    Args:
        progress: Called about once a second, as :meth:`vitrina.llm.gateway.Gateway.run` does.
    """
    report = Report(found.count, resume.kept.copy(), run_id=resume.run_id)
    began = time.monotonic()

    def open_requests() -> Iterator[ChatRequest]:
        state = found.index.state
        for position, request in read_again(source, found, schema, wanted=lambda place: state[place] == OPEN):
            yield request.chat(purpose, try_no=resume.tries.get(position, 0))

    try:
        answers = gateway.run(open_requests(), contract=contract(), progress=progress)
        with contextlib.closing(answers) as results:  # type: ignore[type-var]
            for result in results:
                sink.write(answer_row(result, resume.run_id))
                position = found.index.position(result.request.item_id)
                if position is not None:
                    found.index.state[position] = ANSWERED if result.ok else FAILED
                report.now[str(result.outcome)] += 1
                if not result.ok:
                    report.reasons.setdefault(str(result.outcome), result.error or "")
                report.cached += result.cached
    except KeyboardInterrupt:
        report.stopped = "interrupted"
    except VitrinaError as error:
        report.stopped = str(error)
    report.wall_s = time.monotonic() - began
    report.gateway = gateway.summary()
    return report


def same_file(first: Path, second: Path) -> bool:
    """Whether two paths lead to one file, links included."""
    try:
        return first.samefile(second)
    except OSError:
        return first.absolute() == second.absolute()
