"""Columns of a list corrected at the desk: what each was taken for, another choice, settings that are kept for it."""

from __future__ import annotations

import html
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.catalog.making import place
from tests.workbench.dagster_server import FakeDagster
from tests.workbench.test_uploads import drops, handed_in, left_over, upload
from vitrina.config import Settings, get_settings

pytestmark = pytest.mark.usefixtures("database")
#: The name is in what is called a note, and what is called a price is the price of a box.
WRONG = (
    "Артикул;Наименование;Примечание;Цена;Отпуск;Полка\n"
    "A-1;Группа 7;Платье летнее;19900;1990;7\n"
    "A-2;Группа 8;Крем для рук;2500;250;8\n"
    "A-3;Группа 8;Рубашка;3000;300;9\n"
)
#: Nothing says which column is the title.
NAMELESS = "Код;Колонка;Цена\n17;Платье летнее;1990\n18;Крем для рук;250\n"
#: What an engineer has written, with settings that the page does not know.
KEPT = """\
# agreed with the supplier
name: ООО «Лён»  # shown to people
currency: TRY
filler_prices: ["159.9"]
mapping:
  Полка: ignore  # ours
  Артикул: id
"""


def columns(page: str) -> dict[str, tuple[str, str]]:
    """Header → name of its select, and what is selected."""
    found = re.findall(r'<label for="([^"]+)" translate="no">(.*?)</label>', page)
    return {html.unescape(header): (name, selected(page, name)) for name, header in found}


def selected(page: str, name: str) -> str:
    select = re.search(rf'<select[^>]*name="{name}".*?</select>', page, re.DOTALL)
    assert select is not None, name
    chosen = re.findall(r'<option value="([^"]*)" selected>', select.group())
    assert len(chosen) == 1, (name, chosen)
    return html.unescape(chosen[0])


def settled(client: Any, address: str) -> str:
    """The page, when the list has been read."""
    watchdog = time.monotonic() + 120
    while "The list is being read" in client.get(f"{address}state/").content.decode():
        assert time.monotonic() < watchdog
        time.sleep(0.1)
    return str(client.get(address).content.decode())


def form(page: str, **chosen: str) -> dict[str, str]:
    """All that a browser would send, with other choices for some columns (by header) and settings (by name)."""
    [seen] = re.findall(r'name="seen" value="(\w+)"', page)
    shown = columns(page)
    sent = {"seen": seen} | dict(shown.values())
    sent |= {name: selected(page, name) for name in re.findall(r'<select name="(setting-\w+)"', page)}
    return sent | {shown[name][0] if name in shown else f"setting-{name}": value for name, value in chosen.items()}


def look_again(client: Any, address: str, **chosen: str) -> str:
    answer = client.post(f"{address}columns/", form(client.get(address).content.decode(), **chosen))
    assert answer.status_code == 302, answer.content.decode()
    return settled(client, address)


def refused(client: Any, address: str, sent: dict[str, str], part: str = "columns") -> str:
    answer = client.post(f"{address}{part}/", sent)
    assert answer.status_code == 422
    return html.unescape(answer.content.decode())


def settings_of(settings: Settings, source: str = "desk") -> Any:
    path = settings.objects_folder / "drops" / source / "source.yaml"
    return yaml.safe_load(path.read_text("utf-8")) if path.exists() else None


def taken_in(settings: Settings) -> dict[str, Any]:
    """What the pipeline makes of what lies in the drops area: external id → product."""
    from vitrina.catalog.intake import take_in
    from vitrina.catalog.models import Drop, Product
    from vitrina.catalog.registry import look, register
    from vitrina.objects import open_store

    store = open_store(settings)
    first = look(store, settings, {})
    time.sleep(settings.drop_settle_seconds)
    register(look(store, settings, first.settling).found, each_below=5, range_size=5)
    for drop in Drop.objects.filter(state=Drop.State.FOUND):
        take_in(drop, store, settings)
    return {product.external_id: product for product in Product.objects.all()}


