"""``vitrina llm probe``, ``status``, ``stop`` and ``resume``: endpoints, and the hand on the switch.

Belongs here: options and tables. Stays out: what they show and set (``vitrina.llm.survey``, ``vitrina.llm.board``,
``vitrina.llm.overview``).
"""

from __future__ import annotations

import getpass
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli.llm_ledger import ledger_dsn
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.config import get_settings
from vitrina.errors import PermanentError, VitrinaError

if TYPE_CHECKING:
    from vitrina.llm.capabilities import Known

Scope = Annotated[
    str, typer.Argument(help="run:ID, purpose:NAME, model:NAME or endpoint:ADDRESS; everything when left out.")
]


def probe(
    url: Annotated[str | None, typer.Argument(help="OpenAI-compatible address, by default OPENAI_BASE_URL.")] = None,
    model: Annotated[
        str | None, typer.Option(help="By default AI_MODEL at its own address, else the first listed.")
    ] = None,
    embedding_model: Annotated[str | None, typer.Option(help="Asked for a vector too (AI_EMBEDDING_MODEL).")] = None,
    timeout: Annotated[float, typer.Option(min=1, max=3600, help="Seconds that one question may take.")] = 30.0,
    as_json: AsJson = False,
) -> None:
    """Ask an endpoint what it can do, in about a dozen small calls. The key comes from OPENAI_API_KEY.

    The way of asking for JSON by schema is remembered for the gateway, where there is a ledger, for a week.
    """
    from vitrina.llm.survey import known
    from vitrina.llm.survey import probe as survey
    from vitrina.llm.wiring import gateway_config

    settings = get_settings()
    address = url or settings.openai_base_url
    if not address:
        raise PermanentError("There is no address to ask.", hint="Give one, or set OPENAI_BASE_URL.")
    own = settings.openai_base_url is not None and address.rstrip("/") == settings.openai_base_url.rstrip("/")
    changes: dict[str, Any] = {
        "openai_base_url": address,
        "ai_model": model or (settings.ai_model if own else ""),
        "ai_embedding_model": embedding_model or (settings.ai_embedding_model if own else None),
        "ai_mode": "online",
        "ai_timeout_seconds": timeout,
    }
    if not own:
        changes["ai_dialect"] = "auto"
    config = gateway_config(settings.model_copy(update=changes))
    sys.stderr.write(f"asking {config.endpoint}; a question may take {timeout:g} s (--timeout)\n")
    found = survey(config)
    remembered = (new := known(found)) is not None and _remembered(found.endpoint, found.model, new)
    data = found.as_dict() | {"remembered": remembered}

    def human() -> None:
        words = {None: "not found out", True: "yes", False: "no"}
        rows = {
            "model": found.model,
            "dialect": found.dialect,
            "JSON by schema": found.rung or (words[None] if found.error else "by no way"),
        }
        rows |= {f"… {way}": told for way, told in found.rungs.items()}
        rows |= {name: words[getattr(found, name)] for name in ("tools", "vision", "streaming", "usage")}
        if found.sees is not None:
            rows["names a colour in a picture"] = words[found.sees]
        size = found.embedding_size
        rows["vectors"] = f"{size} numbers" if size else (words[None] if size is None else "refused")
        rows["context"] = f"{found.context_tokens} tokens" if found.context_tokens else words[None]
        rows["a small answer takes"] = f"{found.latency_ms} ms" if found.latency_ms is not None else words[None]
        if found.quirks:
            rows["fields that it refuses"] = ", ".join(found.quirks)
        if found.models:
            more = f" … {len(found.models)} in all" if len(found.models) > 8 else ""
            rows["models"] = ", ".join(found.models[:8]) + more
        if found.rung is not None:
            rows["remembered for the gateway"] = words[remembered]
        facts(found.endpoint, rows)
        if found.error:
            say(found.error)

    emit(data, as_json, human)
    if found.error:
        raise typer.Exit(1)


