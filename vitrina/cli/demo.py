"""``vitrina demo``: the samples through the whole platform, from drop to published catalogue.

What belongs here: the course of the demo and what a person sees of it. What stays out: the stack, the judgement when
it is finished, the figures.
"""

from __future__ import annotations

import json
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from vitrina.cli.demo_report import Figures, drops_waiting, export_place, figures, place_samples
from vitrina.cli.up import signals_interrupt, stack_config, stop_quietly
from vitrina.config import Settings, get_settings
from vitrina.errors import RetryableError, VitrinaError
from vitrina.project.setup import setup_django
from vitrina.servers import progress
from vitrina.servers.graphql import DagsterApi
from vitrina.servers.idle import Snapshot, Verdict, behind, judge
from vitrina.servers.stack import HEALTH_SECONDS, Stack
from vitrina.servers.state import running_stack

EXPORT = "storefront_export"


@dataclass(slots=True)
class Outcome:
    """How the demo ended."""

    figures: Figures
    verdict: Verdict
    changed: bool
    seconds: float
    failures: list[dict[str, str]] = field(default_factory=list)
    behind: tuple[str, ...] = ()
    export: str | None = None

    @property
    def good(self) -> bool:
        """Whether everything went through."""
        return self.verdict is Verdict.FINISHED and not self.failures and self.export is not None


def demo(
    port: Annotated[int | None, typer.Option(help="Port of the UI meanwhile; by default any free one.")] = None,
    timeout: Annotated[int, typer.Option(help="Give up after so many seconds.")] = 1800,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object on stdout; progress on stderr.")] = False,
) -> None:
    """Run the samples through the whole platform, show what came of them, and stop."""
    console = Console(stderr=as_json, highlight=False)
    settings = get_settings()
    began = time.time()
    say = Teller(console, began)
    stack: Stack | None = None
    outcome: Outcome | None = None
    code = 1
    with signals_interrupt():
        try:
            api, stack = _connect(settings, port, say)
            outcome = _run(settings, api, say, began=began, timeout=timeout)
            code = 0 if outcome.good else 1
        except KeyboardInterrupt:
            console.print("interrupted; stopping …")
            code = 130
        except VitrinaError as error:
            console.print(str(error), style="red", markup=False, soft_wrap=True)
        finally:
            say.quiet()
            if stack is not None:
                stop_quietly(stack)
    if outcome is not None:
        if as_json:
            sys.stdout.write(json.dumps(_as_json(outcome), ensure_ascii=False) + "\n")
        else:
            _print_summary(console, settings, outcome, kept_running=stack is None)
    raise typer.Exit(code)


class Teller:
    """Progress: one line for each thing that happens, and a moving last line where there is a terminal."""

    def __init__(self, console: Console, began: float) -> None:
        self._console, self._began = console, began
        self._status = console.status("starting") if console.is_terminal else None
        if self._status is not None:
            self._status.start()

    def __call__(self, text: str) -> None:
        self._console.print(f"[{time.time() - self._began:4.0f} s] {text}", markup=False, soft_wrap=True)

    def now(self, text: str) -> None:
        """What is being done at this moment; shown on a terminal only."""
        if self._status is not None:
            self._status.update(text)

    def quiet(self) -> None:
        """End the moving line."""
        if self._status is not None:
            self._status.stop()


def _connect(settings: Settings, port: int | None, say: Teller) -> tuple[DagsterApi, Stack | None]:
    """Use the stack that runs, else start one of our own (returned, to be stopped)."""
    config = stack_config(settings, port=0 if port is None else port, purpose="demo")
    running = running_stack(config.home)
    if running is None:
        stack = Stack(config, say=say)
        try:
            stack.start()
        except BaseException:
            stop_quietly(stack)
            raise
        return stack.api, stack
    deadline = time.monotonic() + HEALTH_SECONDS
    while running is not None and not running.ready and time.monotonic() < deadline:
        time.sleep(0.5)
        running = running_stack(config.home)
    if running is None or not running.ready:
        raise RetryableError("Vitrina was being started and did not come up.", hint="Try again.")
    say(f"using the platform that runs at {running.address}")
    return DagsterApi(running.address), None


