"""``vitrina preferences``: files of preferences in, datasets looked at and compared."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, facts, say, show_table
from vitrina.config import get_settings
from vitrina.errors import PermanentError
from vitrina.preferences.dataset.rows import SIDES

if TYPE_CHECKING:
    from vitrina.preferences.models import DatasetVersion

app = typer.Typer(no_args_is_help=True, help="Preferences of people, and datasets of them.")
Which = Annotated[str, typer.Argument(help="A version, the first digits of one, its number, or 'newest'.")]


@app.command("import")
def import_preferences(
    file: Annotated[
        Path,
        typer.Argument(help="JSON Lines, a JSON array, CSV or TSV, may be .gz; Parquet.", exists=True, dir_okay=False),
    ],
    format: Annotated[str | None, typer.Option("--format", help="Recognised when not given.")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the source in datasets; that of the file.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the file.")] = "",
    as_json: AsJson = False,
) -> None:
    """Bring in a file of outside preferences; what cannot be used is kept with its reason."""
    connected()
    from vitrina.preferences.importing import import_file

    result = import_file(file, format=format, name=name, licence=licence)
    data = {name: getattr(result, name) for name in ("name", "format", "rows", "added", "changed", "unchanged",
                                                     "removed")}  # fmt: skip
    data |= {"outcomes": dict(result.outcomes), "set_aside": dict(result.set_aside)}

    def human() -> None:
        facts("Import", {key: value for key, value in data.items() if not isinstance(value, dict)})
        facts("What people said", data["outcomes"])
        show_table("Set aside", ["reason", "rows"], sorted(data["set_aside"].items()))
        if result.removed or result.changed:
            say(
                f"An earlier file had the name {result.name}: {result.removed} of its rows are gone and "
                f"{result.changed} are changed. To have both, import that one again under another --name."
            )

    emit(data, as_json, human)


@app.command("datasets")
def datasets(as_json: AsJson = False) -> None:
    """Every version of the preference dataset, the newest first."""
    connected()
    from vitrina.preferences.models import DatasetVersion

    versions = DatasetVersion.objects.order_by("-last_made_at", "-number")
    data = {"datasets": [_summary(version) for version in versions]}
    header = ["number", "version", "train", "validation", "test", "ties", "set aside", "validated", "made"]
    rows = [
        (one["number"], one["version"], *one["pairs"].values(), one["ties"], one["set_aside"], one["validated"],
         one["created_at"][:16])
        for one in data["datasets"]
    ]  # fmt: skip
    emit(data, as_json, lambda: show_table("Datasets", header, rows))


@app.command("show")
def show(version: Which = "newest", as_json: AsJson = False) -> None:
    """What a version holds: counts, agreement, what was set aside and what is missing."""
    connected()
    found = _find(version)
    data = {**_summary(found), "counts": found.counts, "report": found.report, "files": found.files,
            "place": found.prefix, "pushed": found.pushed}  # fmt: skip

    def human() -> None:
        facts(f"Dataset {found.number}", {key: value for key, value in _summary(found).items() if key != "pairs"})
        facts("Pairs", _summary(found)["pairs"])
        facts("Figures", {name: _words(value) for name, value in found.report["figures"].items()})
        show_table("Set aside", ["reason", "rows"], sorted(found.counts["set_aside"].items()))
        for sentence in found.report["missing"]:
            say(sentence)
        say(f"Its files lie below {found.prefix}")

    emit(data, as_json, human)


@app.command("diff")
def diff(old: Which, new: Which = "newest", as_json: AsJson = False) -> None:
    """What changed from one version to another: added, removed, turned, re-voted pairs."""
    connected()
    from vitrina.objects import open_store
    from vitrina.preferences.dataset.differences import difference
    from vitrina.preferences.dataset.versions import read_all

    store = open_store(get_settings())
    first, second = _find(old), _find(new)
    found = difference(read_all(store, first), read_all(store, second))
    data = {"old": first.version, "new": second.version, **found.as_dict()}

    def human() -> None:
        title = f"From {first.number} ({first.version}) to {second.number} ({second.version})"
        lists = ("turned", "rewritten", "revoted", "moved", "side_changes")
        facts(title, {name.replace("_", " "): data[name]["count"] for name in lists})
        show_table("Added", ["file", "rows"], sorted(found.added.items()))
        show_table("Removed", ["file", "rows"], sorted(found.removed.items()))

    emit(data, as_json, human)


@app.command("push")
def push(as_json: AsJson = False) -> None:
    """Leave the Hub on the newest validated version, where a push failed or a repository was named since."""
    connected()
    from vitrina.objects import open_store
    from vitrina.preferences.dataset import hub
    from vitrina.preferences.dataset.versions import newest

    settings = get_settings()
    if (version := newest(validated=True)) is None:
        raise PermanentError("There is no validated dataset yet.", hint="Run the job `make_preference_dataset`.")
    done = hub.push(version, open_store(settings), settings)
    data = {"version": version.version, "repo": done.repo, "revision": done.revision, "pushed": done.pushed}
    emit(data, as_json, lambda: say(f"Dataset {version.number} on the Hub: {done}"))


def _find(name: str) -> DatasetVersion:
    from vitrina.preferences.dataset.versions import newest
    from vitrina.preferences.models import DatasetVersion

    hint = "`vitrina preferences datasets` lists them."
    if name == "newest":
        found = newest()
        if found is None:
            raise PermanentError("There is no dataset yet.", hint="Run the job `make_preference_dataset`.")
        return found
    versions = DatasetVersion.objects.filter(version__startswith=name) if len(name) >= 4 else None
    candidates = list(versions[:2]) if versions is not None else []
    if not candidates and name.isdigit():
        candidates = list(DatasetVersion.objects.filter(number=int(name)))
    if len(candidates) != 1:
        said = "There are several versions" if candidates else "There is no version"
        raise PermanentError(f"{said} {name}.", hint=hint)
    return candidates[0]


def _summary(version: DatasetVersion) -> dict[str, Any]:
    counts = version.counts
    return {
        "number": version.number,
        "version": version.version,
        # A JSON column keeps no order of its keys.
        "pairs": {side: counts["pairs"][side] for side in SIDES},
        "ties": sum(counts["ties"].values()),
        "set_aside": sum(counts["set_aside"].values()),
        "validated": version.validated,
        "created_at": version.created_at.isoformat(),
    }


def _words(figure: dict[str, Any]) -> str:
    if "undefined" in figure:
        return f"{figure['undefined']} (n = {figure['n']})"
    return f"{figure['estimate']:.3f} [{figure['low']:.3f}, {figure['high']:.3f}], n = {figure['n']}"