def _remembered(endpoint: str, model: str, new: Known) -> bool:
    """Whether the gateway's next run will know it; a probe needs no database and makes none."""
    from vitrina.llm.capabilities import PostgresCapabilities

    try:
        with ledger_dsn() as dsn:
            PostgresCapabilities(dsn).save(endpoint, model, new)
    except VitrinaError:
        return False
    return True


def status(as_json: AsJson = False) -> None:
    """Show breakers, stops, budgets, batches under way, and who holds places among the calls in flight."""
    from vitrina.llm.board import breaker_states, stops
    from vitrina.llm.overview import open_batches, shared_budgets, slot_states

    settings = get_settings()
    with ledger_dsn() as dsn:
        breakers, stopped = [asdict(one) for one in breaker_states(dsn)], [asdict(one) for one in stops(dsn)]
        budgets, slots, batches = shared_budgets(dsn), slot_states(dsn), open_batches(dsn)
    held = {name: sum(row["held"] for row in rows) for name, rows in slots.items()}
    data = {
        "endpoint": settings.openai_base_url or "embedded", "model": settings.ai_model, "breakers": breakers,
        "stops": stopped, "budgets": budgets, "batches": batches, "slots": slots, "slots_held": held,
        "slots_llm_limit": settings.ai_concurrency,
    }  # fmt: skip

    def human() -> None:
        facts("Language models", {"endpoint": data["endpoint"], "model": data["model"],
                                  "calls in flight": f"{held['llm']} of {settings.ai_concurrency}"})  # fmt: skip
        show_table(
            "Breakers", ["endpoint", "model", "state", "why", "next probe"],
            [(b["endpoint"], b["model"], b["state"], b["reason"], f"{b['probe_in_s']:.0f} s" if b["probe_in_s"] else "")
             for b in breakers],
        )  # fmt: skip
        show_table(
            "Stops", ["what", "why", "by", "since"],
            [(s["scope"] or "everything", s["reason"], s["stopped_by"], f"{s['stopped_at']:%Y-%m-%d %H:%M}")
             for s in stopped],
        )  # fmt: skip
        show_table(
            "Budgets", ["name", "limit USD", "used", "reserved"],
            [(b["name"], b["limit_usd"], b["used_usd"], b["reserved_usd"]) for b in budgets],
        )  # fmt: skip
        show_table(
            "Batches under way", ["batch", "model", "questions that wait", "status", "since"],
            [(b["remote_id"] or "being sent", b["model"], b["waiting"], b["remote_status"],
              f"{b['created_at']:%Y-%m-%d %H:%M}") for b in batches],
        )  # fmt: skip
        working = [(name, row["host"], row["pid"], row["held"]) for name, rows in slots.items() for row in rows]
        show_table("Processes", ["places", "host", "pid", "held"], [row for row in working if row[3]])

    emit(data, as_json, human)


def stop(
    scope: Scope = "",
    reason: Annotated[str, typer.Option(help="Told to whoever meets the stop.")] = "",
    as_json: AsJson = False,
) -> None:
    """Have all processes send nothing more within a second; what is on the wire ends, the rest waits for `resume`."""
    from vitrina.llm import board

    with ledger_dsn() as dsn:
        try:
            board.stop(dsn, scope, reason=reason, by=_who())
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="SCOPE") from error
    what = scope or "everything"
    told = (
        f"stopped: {what}. Requests that were not sent end as 'stopped'; `vitrina llm resume` lets later runs send them"
    )
    emit({"stopped": scope}, as_json, lambda: say(told))


def resume(scope: Scope = "", as_json: AsJson = False) -> None:
    """Take a stop back."""
    from vitrina.llm import board

    with ledger_dsn() as dsn:
        there = board.resume(dsn, scope)
    told = f"{scope or 'everything'} may be sent again" if there else f"there was no stop of {scope or 'everything'}"
    emit({"resumed": there}, as_json, lambda: say(told))
    if not there:
        raise typer.Exit(1)


def _who() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())
