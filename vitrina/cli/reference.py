"""``vitrina categories``, ``templates`` and ``vectors``: the shop's reference data (CAT-13)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.config import get_settings
from vitrina.errors import PermanentError

categories_app = typer.Typer(no_args_is_help=True, help="The category tree and its classifier.")
templates_app = typer.Typer(no_args_is_help=True, help="Description templates.")
vectors_app = typer.Typer(no_args_is_help=True, help="Vector collections.")
File = Annotated[Path, typer.Argument(help="A YAML file.", exists=True, dir_okay=False)]


@categories_app.command("sync")
def sync_categories(file: File, as_json: AsJson = False) -> None:
    """Check a category tree, bring the tables to it, and keep the file where the platform reads it."""
    connected()
    from vitrina.categories.services import TREE_KEY, sync_tree
    from vitrina.categories.tree_file import read_tree
    from vitrina.objects import open_store

    result = sync_tree(read_tree(file))
    open_store(get_settings()).put(TREE_KEY, file.read_bytes())
    data = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "deactivated", "labels")}
    emit(data, as_json, lambda: facts("Categories", data))


@categories_app.command("evaluate")
def evaluate_categories(
    train: Annotated[Path, typer.Option(help="Labelled titles to train on (CSV, may be .gz).", exists=True)],
    test: Annotated[Path, typer.Option(help="Labelled titles to measure on.", exists=True)],
    title: Annotated[str, typer.Option(help="Column of the title.")] = "title",
    label: Annotated[str, typer.Option(help="Column of the category.")] = "category_slug",
    plot: Annotated[Path, typer.Option(help="Where the picture goes.", dir_okay=False)] = Path(
        "category-evaluation.png"
    ),
    as_json: AsJson = False,
) -> None:
    """Accuracy, macro-F1, calibration, and the automatic part at the threshold fitted inside training."""
    from vitrina.categories.evaluate import evaluate
    from vitrina.categories.labels import read_labelled
    from vitrina.categories.plots import plot as draw

    if not plot.parent.is_dir():  # said before the minutes of training
        raise PermanentError(f"There is no folder {plot.parent} for the picture.", hint="Name another with --plot.")
    result = evaluate(read_labelled(train, title, label), read_labelled(test, title, label))
    plot.write_bytes(draw(result))
    data = result.as_dict() | {"plot": str(plot)}

    def human() -> None:
        facts("Evaluation", {k: v for k, v in data.items() if not isinstance(v, list | tuple | dict)})
        intervals = {k: v for k, v in data.items() if k.endswith("interval") and v}
        facts("Intervals (95 %)", intervals)
        say(f"The picture is {plot}")

    emit(data, as_json, human)


@templates_app.command("import")
def import_templates(file: File, as_json: AsJson = False) -> None:
    """Check description templates, bring the table to them, and keep the file where the platform reads it."""
    connected()
    from vitrina.content.templates import TEMPLATES_KEY, read_templates, sync_templates
    from vitrina.objects import open_store

    result = sync_templates(read_templates(file.read_bytes()))
    open_store(get_settings()).put(TEMPLATES_KEY, file.read_bytes())
    data = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "deactivated")}
    emit(data, as_json, lambda: facts("Templates", data))


@vectors_app.command("init")
def init_vectors(as_json: AsJson = False) -> None:
    """Create the collections `categories`, `description_templates` and `product_vectors`, with what there is."""
    connected()
    from vitrina.vectors.services import opened_index
    from vitrina.vectors.sources import SOURCES, refresh

    settings = get_settings()
    with opened_index(settings) as index:
        rows = [refresh(alias, index, settings) for alias in SOURCES]
    data = {"collections": [{"physical": row.physical, "vectors": row.total} for row in rows]}
    emit(
        data, as_json, lambda: show_table("Collections", ["physical", "vectors"], [(r.physical, r.total) for r in rows])
    )


@vectors_app.command("rebuild")
def rebuild_vectors(
    alias: Annotated[str | None, typer.Argument(help="One collection; all by default.")] = None,
    refit: Annotated[
        bool, typer.Option("--refit", help="First fit the embedder on today's catalogue and embed everything with it.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Then drop the collections of former embedders.")] = False,
    as_json: AsJson = False,
) -> None:
    """Load the index again from the vectors in the database; searches read the former load meanwhile."""
    connected()
    from vitrina.vectors import pointers, sources
    from vitrina.vectors.models import VectorCollection
    from vitrina.vectors.services import opened_index

    if refit and alias is not None:
        raise typer.BadParameter("All collections go over to a new fit: leave the collection's name out.")
    settings = get_settings()
    with opened_index(settings) as index:
        if refit:
            counts = {row.physical: row.total for row in sources.refit(index, settings)}
        else:
            active = VectorCollection.objects.filter(is_active=True).values_list("alias", flat=True)
            counts = {name: pointers.rebuild_collection(name, index) for name in ([alias] if alias else sorted(active))}
        dropped = pointers.prune(index) if prune else []
    data: dict[str, object] = {"collections": counts, "dropped": dropped}

    def human() -> None:
        facts("Vectors in the index", counts)
        for name in dropped:
            say(f"dropped {name}")

    emit(data, as_json, human)
