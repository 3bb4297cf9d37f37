"""``vitrina drop``: look at files before they are taken in, hand them in, see what became of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.config import get_settings
from vitrina.errors import PermanentError

app = typer.Typer(no_args_is_help=True, help="Files that parsers leave.")
Files = Annotated[list[Path], typer.Argument(help="Files, or one folder.", exists=True, readable=True)]
SourceName = Annotated[str, typer.Option("--source", help="Parser, shop or supplier: the folder below drops/.")]


@app.command()
def check(
    files: Files,
    source: Annotated[str, typer.Option("--source", help="Source whose source.yaml is used.")] = "default",
    config: Annotated[
        Path | None, typer.Option("--config", help="A source.yaml to try.", exists=True, dir_okay=False)
    ] = None,
    as_json: AsJson = False,
) -> None:
    """What an import would see: format, columns, rows, quarantine, first products. No database, no change."""
    from vitrina.feeds import source_config
    from vitrina.feeds.preview import check_files

    known = get_settings().objects_folder / "drops" / source / "source.yaml"
    report = check_files(files, source_config.load(config or known, source))

    def human() -> None:
        facts(
            ", ".join(report["files"])[:200],
            {name: report[name] for name in ("format", "encoding", "rows", "accepted", "quarantined", "merged")}
            | {"reasons": report["reasons"] or None, "notes": "\n".join(report["notes"]) or None},
        )
        show_table(
            "Columns", ["in the file", "taken as"], [(k, v or "attribute") for k, v in report["columns"].items()]
        )
        rows = [
            (p["external_id"], p["title"], p["brand"], p["price"], p["currency"], p["price_note"])
            for p in report["products"]
        ]
        show_table("First products", ["id", "title", "brand", "price", "currency", "note"], rows)
        quarantine = [(q["number"], q["reason"], q["message"]) for q in report.get("quarantine", ())]
        if quarantine:
            show_table("First quarantined rows", ["row", "reason", "message"], quarantine)

    emit(report, as_json, human)


@app.command()
def add(
    files: Files,
    source: SourceName,
    name: Annotated[str | None, typer.Option(help="Name of the drop where several files make one.")] = None,
    as_json: AsJson = False,
) -> None:
    """Leave files where the sensor looks. Several files, or a folder, become one drop."""
    from vitrina.catalog.handing_in import hand_in
    from vitrina.objects import open_store

    settings = get_settings()
    key = hand_in(open_store(settings), files, source=source, name=name)
    from vitrina.servers.launch import running_api

    running = running_api(settings.vitrina_home) is not None
    hint = (
        "The sensor takes it within seconds." if running else "Start the platform with `make up`: its sensor takes it."
    )
    emit({"placed": key, "running": running}, as_json, lambda: say(f"Placed {key}. {hint}"))


@app.command("list")
def list_drops(
    source: Annotated[str | None, typer.Option(help="Only this source.")] = None,
    limit: Annotated[int, typer.Option(help="Most drops shown, newest first.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Known drops with their counts."""
    connected()
    from vitrina.catalog.models import Drop

    drops = Drop.objects.order_by("-id")
    if source:
        drops = drops.filter(source__slug=source)
    fields = ("key", "state", "format", "rows", "accepted", "quarantined", "merged", "gate", "message")
    rows: list[dict[str, Any]] = list(drops.values(*fields)[:limit])
    emit(
        {"drops": rows},
        as_json,
        lambda: show_table("Drops", fields, [tuple(row[name] for name in fields) for row in rows]),
    )


@app.command()
def show(key: Annotated[str, typer.Argument(help="Key of the drop.")], as_json: AsJson = False) -> None:
    """Everything that is known of a drop, with its quarantine."""
    connected()
    from vitrina.catalog.registry import get_drop

    drop = get_drop(key)
    names = ("key", "path", "state", "message", "format", "encoding", "size", "modified_at", "seen_at", "parsed_at",
             "rows", "accepted", "quarantined", "merged", "new_products", "changed_products", "unchanged_products",
             "stale_products", "delisted_products", "gate", "seconds", "run_id")  # fmt: skip
    data: dict[str, Any] = {name: getattr(drop, name) for name in names}
    data |= {"reasons": drop.reasons, "columns": drop.columns, "notes": drop.notes, "gate_reasons": drop.gate_reasons}
    quarantine = list(drop.quarantine.order_by("ordinal").values("file", "number", "reason", "message", "raw")[:20])
    data["quarantine"] = quarantine

    def human() -> None:
        facts(drop.key, {name: data[name] for name in names} | {"notes": "\n".join(drop.notes)})
        show_table("Columns", ["in the file", "taken as"], [(k, v or "attribute") for k, v in drop.columns.items()])
        show_table(
            "Quarantine",
            ["file", "row", "reason", "message", "raw"],
            [(q["file"], q["number"], q["reason"], q["message"], q["raw"][:120]) for q in quarantine],
        )

    emit(data, as_json, human)


@app.command()
def retry(key: Annotated[str, typer.Argument(help="Key of the drop.")], as_json: AsJson = False) -> None:
    """Read a drop again, for example after its source.yaml was mended. Needs the running platform."""
    connected()
    from vitrina.catalog.registry import get_drop
    from vitrina.servers.launch import launch, running_api

    settings = get_settings()
    drop = get_drop(key)
    api = running_api(settings.vitrina_home)
    if api is None:
        raise PermanentError("Reading a drop again needs the running platform.", hint="Start it with `make up`.")
    run = launch(api, "intake", partition=drop.key)
    emit({"run": run, "drop": drop.key}, as_json, lambda: say(f"Run {run}: {api.address}/runs/{run}"))
