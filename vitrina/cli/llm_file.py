"""A file of questions from the command line: the order of the checks, and words for a person.

Belongs here: what ``vitrina llm run`` does between its options and its exit code. Stays out: reading and writing the
files (``vitrina.llm.jsonl``), asking (``vitrina.llm.gateway``).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import typer

from vitrina.cli.llm_database import ledger_database
from vitrina.cli.llm_predict import tell_prediction
from vitrina.cli.llm_progress import shown
from vitrina.cli.output import emit, facts, say
from vitrina.config import Settings
from vitrina.errors import PermanentError, VitrinaError
from vitrina.llm.jsonl.answers import AnswerFile
from vitrina.llm.jsonl.lines import Source, opened
from vitrina.llm.jsonl.requests import FileRequest
from vitrina.llm.jsonl.rows import Resume, open_again, run_name, take_up
from vitrina.llm.jsonl.run import Report, Sink, StandardOutput, answer_file, same_file
from vitrina.llm.jsonl.scan import Scan, scan
from vitrina.llm.jsonl.schemas import AnswerSchema, read_schema
from vitrina.llm.outcomes import Outcome

BAD_INPUT = 2


def perform(
    requests: Path,
    out: Path,
    schema: Path | None,
    settings: Settings,
    *,
    purpose: str,
    again: frozenset[Outcome],
    update: bool,
    check: bool,
    as_json: bool,
    predict: bool = False,
) -> None:
    """Checks everything, then asks. Leaves with the exit code."""
    from vitrina.llm.wiring import gateway_config

    to_stdout = str(out) == "-"
    with ExitStack() as stack:
        try:
            gateway_config(settings)  # a wrong address or price file is told before anything else
            answer_schema = None if schema is None else read_schema(schema)
            if not to_stdout:
                _check_place(requests, out)
            source = stack.enter_context(opened(requests))
            found = scan(source, answer_schema, refuse=_refuser(settings))
            if found.bad:
                _tell_problems(source, found, as_json)
                raise typer.Exit(BAD_INPUT)
            if check:
                data = {"requests": found.count, "problems": []}
                emit(data, as_json, lambda: say(f"{found.count} requests, no mistakes"))
                return
            if predict:
                tell_prediction(source, found, answer_schema, settings, purpose=purpose, as_json=as_json)
                return
            answers = None if to_stdout else stack.enter_context(AnswerFile(out))
            if answers is None:
                resume = Resume(run_name(out, found.index))
            else:
                resume = take_up(answers, found.index, again=again, update=update)
        except PermanentError as error:
            _tell_error(error, as_json)
            raise typer.Exit(BAD_INPUT) from error
        sink: Sink = StandardOutput() if answers is None else answers
        report = _ask(source, found, resume, sink, answer_schema, settings, purpose=purpose, quiet=as_json)
    _tell(report, requests, out, as_json=as_json, to_stdout=to_stdout)
    if not report.complete:
        raise typer.Exit(1)


def _ask(
    source: Source,
    found: Scan,
    resume: Resume,
    sink: Sink,
    schema: AnswerSchema | None,
    settings: Settings,
    *,
    purpose: str,
    quiet: bool,
) -> Report:
    if resume.kept["ok"] == found.count:  # nothing to ask, so nothing to start
        return Report(found.count, resume.kept, run_id=resume.run_id)
    from vitrina.llm.failures import due
    from vitrina.llm.wiring import open_gateway
    from vitrina.project.database import database_url, psycopg_dsn

    with (
        _stopping(settings.ai_timeout_seconds),
        ledger_database(settings),
        open_gateway(settings, run_id=resume.run_id) as gateway,
    ):
        if resume.failed and isinstance(sink, AnswerFile) and settings.ai_mode != "replay":
            open_again(sink, found.index, resume, due(psycopg_dsn(database_url(settings)), list(resume.failed)))
        before = resume.kept.total()
        if before:
            sys.stderr.write(f"{before} of {found.count} stand in the answers; {found.count - before} are asked\n")
        with shown(found.count - before, quiet=quiet) as show:
            return answer_file(source, found, resume, gateway, sink, schema=schema, purpose=purpose, progress=show)


def failure_classes(text: str, *, hint: str = "--again") -> frozenset[Outcome]:
    """The classes in an option."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    known = {str(outcome) for outcome in Outcome if outcome is not Outcome.OK}
    if wrong := [name for name in names if name not in known]:
        told = f"{wrong[0]!r} is no class of failure; there are {', '.join(sorted(known))}"
        raise typer.BadParameter(told, param_hint=hint)
    return frozenset(Outcome(name) for name in names)


