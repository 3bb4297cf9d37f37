"""``vitrina demo``: the samples through the whole platform, from drop to published catalogue.

What belongs here: the course of the demo and what a person sees of it. What stays out: the stack, the judgement when
it is finished, the figures.
"""

from __future__ import annotations

import contextlib
import json
import sys
import time
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console

from vitrina.cli.demo_report import (
    Figures,
    drops_waiting,
    export_place,
    figures,
    place_drops,
    place_reference,
    place_sample_pictures,
)
from vitrina.cli.demo_view import Outcome, Teller, counts, made_lines, outcome_object, print_summary
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
REFERENCE = ("category_model", "category_vectors", "template_vectors")
"""What drops need before they can go through in one run: with it each drop took three runs, half a minute apart."""
REFERENCE_SECONDS = 90.0


def demo(
    port: Annotated[
        int | None, typer.Option(min=1, max=65_535, help="Port of the UI meanwhile; by default any free one.")
    ] = None,
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
            sys.stdout.write(json.dumps(outcome_object(outcome), ensure_ascii=False) + "\n")
        else:
            print_summary(console, settings, outcome, kept_running=stack is None)
    raise typer.Exit(code)


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
    since, placed = datetime.now(UTC), time.time()
    watch = Watch(api, say)
    first = watch.look()
    reference = place_reference(settings)
    if reference:
        say("placed categories and templates; the sensor looks for them every few seconds")
        watch.until_made(REFERENCE, since=placed, seconds=REFERENCE_SECONDS)
    if drawn := place_sample_pictures(settings):
        say(f"drew {drawn} pictures of the sample goods")
    drops, written = place_drops(settings)
    if written:
        say(f"placed {len(written)} sample files in {len(drops)} drops; the sensor looks for them every few seconds")
        placed = time.time()
    elif not reference:
        say("the samples stand where a former demo placed them; looking whether anything is left to do")
    told = Figures()
    while True:
        time.sleep(1)
        late = time.time() - began > timeout
        try:
            now, snapshot = watch.look(), watch.snapshot(placed, drops_waiting(drops))
        except RetryableError as error:
            say.now(str(error))
            if late:
                raise
            continue
        found = figures(since)
        if (line := counts(found)) != counts(told):
            say(line)
            told = found
        busy = f"{snapshot.runs} runs and {snapshot.backfills} backfills in progress"
        say.now(
            f"{busy} · {line}" if snapshot.runs or snapshot.backfills else f"looking whether more is to come · {line}"
        )
        verdict = judge(snapshot)
        if verdict is Verdict.WORKING and not late:
            continue
        failures = watch.failures(since.timestamp())
        if verdict is Verdict.WORKING:
            failures.append({"run": "", "step": "demo", "message": f"not finished after {timeout} s"})
        return Outcome(
            figures=found,
            verdict=verdict,
            changed=bool(reference or written) or any(now.made[key] != first.made.get(key) for key in now.automated),
            seconds=time.time() - began,
            failures=failures,
            behind=snapshot.behind,
            export=export_place(settings),
        )


class Watch:
    """Looks at the running platform, and tells what was made since the last look."""

    def __init__(self, api: DagsterApi, say: Teller) -> None:
        self._api, self._say = api, say
        self._seen: progress.Assets | None = None

    def look(self) -> progress.Assets:
        """The assets now. Raises RetryableError when Dagster does not answer."""
        now = progress.assets(self._api)
        for line in made_lines(self._seen.made, now.made) if self._seen is not None else ():
            self._say(line)
        self._seen = now
        return now

    def until_made(self, keys: tuple[str, ...], *, since: float, seconds: float) -> None:
        """Wait until assets were made since a time, or for so many seconds at most."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            with contextlib.suppress(RetryableError):
                made = self.look().made
                if all((made.get(key) or 0.0) > since for key in keys):
                    return
            self._say.now("categories, classifier and templates are being read")
            time.sleep(1)

    def snapshot(self, placed: float, waiting: int) -> Snapshot:
        """What is judged; call it after :meth:`look`."""
        now = self._seen or self.look()
        return Snapshot(
            runs=len(progress.runs_in_progress(self._api)),
            backfills=progress.backfills_in_progress(self._api),
            last_activity=max(placed, progress.last_change(self._api)),
            ticks=progress.sensor_ticks(self._api, since=placed, now=time.time()),
            drops_waiting=waiting,
            behind=behind(
                {key: made for key, made in now.made.items() if key in now.automated},
                {key: tuple(i for i in inputs if i in now.automated) for key, inputs in now.inputs.items()},
                EXPORT,
            ),
        )

    def failures(self, since: float) -> list[dict[str, str]]:
        """Failed steps and backfills since then, each with the first line of its message."""
        found = [
            {"run": run.run_id, "step": step, "message": message}
            for run in progress.failed_runs(self._api, since)
            for step, message in self._api.failures(run.run_id) or [("run", "failed")]
        ]
        return found + [
            {"backfill": key, "step": names, "message": message}
            for key, names, message in progress.failed_backfills(self._api, since)
        ]
