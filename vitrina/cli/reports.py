"""``vitrina status``, ``export`` and ``quality``: where things stand."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.config import get_settings

quality_app = typer.Typer(no_args_is_help=True, help="Quality of texts (CAT-13).")


def status(as_json: AsJson = False) -> None:
    """Counts over the whole catalogue, what waits for people, what models cost, whether the platform runs."""
    connected()
    from vitrina.catalog.overview import overview
    from vitrina.servers.state import running_stack

    settings = get_settings()
    state = running_stack(settings.vitrina_home)
    data: dict[str, Any] = {"running": state.address if state is not None else None, **overview()}
    emit(data, as_json, lambda: facts("Vitrina", {k: v for k, v in data.items() if v is not None}))


def export(as_json: AsJson = False) -> None:
    """Write the storefront export now."""
    connected()
    from vitrina.objects import open_store
    from vitrina.storefront.export import export_storefront

    settings = get_settings()
    result = export_storefront(open_store(settings), settings)
    data = {
        "products": result.products,
        "changed": result.changed,
        "place": result.place,
        "files": [file.key for file in result.files],
        "left_out": result.left_out,
    }
    note = "" if result.changed else " (nothing changed)"
    emit(data, as_json, lambda: say(f"{result.products} products in {result.place}{note}"))


@quality_app.command("benchmark")
def quality_benchmark(
    file: Annotated[
        Path | None,
        typer.Option(help="JSON Lines of {description, facts} instead of the catalogue.", exists=True, dir_okay=False),
    ] = None,
    rows: Annotated[bool, typer.Option(help="Include a row for each text in --json.")] = False,
    as_json: AsJson = False,
) -> None:
    """Contract, grounding, readability and repetition over the newest texts of the catalogue, or over a file."""
    from vitrina.content.quality import benchmark
    from vitrina.content.quality_items import catalogue_items, file_items

    if file is None:
        connected()
        items = catalogue_items()
    else:
        items = file_items(file)
    report = benchmark(items)
    data = report.as_dict(rows=rows)

    def human() -> None:
        facts("Quality", {k: round(v, 3) if isinstance(v, float) else v for k, v in data.items()
                          if not isinstance(v, dict | list | tuple)})  # fmt: skip
        show_table("Violations", ["rule", "texts"], list(report.violations.items()))
        show_table("Most repeated phrases", ["phrase", "texts"], list(report.repeated[:10]))

    emit(data, as_json, human)