def _refuser(settings: Settings) -> Callable[[FileRequest], str | None]:
    """Without an endpoint the embedded service would refuse most lines, one by one; so it is said before."""
    if settings.openai_base_url:
        return lambda _: None
    from vitrina.llm.service.local.specs import read_specs
    from vitrina.llm.service.wiring import SKILLS

    local = {spec.name for spec in read_specs(settings.serve_models) if spec.kind == "chat"}

    def refuse(request: FileRequest) -> str | None:
        name = None if request.schema is None else request.schema.name
        if name in SKILLS or (request.model or settings.ai_model) in local:
            return None
        return (
            f"no endpoint is named, and the embedded offline service answers only the schemas named "
            f"{', '.join(sorted(SKILLS))}; name an endpoint with --base-url or OPENAI_BASE_URL"
        )

    return refuse


def _check_place(requests: Path, out: Path) -> None:
    if str(requests) != "-" and same_file(requests, out):
        raise PermanentError("--out is the request file itself.", hint="Name another file for the answers.")
    if out.is_dir() or not out.absolute().parent.is_dir():
        what = "is a folder" if out.is_dir() else "lies in a folder that does not exist"
        raise PermanentError(f"--out {out} {what}.", hint="Name a file in a folder that is there.")
    if out.suffix == ".gz":
        raise PermanentError("Answers are written as plain JSON Lines.", hint="Name a file without .gz.")


@contextmanager
def _stopping(timeout_s: float) -> Iterator[None]:
    """INT, TERM and HUP end the run; a second one does not wait for the calls on the wire.

    Args:
        timeout_s: Of one call.
    """
    signals = 0

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        nonlocal signals
        signals += 1
        if signals == 1:
            told = (
                f"stopping; calls on the wire are paid for, so they are let end, for {timeout_s:g} seconds at most "
                "(once more: give them up)"
            )
        else:
            told = "giving up the calls on the wire; the ledger keeps each with an unknown cost"
        sys.stderr.write(f"\n{told}\n")
        raise KeyboardInterrupt

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, stop) for number in numbers}
    try:
        yield
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)


def _tell_problems(source: Source, found: Scan, as_json: bool) -> None:
    rows = [{"line": problem.line, "message": problem.message} for problem in found.problems]

    def human() -> None:
        for problem in found.problems:
            sys.stderr.write(f"{source.name}, line {problem.line}: {problem.message}\n")
        more = found.bad - len(found.problems)
        sys.stderr.write(f"{found.bad} mistakes{f' ({more} more than shown)' if more else ''}; nothing was sent\n")

    emit({"error": "bad input", "problems": rows, "problem_count": found.bad}, as_json, human)


def _tell_error(error: VitrinaError, as_json: bool) -> None:
    def human() -> None:
        sys.stderr.write(f"{error}\n")

    emit({"error": str(error)}, as_json, human)


def _tell(report: Report, requests: Path, out: Path, *, as_json: bool, to_stdout: bool) -> None:
    data = report.as_dict() | {"out": str(out)}
    if to_stdout:  # the answers are there already
        sys.stderr.write(f"{data['answered']} of {data['requests']} answered, {data['failed']} failed\n")
    else:

        def human() -> None:
            facts(f"{requests} → {out}", _figures(data))

        emit(data, as_json, human)
    if not as_json:
        for name, reason in report.reasons.items():
            sys.stderr.write(f"{name}, the first: {reason}\n")
    if not report.total:
        sys.stderr.write(f"{requests} holds no questions: nothing was asked\n")
    if report.stopped:
        sys.stderr.write(f"stopped: {report.stopped}\n")
    if report.left:
        sys.stderr.write(f"{report.left} are left; the same command goes on with them\n")


def _figures(data: dict[str, Any]) -> dict[str, Any]:
    rows: dict[str, Any] = {"answered": f"{data['answered']} of {data['requests']}"}
    if data["answered_before"]:
        rows["… of them before"] = data["answered_before"]
    rows |= {f"failed: {name}": count for name, count in data["failed_by_class"].items()}
    if data["left"]:
        rows["left"] = data["left"]
    rows |= {"calls": data["calls"], "from the ledger": data["from_cache"]}
    estimated = f" ({data['estimated_token_calls']} calls estimated)" if data["estimated_token_calls"] else ""
    rows["tokens"] = f"{data['prompt_tokens']} in, {data['completion_tokens']} out{estimated}"
    unknown = f" and {data['unknown_cost_calls']} calls of unknown cost" if data["unknown_cost_calls"] else ""
    rows["cost"] = f"{data['cost_usd'] if data['cost_usd'] is not None else 'unknown'} USD{unknown}"
    rows["time"] = f"{data['wall_s']} s, {data['results_per_s']} a second"
    return rows