def _run(settings: Settings, api: DagsterApi, say: Teller, *, began: float, timeout: int) -> Outcome:
    setup_django()
    since = datetime.now(UTC)
    drops, written = place_samples(settings)
    if written:
        say(f"placed {len(written)} sample files in {len(drops)} drops; the sensor looks for them every few seconds")
    else:
        say("the samples stand where a former demo placed them; looking whether anything is left to do")
    placed, seen, told = time.time(), progress.assets(api), Figures()
    first = seen
    while True:
        time.sleep(1)
        try:
            now = progress.assets(api)
            running = progress.runs_in_progress(api)
            snapshot = Snapshot(
                runs=len(running),
                backfills=progress.backfills_in_progress(api),
                last_activity=max(placed, progress.last_change(api)),
                ticks=progress.sensor_ticks(api, since=placed, now=time.time()),
                drops_waiting=drops_waiting(drops),
                behind=behind(
                    {key: made for key, made in now.made.items() if key in now.automated},
                    {key: tuple(i for i in inputs if i in now.automated) for key, inputs in now.inputs.items()},
                    EXPORT,
                ),
            )
        except RetryableError as error:
            say.now(str(error))
            if time.time() - began > timeout:
                raise
            continue
        for key, made in now.made.items():
            if made is not None and made > (seen.made.get(key) or 0.0):
                say(f"✓ {key}")
        seen = now
        counts = figures(since)
        if (line := _counts(counts)) != _counts(told):
            say(line)
            told = counts
        say.now(f"{len(running)} runs in progress · {line}")
        verdict = judge(snapshot)
        late = verdict is Verdict.WORKING and time.time() - began > timeout
        if verdict is not Verdict.WORKING or late:
            failures = [
                {"run": run.run_id, "step": step, "message": message}
                for run in progress.failed_runs(api, placed)
                for step, message in api.failures(run.run_id) or [("run", "failed")]
            ]
            failures += [
                {"backfill": key, "step": names, "message": message}
                for key, names, message in progress.failed_backfills(api, placed)
            ]
            if late:
                failures.append({"run": "", "step": "demo", "message": f"not finished after {timeout} s"})
            return Outcome(
                figures=counts,
                verdict=verdict,
                changed=bool(written) or any(now.made[key] != first.made.get(key) for key in now.automated),
                seconds=time.time() - began,
                failures=failures,
                behind=snapshot.behind,
                export=export_place(settings),
            )


def _counts(now: Figures) -> str:
    return (
        f"{now.products} products · {now.descriptions} descriptions · {now.in_moderation} in moderation · "
        f"{now.published} published"
    )


def _as_json(outcome: Outcome) -> dict[str, Any]:
    return {
        **outcome.figures.as_dict(),
        "finished": outcome.verdict is Verdict.FINISHED,
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 1),
        "failures": outcome.failures,
        "behind": list(outcome.behind),
        "export": outcome.export,
    }


def _print_summary(console: Console, settings: Settings, outcome: Outcome, *, kept_running: bool) -> None:
    found = outcome.figures
    unknown = f" and {found.cost_unknown} calls of unknown price" if found.cost_unknown else ""
    if not outcome.changed and outcome.good:
        console.print("\n[bold]Nothing changed:[/bold] every sample stands as it was, and no model was asked again.")
    table = Table(title="From drop to shop", show_header=False, title_justify="left")
    rows = [
        ("drops", f"{found.drops}" + (f" ({found.unreadable} unreadable)" if found.unreadable else "")),
        ("products", str(found.products)),
        ("rows accepted / quarantined / merged", f"{found.accepted} / {found.quarantined} / {found.merged}"),
        ("descriptions", str(found.descriptions)),
        ("waiting in moderation", str(found.in_moderation)),
        ("published", str(found.published)),
        ("LLM calls in this demo", str(found.llm_calls)),
        ("cost", f"{found.cost_usd:.4f} USD{unknown}"),
        ("time", f"{outcome.seconds:.0f} s"),
    ]
    for name, value in rows:
        table.add_row(name, value)
    console.print()
    console.print(table)
    for failure in outcome.failures:
        console.print(f"failed: {failure['step']}: {failure['message']}", style="red", markup=False)
    if outcome.verdict is Verdict.STUCK:
        late = ", ".join(outcome.behind) or "drops"
        console.print(f"Nothing moves any more, though this is unfinished: {late}", style="red", soft_wrap=True)
    if not outcome.good:
        console.print(f"Logs: {settings.vitrina_home / 'log'}; runs: make up, then the page Runs.", markup=False)
    if outcome.export is not None:
        console.print(f"The storefront export lies in {outcome.export}", markup=False, soft_wrap=True)
    if kept_running:
        console.print("Next: look at the assets in the running UI.")
    else:
        console.print("Next: [bold]make up[/bold], then look at the assets at http://127.0.0.1:3000")
    console.print(
        "Your own file: [bold].venv/bin/vitrina drop check FILE[/bold], then [bold]… drop add FILE --source NAME[/bold]"
    )
