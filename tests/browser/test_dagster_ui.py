"""The Dagster UI over the processed samples, in a real browser: what a person sees.

Needs chromium (Debian's package, or CHROMIUM naming one). Everything stays on loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.conftest import REPOSITORY, Processed
from tests.fakes.ports import quiet_port

pytestmark = [pytest.mark.browser, pytest.mark.slow]

#: Without these chromium looks for hosts outside at every start.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WAIT_MS = 120_000


def chromium() -> str:
    found = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not found:
        pytest.skip("chromium is not installed (Debian: apt-get install chromium), and CHROMIUM names none")
    return found


@pytest.fixture(scope="module")
def ui(processed_template: Processed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A webserver over the instance in which the samples were processed; its address."""
    chromium()
    log_file = tmp_path_factory.mktemp("webserver") / "log"
    home = processed_template.home / "dagster"
    port = quiet_port()
    command = [sys.executable, "-m", "dagster_webserver", "-m", "pipelines.catalog", "-h", "127.0.0.1", "-p", str(port)]
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            command, cwd=REPOSITORY, env={**os.environ, "DAGSTER_HOME": str(home)}, stdout=log, stderr=log
        )
    address = f"http://127.0.0.1:{port}"
    try:
        watchdog = time.monotonic() + 200
        while time.monotonic() < watchdog:
            if server.poll() is not None:
                pytest.fail(f"the webserver ended:\n{log_file.read_text()[-3000:]}")
            try:
                urllib.request.urlopen(f"{address}/server_info", timeout=20).close()
                break
            except OSError:
                time.sleep(0.5)
        yield address
    finally:
        server.terminate()
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait(60)


@pytest.fixture(scope="module")
def page(ui: str) -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS, timeout=WAIT_MS)
        tab = browser.new_page(viewport={"width": 1600, "height": 1400}, base_url=ui)
        tab.set_default_timeout(WAIT_MS)
        expect.set_options(timeout=WAIT_MS)
        yield tab
        browser.close()


def test_the_lineage_shows_the_way_from_drops_to_the_storefront(page: Page) -> None:
    groups = ("intake", "reference", "enrichment", "content", "storefront")
    names = [f"global@global:{group}" for group in groups]
    page.goto(f"/asset-groups/?expanded={quote(','.join(names), safe='')}", wait_until="domcontentloaded")
    for name in ("parser_drops", "parsed_products", "category_model", "moderation", "storefront_export"):
        expect(page.get_by_text(name, exact=True).first).to_be_visible()


def test_a_drop_shows_its_rows_products_and_quarantine(page: Page, processed_template: Processed) -> None:
    key = next(key for key in processed_template.keys if key.startswith("wildberries"))
    page.goto(f"/assets/parsed_products?view=partitions&partition={quote(key)}", wait_until="domcontentloaded")
    expect(page.get_by_text("drops_of_this_run")).to_be_visible()
    expect(page.get_by_text("quarantine_reasons")).to_be_visible()
    expect(page.get_by_text("no_title").first).to_be_visible()


def test_a_plot_opens(page: Page) -> None:
    page.goto("/assets/published_products?view=overview", wait_until="domcontentloaded")
    row = page.get_by_role("row").filter(has_text="confidence_plot").or_(page.locator("tr", has_text="confidence_plot"))
    row.get_by_text("[Show Markdown]").first.click()
    picture = page.locator("img[src^='data:image/png']").first
    expect(picture).to_be_visible()
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 300


def test_columns_of_the_catalogue_are_explained(page: Page) -> None:
    page.goto("/assets/published_products?view=overview", wait_until="domcontentloaded")
    expect(page.get_by_text("The immutable text that buyers see.")).to_be_visible()


def test_nothing_that_was_scraped_is_fetched(page: Page) -> None:
    """The browser asks no host but the webserver for anything."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto("/assets/moderation?view=overview", wait_until="domcontentloaded")
    expect(page.get_by_text("sent_to_people")).to_be_visible()
    outside = [url for url in asked if not url.startswith(("http://127.0.0.1", "data:", "blob:"))]
    assert asked
    assert outside == []


def test_every_sample_drop_is_a_green_partition(page: Page) -> None:
    page.goto("/assets/parsed_products?view=partitions", wait_until="domcontentloaded")
    expect(page.get_by_text("Materialized (5)")).to_be_visible()
