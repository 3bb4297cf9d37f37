"""``vitrina desk``: tools for who builds or checks the desk's pages."""

from __future__ import annotations

import json
from fnmatch import fnmatch
from pathlib import Path
from typing import Annotated

import typer

from vitrina.cli.output import AsJson, emit, say, show_table
from vitrina.config import get_settings

app = typer.Typer(no_args_is_help=True, help="The desk's pages.")


@app.callback()
def desk() -> None:
    """The desk's pages."""


@app.command()
def screenshots(
    out: Annotated[
        Path | None, typer.Option(help="Folder of the pictures; screenshots in VITRINA_HOME by default.")
    ] = None,
    only: Annotated[
        str, typer.Option(help="Names of pages, as in the table of addresses; * stands for anything.")
    ] = "*",
    as_json: AsJson = False,
) -> None:
    """Take pictures of each page in both themes and languages, wide and narrow, and have axe look at them.

    Pages are served from a scratch database with planted data. Ends with 1 where something is wrong with a page.
    """
    folder = (out or get_settings().vitrina_home / "screenshots").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    from vitrina.screenshots.pages import pages
    from vitrina.screenshots.scratch import scratch
    from vitrina.screenshots.taking import chromium, chromium_path, cookies_of, look

    browser_path = chromium_path()
    with scratch() as running:
        from django.conf import settings

        every, left_out = pages(running.seeded.arguments)
        chosen = [page for page in every if fnmatch(page.name, only)]
        cookies = cookies_of(running, chosen)
        language_cookie = settings.LANGUAGE_COOKIE_NAME
        with chromium(browser_path) as browser:
            seen = [look(browser, running, page, cookies[page.viewer], folder, language_cookie) for page in chosen]
        marts = running.marts
    taken = [one for one in seen if one.pictures]
    wrong = {one.page.name: one.wrong for one in seen if one.wrong}
    data = {
        "folder": str(folder),
        "marts": marts,
        "pages": {one.page.name: one.pictures for one in taken},
        "wrong": wrong,
        "skipped": {one.page.name: one.skipped for one in seen if one.skipped} | left_out,
    }
    (folder / "report.json").write_text(json.dumps(data, ensure_ascii=False, indent=1), encoding="utf-8")

    def human() -> None:
        rows = [(one.page.name, one.page.viewer or "guest", len(one.pictures), len(one.wrong)) for one in taken]
        show_table("Pages", ["page", "seen by", "pictures", "wrong"], rows)
        for name, lines in wrong.items():
            say(f"{name}:")
            for line in lines:
                say(f"  {line}")
        say(f"{sum(len(one.pictures) for one in taken)} pictures and report.json in {folder}")

    emit(data, as_json, human)
    if wrong:
        raise typer.Exit(1)
