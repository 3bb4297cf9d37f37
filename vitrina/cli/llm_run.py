"""``vitrina llm run`` and ``replay``: a file of questions through the gateway (docs/llm-files.md).

Belongs here: their options. Stays out: what they do (``vitrina.cli.llm_file``, imported when one of them runs: the
gateway takes 0.3 s to import, which every other command would pay).
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli.output import AsJson
from vitrina.config import Settings, get_settings

Requests = Annotated[Path, typer.Argument(help="JSON Lines of requests, may be .gz; - is standard input.")]
Out = Annotated[Path, typer.Option("--out", help="JSON Lines of answers; gone on with when it is there. - prints.")]
SchemaFile = Annotated[
    Path | None, typer.Option("--schema", help="JSON Schema of the answers, for lines without one of their own.")
]
Update = Annotated[
    bool, typer.Option("--update", help="Drop answers to questions that are gone or changed, instead of refusing them.")
]


def run(
    requests: Requests,
    out: Out,
    schema: SchemaFile = None,
    concurrency: Annotated[int | None, typer.Option(min=1, max=10_000, help="Calls at once (AI_CONCURRENCY).")] = None,
    base_url: Annotated[str | None, typer.Option(help="OpenAI-compatible endpoint (OPENAI_BASE_URL).")] = None,
    model: Annotated[str | None, typer.Option(help="For lines that name none (AI_MODEL).")] = None,
    budget: Annotated[str | None, typer.Option(help="Most this file may cost in USD, restarts included.")] = None,
    purpose: Annotated[str, typer.Option(help="What the ledger sums the costs under.")] = "file",
    again: Annotated[
        str, typer.Option(help="Ask these failures again too: refusal, filtered, truncated, invalid (commas between).")
    ] = "",
    update: Update = False,
    batch: Annotated[
        bool, typer.Option("--batch", help="Through the provider's batch files: half the price, within a day.")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="Only check the files; nothing is asked.")] = False,
    predict: Annotated[
        bool, typer.Option("--predict", help="Only tell what the file will cost; nothing is asked.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask every line of a file, each exactly once, and go on where it ended when it is started again.

    A line is an object with id, prompt or messages, and optionally model, temperature, max_tokens, schema.
    The API key comes from OPENAI_API_KEY alone. Exit code 0: all answered; 1: some failed or are left; 2: bad input.
    """
    changes = {
        "ai_concurrency": concurrency,
        "openai_base_url": base_url,
        "ai_model": model,
        "ai_mode": "batch" if batch else None,
    }
    settings = _settings(changes, budget)
    from vitrina.cli.llm_file import failure_classes, perform

    classes = failure_classes(again)
    perform(
        requests, out, schema, settings, purpose=purpose, again=classes, update=update, check=check, predict=predict,
        as_json=as_json,
    )  # fmt: skip


def replay(
    requests: Requests,
    out: Out,
    schema: SchemaFile = None,
    base_url: Annotated[str | None, typer.Option(help="The endpoint that answered once.")] = None,
    model: Annotated[str | None, typer.Option(help="For lines that name none (AI_MODEL).")] = None,
    update: Update = False,
    as_json: AsJson = False,
) -> None:
    """Answer a file from the ledger alone: nothing is sent, what the ledger does not hold fails (audits, tests)."""
    from vitrina.cli.llm_file import perform

    settings = _settings({"openai_base_url": base_url, "ai_model": model, "ai_mode": "replay"}, None)
    perform(requests, out, schema, settings, purpose="file", again=frozenset(), update=update, check=False,
            as_json=as_json)  # fmt: skip


def _settings(changes: dict[str, Any], budget: str | None) -> Settings:
    settings = get_settings()
    changes = {name: value for name, value in changes.items() if value is not None}
    if budget is not None:
        try:
            changes["ai_run_budget_usd"] = Decimal(budget)
        except InvalidOperation as error:
            raise typer.BadParameter("an amount in USD is wanted, such as 2.50", param_hint="--budget") from error
        if not changes["ai_run_budget_usd"].is_finite() or changes["ai_run_budget_usd"] < 0:
            raise typer.BadParameter("an amount in USD from 0 upwards is wanted", param_hint="--budget")
    return settings.model_copy(update=changes)