def corrected_and_taken_in(client: Any) -> dict[str, Any]:
    address = handed_in(client, upload(WRONG))
    page = settled(client, address)
    shown = {header: value for header, (_, value) in columns(page).items()}
    assert shown["Наименование"] == "title"
    assert shown["Цена"] == "price"
    assert shown["Примечание"] != "title"
    assert "Группа 7 · Группа 8" in page, "first values"
    page = look_again(client, address, Примечание="title", Отпуск="price", Наименование="ignore", currency="TRY")
    shown = {header: value for header, (_, value) in columns(page).items()}
    assert (shown["Примечание"], shown["Отпуск"]) == ("title", "price")
    assert shown["Наименование"] == "ignore"
    assert shown["Цена"] == "attribute", "a field that is given away is taken from no other column"
    assert selected(page, "setting-currency") == "TRY"
    assert "Платье летнее" in page
    assert "hold for this supplier's next lists too" in html.unescape(page)
    assert "Отпуск: price" in page, "the file, folded"
    assert "Placed." in client.post(f"{address}place/", form(page), follow=True).content.decode()
    return taken_in(get_settings())


def test_columns_taken_wrongly_are_corrected_and_the_pipeline_reads_them_so(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    products = corrected_and_taken_in(client)
    assert {key: (one.title, one.price, one.currency) for key, one in products.items()} == {
        "A-1": ("Платье летнее", 1990, "TRY"), "A-2": ("Крем для рук", 250, "TRY"), "A-3": ("Рубашка", 300, "TRY"),
    }  # fmt: skip
    assert drops(settings) == ["desk/list.csv", "desk/source.yaml"]
    assert settings_of(settings) == {
        "currency": "TRY", "mapping": {"Наименование": "ignore", "Примечание": "title", "Отпуск": "price"},
    }  # fmt: skip
    # The supplier's next list is read so at once
    following = handed_in(client, upload(WRONG.replace("A-", "B-"), "next.csv"))
    page = settled(client, following)
    assert columns(page)["Отпуск"][1] == "price"
    assert "said by hand" in page
    assert "For an engineer" not in page, "nothing was chosen for this one"


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    access = {"aws_access_key_id": "a", "aws_secret_access_key": "b", "region_name": "us-east-1"}
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", **access).create_bucket(Bucket="shop")
    for name, value in {
        "S3_BUCKET": "shop", "S3_ENDPOINT_URL": f"http://{host}:{port}", "S3_ACCESS_KEY_ID": "a",
        "S3_SECRET_ACCESS_KEY": "b", "S3_REGION": "us-east-1", "S3_PREFIX": "platform",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    get_settings.cache_clear()
    yield "shop"
    server.stop()
    get_settings.cache_clear()


def test_settings_in_a_bucket_are_kept_and_read_from_there(moderator: Any, bucket: str, settings: Settings) -> None:
    from vitrina.objects import open_store

    _, client = moderator
    store = open_store(get_settings())
    store.put("drops/desk/source.yaml", KEPT.encode())
    products = corrected_and_taken_in(client)
    assert products["A-1"].title == "Платье летнее"
    assert products["A-1"].price == 1990
    said = yaml.safe_load(store.get("drops/desk/source.yaml"))
    assert said["name"] == "ООО «Лён»"
    assert said["mapping"]["Отпуск"] == "price"
    assert drops(settings) == [], "nothing of it lies in the folder"


def test_what_the_supplier_has_is_started_from_and_kept(moderator: Any, settings: Settings) -> None:
    place(settings, "desk/source.yaml", KEPT)
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    page = settled(client, address)
    assert selected(page, "setting-currency") == "TRY"
    assert columns(page)["Полка"][1] == "ignore"
    page = look_again(client, address, Примечание="title", Полка="attribute", currency="RUB")
    assert "<ins>+ currency: RUB</ins>" in page
    assert "<del>- currency: TRY</del>" in page
    assert "comments in it are lost" not in page
    assert settings_of(settings)["currency"] == "TRY", "nothing is kept before the drop is placed"
    client.post(f"{address}place/", form(page))
    text = (settings.objects_folder / "drops/desk/source.yaml").read_text("utf-8")
    assert text == KEPT.replace("TRY", "RUB").replace("Полка: ignore", "Полка: attribute") + "  Примечание: title\n"


def test_a_file_in_another_form_keeps_its_settings_and_says_that_comments_go(
    moderator: Any, settings: Settings
) -> None:
    place(settings, "desk/source.yaml", "{name: Лён, mapping: {Полка: ignore}}  # as agreed\n")
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    page = look_again(client, address, Отпуск="price")
    assert "comments in it are lost" in page
    client.post(f"{address}place/", form(page))
    assert settings_of(settings) == {"name": "Лён", "mapping": {"Полка": "ignore", "Отпуск": "price"}}


def test_a_list_without_a_title_is_told_and_mended_there(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(NAMELESS))
    page = settled(client, address)
    assert "It cannot be read" in page
    assert "choose below which column it is" in page
    assert "Платье летнее · Крем для рук" in page
    page = look_again(client, address, Колонка="title")
    assert "Nothing is placed yet" in page
    client.post(f"{address}place/", form(page))
    assert sorted(one.title for one in taken_in(settings).values()) == ["Крем для рук", "Платье летнее"]


def test_settings_of_the_whole_list_are_chosen_and_go_back_to_what_is_found(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG.encode("cp866")))
    page = look_again(client, address, encoding="koi8-r", delimiter="|", has_header="no", language="ru")
    assert "Платье летнее" not in page
    page = look_again(client, address, encoding="", delimiter="", has_header="", language="", price_unit="minor")
    assert selected(page, "setting-encoding") == ""
    assert "as found: cp866" in page
    assert "199" in page
    client.post(f"{address}place/", form(page))
    assert settings_of(settings) == {"price_unit": "minor"}


def test_choices_are_forgotten(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    look_again(client, address, Отпуск="price")
    client.post(f"{address}columns/", {"forget": "yes"})
    page = settled(client, address)
    assert columns(page)["Цена"][1] == "price"
    assert "For an engineer" not in page
    client.post(f"{address}place/", form(page))
    assert drops(settings) == ["desk/list.csv"]


def test_a_column_said_by_hand_is_left_to_the_reader_again(moderator: Any, settings: Settings) -> None:
    place(settings, "desk/source.yaml", "mapping:\n  5: price\n")
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    assert columns(settled(client, address))["Отпуск"][1] == "price"
    page = look_again(client, address, Отпуск="auto")
    assert columns(page)["Цена"][1] == "price"
    client.post(f"{address}place/", form(page))
    assert not settings_of(settings)


@pytest.mark.parametrize(
    ("sent", "words"),
    [
        ({"Отпуск": "pwned"}, "“pwned” cannot be chosen for “Отпуск”"),
        ({"Отпуск": "attribute:__class__"}, "cannot be chosen"),
        ({"Отпуск": "title\nname: evil"}, "cannot be chosen"),
        ({"Отпуск": "auto"}, "cannot be chosen"),
        ({"currency": "!!python/object:os.system"}, "cannot be chosen for “Currency of prices”"),
        ({"full_list": "true"}, "“setting-full_list” is nothing that can be chosen"),
        ({"column-999": "title"}, "is nothing that can be chosen"),
        ({"seen": "0000"}, "has been read again since this page was loaded"),
        ({"Отпуск": "title", "Полка": "title"}, "Отпуск, Полка cannot all be “title”"),
    ],
    ids=["field", "attribute", "yaml", "not by hand", "currency", "setting", "column", "older form", "two titles"],
)
def test_what_cannot_be_chosen_is_refused_in_words(
    moderator: Any, settings: Settings, sent: dict[str, str], words: str
) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    page = settled(client, address)
    raw = {name: sent.pop(name) for name in list(sent) if name in {"seen", "column-999"}}
    assert words in refused(client, address, form(page, **sent) | raw)
    assert "price" in columns(settled(client, address))["Цена"]
    assert drops(settings) == []


def test_what_was_chosen_stands_in_the_form_that_refuses(moderator: Any) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    sent = form(settled(client, address), Отпуск="title", Полка="title", Артикул="barcode")
    assert columns(refused(client, address, sent))["Артикул"][1] == "barcode"


def test_choices_that_were_not_looked_at_are_not_placed(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    sent = form(settled(client, address), Отпуск="price")
    page = refused(client, address, sent, "place")
    assert "Look again first" in page
    assert columns(page)["Отпуск"][1] == "price"
    assert drops(settings) == []


def test_text_of_the_file_is_data_in_yaml_and_on_the_page(moderator: Any, settings: Settings) -> None:
    evil = ["x: {y: !!python/name:os.system }", '" autofocus onfocus="alert(1)', "- # & *a", "Колонка"]
    head = ",".join('"' + name.replace('"', '""') + '"' for name in evil)
    _, client = moderator
    address = handed_in(client, upload(f'{head}\n<b>1</b>,2,3,"Платье летнее"\n4,5,6,"Крем для рук"\n'))
    page = settled(client, address)
    page = look_again(client, address, **{evil[0]: "brand", evil[1]: "ignore", evil[2]: "size", evil[3]: "title"})
    assert '" autofocus' not in page
    assert "<b>1</b>" not in page
    client.post(f"{address}place/", form(page))
    assert settings_of(settings) == {
        "mapping": {evil[0]: "brand", evil[1]: "ignore", evil[2]: "size", evil[3]: "title"}
    }  # fmt: skip
    assert next(iter(taken_in(settings).values())).title in {"Платье летнее", "Крем для рук"}


def test_settings_that_somebody_changed_meanwhile_are_not_overwritten(moderator: Any, settings: Settings) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    page = look_again(client, address, Отпуск="price")
    place(settings, "desk/source.yaml", KEPT)
    assert "Somebody else has changed" in refused(client, address, form(page), "place")
    assert drops(settings) == ["desk/source.yaml"]
    page = look_again(client, address)
    client.post(f"{address}place/", form(page))
    said = settings_of(settings)
    assert said["currency"] == "TRY"
    assert said["mapping"] == {"Полка": "ignore", "Артикул": "id", "Отпуск": "price"}
    assert drops(settings) == ["desk/list.csv", "desk/source.yaml"]


def test_a_store_that_fails_in_between_leaves_the_settings_as_they_were(
    moderator: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vitrina.errors import RetryableError
    from vitrina.workbench import incoming

    def down(*_: Any, **__: Any) -> str:
        raise RetryableError("The bucket does not answer.")

    place(settings, "desk/source.yaml", KEPT)
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    page = look_again(client, address, Отпуск="price")
    with monkeypatch.context() as patch:
        patch.setattr(incoming, "hand_in", down)
        refused(client, address, form(page), "place")
    assert (settings.objects_folder / "drops/desk/source.yaml").read_text("utf-8") == KEPT
    client.post(f"{address}place/", form(page))
    assert settings_of(settings)["mapping"]["Отпуск"] == "price"
    once = Path(settings.objects_folder / "drops/desk/source.yaml").stat().st_mtime_ns
    assert "placed already" in client.post(f"{address}place/", form(page), follow=True).content.decode()
    assert Path(settings.objects_folder / "drops/desk/source.yaml").stat().st_mtime_ns == once
    assert "report.former.json" not in left_over(settings)


def test_wrong_settings_of_a_supplier_are_told(moderator: Any, settings: Settings) -> None:
    place(settings, "desk/source.yaml", "nonsense: 1\n")
    _, client = moderator
    page = settled(client, handed_in(client, upload(WRONG)))
    assert "Ask an engineer to mend its source.yaml" in page
    assert 'name="seen"' not in page


def test_a_list_that_was_read_before_is_read_once_more_with_the_choices(
    moderator: Any, settings: Settings, dagster: FakeDagster
) -> None:
    _, client = moderator
    client.post(f"{handed_in(client, upload(WRONG))}place/")
    assert taken_in(settings)["A-1"].title == "Группа 7"
    address = handed_in(client, upload(WRONG))
    page = look_again(client, address, Примечание="title")
    assert "placing it has it read again with your choices" in page
    said = client.post(f"{address}place/", form(page), follow=True).content.decode()
    assert "read once more with your choices" in said
    [run] = dagster.runs.values()
    assert run["selector"]["jobName"] == "intake"
    tags = {tag["key"]: tag["value"] for tag in run["executionMetadata"]["tags"]}
    assert tags["dagster/partition"].startswith("desk__list.csv__")


def test_others_may_not_choose(moderator: Any, client_of: Any) -> None:
    _, client = moderator
    address = handed_in(client, upload(WRONG))
    sent = form(settled(client, address), Отпуск="price")
    assert client_of("annotator").post(f"{address}columns/", sent).status_code == 403
    assert client_of("admin").post(f"{address}columns/", sent).status_code == 404, "of somebody else"
