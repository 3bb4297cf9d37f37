"""What a person sees of the demo: progress while it runs, and its end.

What belongs here: words, tables and the object of ``--json``. What stays out: the course of the demo.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.table import Table

from vitrina.cli.demo_report import Figures
from vitrina.config import Settings
from vitrina.servers.idle import Verdict

SILENCE = 10.0  # seconds
MANY = 3
"""So many assets of one schema, made between two looks, share a line."""


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


class Teller:
    """Progress: one line for each thing that happens, and a moving last line where there is a terminal."""

    def __init__(self, console: Console, began: float) -> None:
        self._console, self._began, self._said = console, began, began
        self._status = console.status("starting") if console.is_terminal else None
        if self._status is not None:
            self._status.start()

    def __call__(self, text: str) -> None:
        self._said = time.time()
        self._console.print(f"[{self._said - self._began:4.0f} s] {text}", markup=False, soft_wrap=True)

    def now(self, text: str) -> None:
        """What is being done at this moment: the moving line, or without a terminal a line after some silence."""
        if self._status is not None:
            self._status.update(text)
        elif time.time() - self._said > SILENCE:
            self(text)

    def quiet(self) -> None:
        """End the moving line."""
        if self._status is not None:
            self._status.stop()


def made_lines(former: Mapping[str, float | None], now: Mapping[str, float | None]) -> list[str]:
    """A line for each asset that was made between two looks; a schema of dbt in one."""
    groups = defaultdict(list)
    for key, made in now.items():
        if made is not None and made > (former.get(key) or 0.0):
            groups[key.rpartition("/")[0]].append(key)
    lines = []
    for schema, keys in groups.items():
        together = bool(schema) and len(keys) >= MANY
        lines += [f"✓ {schema} ({len(keys)} tables)"] if together else [f"✓ {key}" for key in keys]
    return lines


def counts(now: Figures) -> str:
    """The figures that move, in a line."""
    return (
        f"{now.products} products · {now.descriptions} descriptions · {now.in_moderation} in moderation · "
        f"{now.published} published"
    )


def outcome_object(outcome: Outcome) -> dict[str, Any]:
    """The object of ``--json``."""
    return {
        **outcome.figures.as_dict(),
        "finished": outcome.verdict is Verdict.FINISHED,
        "changed": outcome.changed,
        "seconds": round(outcome.seconds, 1),
        "failures": outcome.failures,
        "behind": list(outcome.behind),
        "export": outcome.export,
    }


def print_summary(console: Console, settings: Settings, outcome: Outcome, *, kept_running: bool) -> None:
    """Figures, failures, and what to do next."""
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
        console.print(
            f"Next: [bold]make up[/bold], then look at the assets at http://127.0.0.1:{settings.vitrina_port}"
        )
    console.print(
        "Your own file: [bold].venv/bin/vitrina drop check FILE[/bold], then [bold]… drop add FILE --source NAME[/]",
        soft_wrap=True,
    )
