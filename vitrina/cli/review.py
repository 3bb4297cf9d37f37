"""``vitrina review``: what waits for people, decided from the command line."""

from __future__ import annotations

import getpass
from enum import StrEnum
from typing import Annotated, Any

import typer

from vitrina.cli.database import connected
from vitrina.cli.output import AsJson, emit, say, show_table
from vitrina.config import get_settings

app = typer.Typer(no_args_is_help=True, help="What waits for people.")
Items = Annotated[list[int], typer.Argument(help="Numbers of review items.")]
By = Annotated[str | None, typer.Option("--by", help="Who decides; your login name by default.")]


class Kind(StrEnum):
    """What waits."""

    TEXT = "text"
    PRICE = "price"
    LIST = "list"


@app.command("list")
def list_items(
    kind: Annotated[Kind | None, typer.Option(help="Only these.", case_sensitive=False)] = None,
    priority: Annotated[int | None, typer.Option(help="1, 2 or 3.", min=1, max=3)] = None,
    limit: Annotated[int, typer.Option(help="Most items shown.", min=1)] = 50,
    as_json: AsJson = False,
) -> None:
    """Open items, the most urgent first."""
    connected()
    from vitrina.review.services import open_items

    items = open_items(kind=kind and str(kind), priority=priority)
    rows: list[dict[str, Any]] = [
        {
            "id": item.pk,
            "kind": item.kind,
            "priority": item.priority,
            "about": item.product.title if item.product else item.key,
            "reasons": item.reasons,
            "created_at": item.created_at,
        }
        for item in items[:limit]
    ]
    data = {"open": items.count(), "items": rows}

    def human() -> None:
        table = [(r["id"], r["priority"], r["kind"], r["about"][:60], _why(r["reasons"])) for r in rows]
        show_table(f"{data['open']} open", ["id", "priority", "kind", "about", "why"], table)

    emit(data, as_json, human)


def _why(reasons: list[dict[str, Any]]) -> str:
    return "; ".join(
        f"{reason.get('message_en') or reason.get('message')} ({', '.join(map(str, reason.get('details', [])[:2]))})"
        for reason in reasons
    )[:300]


@app.command()
def show(item: Annotated[int, typer.Argument(help="Number of the item.")], as_json: AsJson = False) -> None:
    """One item with its text."""
    connected()
    from vitrina.content.html import to_text
    from vitrina.review.models import ReviewItem
    from vitrina.review.services import NotDecidable

    found = ReviewItem.objects.select_related("product", "version").filter(pk=item).first()
    if found is None:
        raise NotDecidable(f"There is no review item {item}.", hint="`vitrina review list` shows the open ones.")
    version = found.version
    data = {
        "id": found.pk,
        "kind": found.kind,
        "state": found.state,
        "reasons": found.reasons,
        "details": {k: v for k, v in found.details.items() if k != "products"},
        "title": version.title if version else None,
        "text": to_text(version.body) if version else None,
        "grounding": version.grounding if version else None,
    }

    def human() -> None:
        say(f"{found.kind} {found.state}, priority {found.priority}: {_why(found.reasons)}")
        if version is not None:
            say(f"\n{version.title}\n\n{data['text']}")

    emit(data, as_json, human)


@app.command()
def approve(
    items: Items,
    category: Annotated[str | None, typer.Option(help="Correct the category: a slug.")] = None,
    comment: Annotated[str, typer.Option(help="Kept with the decision.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Apply what the items propose: publish the text, take the price, believe the list."""
    _each(items, "approve", as_json, by=by or getpass.getuser(), comment=comment, category=category)


@app.command()
def reject(
    items: Items,
    comment: Annotated[str, typer.Option(help="Why; kept with the decision.")],
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Refuse what the items propose."""
    _each(items, "reject", as_json, by=by or getpass.getuser(), comment=comment)


@app.command()
def reprocess(
    items: Items,
    comment: Annotated[str, typer.Option(help="What should be better.")] = "",
    by: By = None,
    as_json: AsJson = False,
) -> None:
    """Have texts written again."""
    _each(items, "reprocess", as_json, by=by or getpass.getuser(), comment=comment)


def _each(items: list[int], action: str, as_json: bool, **arguments: Any) -> None:
    connected()
    from vitrina.errors import VitrinaError
    from vitrina.review import services
    from vitrina.servers.launch import running_api

    done, failed = [], {}
    for item in items:
        try:
            getattr(services, action)(item, **arguments)
            done.append(item)
        except VitrinaError as error:
            failed[item] = str(error)
    running = running_api(get_settings().vitrina_home) is not None
    data = {"action": action, "done": done, "failed": {str(k): v for k, v in failed.items()}, "running": running}

    def human() -> None:
        for item, message in failed.items():
            say(f"{item}: {message}")
        if done:
            rest = (
                "The platform acts on it within seconds."
                if running
                else "It takes effect when the platform runs (`make up`)."
            )
            say(f"{action}: {', '.join(map(str, done))}. {rest}")

    emit(data, as_json, human)
    if failed:
        raise typer.Exit(1)
