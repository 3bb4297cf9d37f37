"""Work by hand in a real browser: followed to its end by htmx, and accessible on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections

from tests.catalog.making import catalogue, day, parsed, take, verdict, version
from tests.desk.axe import assert_accessible
from tests.desk.conftest import PASSWORD
from tests.desk.screen import LASTING, PATIENCE
from tests.workbench.dagster_server import FakeDagster
from tests.workbench.test_backgrounds import picture
from tests.workbench.test_uploads import LIST
from vitrina.config import Settings

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.usefixtures("database")]


@pytest.fixture
def page(person: Callable[..., Any], dagster: FakeDagster, desk: str, browser: Browser) -> Iterator[Page]:
    """An administrator's page; an error in a script or a refused file fails the test."""
    context = browser.new_context(locale="ru", viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE)
    context.add_init_script(LASTING)
    shown = context.new_page()
    problems: list[str] = []
    shown.on("pageerror", lambda error: problems.append(str(error)))
    shown.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    shown.goto(f"{desk}/accounts/login/?next=/products/")
    shown.fill("[name=login]", person("admin").email)
    shown.fill("[name=password]", PASSWORD)
    shown.click("button.main")
    shown.wait_for_url("**/products/")
    yield shown
    context.close()
    assert problems == []


def goods(settings: Settings) -> Any:
    """Some products, one of them on show with two texts."""
    from vitrina.catalog.publishing import publish

    take(day(0), [
        parsed("A-1", "Платье женское летнее из хлопка с карманами", brand="Mavi", description="Хлопок 100 %",
               attributes={"Цвет": "голубой", "Состав": "хлопок"}),
        *(parsed(f"B-{n}", f"Крем для рук увлажняющий {n}", price=str(90 + n * 37)) for n in range(12)),
    ])  # fmt: skip
    found = catalogue()["A-1"]
    verdict(version(found, 1, body="<p>Платье из льна.</p><ul><li>карманы</li></ul>"), approved=False, by="person")
    verdict(version(found, 2, body="<p>Платье из хлопка, летнее.</p><ul><li>карманы</li></ul>"))
    publish(settings)
    return found


def test_a_run_is_followed_without_loading_the_page_again(
    page: Page, desk: str, settings: Settings, dagster: FakeDagster
) -> None:
    product = goods(settings)
    page.goto(f"{desk}/products/{product.pk}/processing/")
    page.get_by_role("button", name="Обработать").click()
    page.wait_for_url("**/runs/*/")
    page.get_by_text("работает").wait_for()
    dagster.says = ["texts: 1 asked, 1 written"]
    page.get_by_text("texts: 1 asked, 1 written").wait_for()
    dagster.status = "SUCCESS"
    page.get_by_text("готово").wait_for()
    assert page.locator("[hx-trigger]").count() == 0
    assert_accessible(page)


def test_a_picture_and_a_list_are_handed_in_and_seen_to_their_end(
    page: Page, desk: str, settings: Settings, tmp_path: Path
) -> None:
    from vitrina.images.background.queue import work
    from vitrina.objects import open_store

    (tmp_path / "dress.png").write_bytes(picture(size=(400, 300)))
    page.goto(f"{desk}/backgrounds/")
    page.set_input_files("[name=file]", tmp_path / "dress.png")
    page.get_by_role("button", name="Передать").click()
    page.wait_for_url("**/backgrounds/*-*/")  # its own address: loading again sends nothing

    def in_a_run() -> None:  # this thread has the browser's event loop
        work(open_store(settings))
        connections.close_all()

    with ThreadPoolExecutor(1) as runs:
        runs.submit(in_a_run).result()
    page.get_by_text("Скачать PNG").wait_for()
    assert_accessible(page)
    (tmp_path / "list.csv").write_text(LIST, encoding="utf-8")
    page.goto(f"{desk}/drops/new/")
    page.set_input_files("[name=files]", tmp_path / "list.csv")
    page.fill("[name=new_source]", "desk")
    page.get_by_role("button", name="Посмотреть").click()
    page.get_by_text("Пока ничего не передано").wait_for()
    assert_accessible(page)
    page.get_by_role("button", name="Передать выгрузку").click()
    page.get_by_text("desk/list.csv").wait_for()
    assert (settings.objects_folder / "drops/desk/list.csv").is_file()


def test_a_text_is_checked_in_place_and_saved(page: Page, desk: str, settings: Settings) -> None:
    product = goods(settings)
    page.goto(f"{desk}/products/{product.pk}/edit/")
    page.fill("[name=body]", "Платье из хлопка.\n\n- карманы")
    page.fill("[name=seo_title]", "Платье женское")
    page.fill("[name=seo_description]", "Платье из хлопка")
    page.get_by_role("button", name="Проверить").click()
    page.get_by_text("Слишком мало слов").wait_for()
    assert page.locator("[name=body]").input_value().startswith("Платье из хлопка.")
    assert_accessible(page)
    page.get_by_role("button", name="Сохранить как мой текст").click()
    page.wait_for_url(f"**/products/{product.pk}/")
    page.get_by_role("button", name="Отозвать").click()
    page.get_by_text("Отозвано.").wait_for()
