"""What goes into a batch and comes out of it: files of pairs, pairs of products, known pairs, exports, voided votes."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.comparison.conftest import answer
from vitrina.review.batches import add_pairs, copy_known, create_batch
from vitrina.review.errors import Conflict, Forbidden, NotDecidable
from vitrina.review.gold import make_known, make_work
from vitrina.review.guidelines import pseudonym, publish_guidelines
from vitrina.review.models import Batch, Decision, ReviewItem
from vitrina.review.results import PairDraft
from vitrina.review.standing import progress

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.test import Client

People = Callable[..., "User"]
Clients = Callable[["User"], "Client"]
Batches = Callable[..., Batch]
LINES = [
    {"a": "Первый текст", "b": "Второй текст", "prompt": "Опиши", "facts": {"Бренд": "X\u0000Y"}, "expected": "a"},
    {"response_a": "Третий", "response_b": "Четвёртый", "prompt": "Опиши", "preferred": "b"},
    {"prompt": "q", "chosen": "good", "rejected": "bad"},
    {"a": "same", "b": "same", "expected": "tie"},
    {"a": "I am ChatGPT", "b": "Другой", "expected": "b"},
    {"a": "", "b": "x"},
    {"a": 5, "b": "x"},
    {"text": "nothing to compare"},
    {"a": "без", "b": "ответа"},
]


def as_file(lines: list[Any], name: str = "pairs.jsonl") -> SimpleUploadedFile:
    body = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines) + "\nnot json\n[1]\n"
    return SimpleUploadedFile(name, body.encode())


def test_a_file_of_pairs_is_added_and_what_cannot_be_used_is_told(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    page = client.post(f"/compare/batches/{batch.pk}/file/", {"file": as_file(LINES), "part": "work"}, follow=True)
    words = page.content.decode()
    assert "4 pairs were added." in words
    assert 'class="notice caution spaced"' in words, "green is for what went in whole"
    assert "1: both texts are the same" in words
    assert "1: a text names a language model" in words
    assert "5 records could not be used:" in words
    assert "line 10" in words
    items = ReviewItem.objects.filter(batch=batch).select_related("pair")
    assert {item.pair.language for item in items if item.pair} == {"ru", "en"}
    again = client.post(f"/compare/batches/{batch.pk}/file/", {"file": as_file(LINES), "part": "work"}, follow=True)
    assert "0 pairs were added. 4 were there already." in again.content.decode()
    assert "records could not be used" not in client.get(f"/compare/batches/{batch.pk}/").content.decode()


def test_gold_of_a_file_knows_its_answer(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    page = client.post(f"/compare/batches/{batch.pk}/file/", {"file": as_file(LINES), "part": "gold"}, follow=True)
    assert "It does not say which answer is right" in page.content.decode()
    better = {"Первый текст", "Четвёртый", "good"}
    for item in ReviewItem.objects.filter(batch=batch, part="gold").select_related("pair"):
        assert item.pair is not None
        assert (item.pair.text_a if item.expected == "A" else item.pair.text_b) in better


@pytest.mark.parametrize(
    "body", [b"", b"\x00\xff\xfe", b"[" * 100_000, gzip.compress(b'{"a": "x"', mtime=0)[:-4], b'{"a"']
)
def test_a_broken_file_is_no_fault_of_ours(
    make_batch: Batches, person: People, client_for: Clients, body: bytes
) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    file = SimpleUploadedFile("pairs.jsonl", body)
    page = client.post(f"/compare/batches/{batch.pk}/file/", {"file": file, "part": "work"}, follow=True)
    assert page.status_code in {200, 422}
    assert ReviewItem.objects.count() == 0


def test_a_file_that_is_no_text_is_told_once(make_batch: Batches, person: People, client_for: Clients) -> None:
    file = SimpleUploadedFile("pairs.xlsx", b"PK\x03\x04\x00\n" * 40)
    batch, client = make_batch(0), client_for(person("admin"))
    page = client.post(f"/compare/batches/{batch.pk}/file/", {"file": file, "part": "work"}, follow=True)
    said = page.content.decode()
    assert said.count("is no file of text") == 1
    assert "line 2" not in said


def test_a_file_that_unpacks_to_too_much_is_told_in_the_readers_language(
    make_batch: Batches, person: People, client_for: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vitrina.preferences.formats.lines.MAX_FILE_BYTES", 100)
    batch, client = make_batch(0), client_for(person("admin"))
    post = {"file": as_file(LINES), "part": "work"}
    page = client.post(f"/compare/batches/{batch.pk}/file/", post, follow=True, headers={"accept-language": "ru"})
    said = page.content.decode()
    assert "Разделите его на части" in said
    assert "holds more than" not in said
    assert ReviewItem.objects.count() == 0


def test_published_preference_files_are_read(
    make_batch: Batches, person: People, client_for: Clients, shared_data: Any
) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    for name, least in (("llmbar_instruction_following.jsonl", 200), ("synthetic_ru_products.jsonl", 2_900)):
        path = shared_data / "preferences" / name
        if not path.is_file():
            pytest.skip(f"{name} is not here")
        before = ReviewItem.objects.count()
        file = SimpleUploadedFile(name, path.read_bytes())
        client.post(f"/compare/batches/{batch.pk}/file/", {"file": file, "part": "gold"})
        assert ReviewItem.objects.count() - before >= least


def products_with_texts(*texts: tuple[str, ...]) -> None:
    """A product for each, with these texts one after the other."""
    from vitrina.catalog.models import Drop, Product, Source
    from vitrina.content.models import ContentVersion

    source = Source.objects.create(slug="shop")
    drop = Drop.objects.create(key="shop__x", source=source, name="x", path="x", digest="x", stamp="x",
                               modified_at=datetime.now(UTC))  # fmt: skip
    for number, bodies in enumerate(texts):
        product = Product.objects.create(
            source=source, external_id=str(number),
            title=f"Крем {number}", brand="Проба",
            row_hash=UUID(int=number), content_hash=UUID(int=number),
            drop=drop, drop_time=drop.modified_at,
            attributes={"Объём": "50 мл"},
        )  # fmt: skip
        for version, body in enumerate(bodies, 1):
            ContentVersion.objects.create(
                product=product, number=version, origin="llm", model="secret-writer", title="Крем", body=body,
                input_hash="x", fingerprint=f"{number}-{version}", text_hash=body,
            )  # fmt: skip


def test_products_with_two_texts_become_pairs(make_batch: Batches, person: People, client_for: Clients) -> None:
    old = "<p>Старый</p>"
    products_with_texts((old,), (old, old), (old, old, "<p>Новый 2</p>"))
    batch, client = make_batch(0), client_for(person("admin"))
    assert "1 product has two different" in client.get(f"/compare/batches/{batch.pk}/").content.decode()
    for _ in range(2):
        client.post(f"/compare/batches/{batch.pk}/products/", {"language": "ru", "most": 10})
    item = ReviewItem.objects.get(batch=batch)
    assert item.pair is not None
    assert {item.pair.text_a, item.pair.text_b} == {"<p>Старый</p>", "<p>Новый 2</p>"}
    assert item.pair.facts == {"Название": "Крем 2", "Бренд": "Проба", "Объём": "50 мл"}
    shown = client_for(person()).get(f"/compare/{batch.pk}/").content.decode()
    assert "secret-writer" not in shown


def test_asking_again_for_so_many_pairs_of_products_goes_on_with_the_next(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    products_with_texts(
        ("<p>Старый</p>", "<p>Это писал ChatGPT</p>"), *((f"<p>Старый {n}</p>", f"<p>Новый {n}</p>") for n in range(3))
    )
    batch, client = make_batch(0), client_for(person("admin"))
    for there in (2, 3, 3):
        client.post(f"/compare/batches/{batch.pk}/products/", {"language": "ru", "most": 2})
        assert ReviewItem.objects.filter(batch=batch).count() == there


def test_a_training_pair_of_a_file_says_why(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client = make_batch(0), client_for(person("admin"))
    known = {"a": "Первый текст", "b": "Второй текст", "expected": "a"}
    lines = [known, known | {"explanation": " "}, known | {"b": "Третий текст", "explanation": "В первом есть состав"}]
    page = client.post(
        f"/compare/batches/{batch.pk}/file/", {"file": as_file(lines), "part": "onboarding"}, follow=True
    ).content.decode()
    assert "line 1" in page
    assert "line 2" in page
    assert [item.explanation for item in ReviewItem.objects.filter(batch=batch)] == ["В первом есть состав"]
    with pytest.raises(NotDecidable, match="explains"):
        add_pairs(batch, [PairDraft("Один", "Другой", expected="first")], part="onboarding")


def test_gold_is_chosen_among_pairs_without_votes(make_batch: Batches, person: People, client_for: Clients) -> None:
    batch, client, admin = make_batch(3), client_for(person("admin")), person("admin")
    item = ReviewItem.objects.filter(batch=batch).order_by("pk").first()
    assert item is not None
    address = f"/compare/batches/{batch.pk}/pairs/{item.pk}/"
    assert "Choose the expected answer first." in client.post(address, {"action": "gold"}, follow=True).content.decode()
    told = client.post(address, {"action": "onboarding", "expected": "A"}, follow=True).content.decode()
    assert "Write why" in told
    client.post(address, {"action": "gold", "expected": "E", "back": "work"})
    item.refresh_from_db()
    assert (item.part, item.expected) == ("gold", "E")
    assert f"/pairs/{item.pk}/" in client.get(f"/compare/batches/{batch.pk}/pairs/?part=gold").content.decode()
    client.post(address, {"action": "work"})
    item.refresh_from_db()
    assert (item.part, item.expected, item.need) == ("work", "", batch.overlap)
    client.post(address, {"action": "onboarding", "expected": "B", "explanation": "Потому"})
    item.refresh_from_db()
    assert (item.part, item.explanation) == ("onboarding", "Потому")
    work = ReviewItem.objects.filter(batch=batch, part="work").order_by("pk").last()
    assert work is not None
    ReviewItem.objects.filter(pk=work.pk).update(held=1)
    with pytest.raises(Conflict):
        make_known(admin, work.pk, expected="A")
    ReviewItem.objects.filter(pk=work.pk).update(held=0)
    answer(person(), batch, 3)
    for one in ReviewItem.objects.filter(batch=batch, done__gt=0):
        with pytest.raises(Conflict):
            (make_work if one.part != "work" else lambda by, pk: make_known(by, pk, expected="A"))(admin, one.pk)


def test_only_administrators_make_known_pairs_and_copies(make_batch: Batches, person: People) -> None:
    batch, other = make_batch(1, gold=1), make_batch(0)
    item = ReviewItem.objects.filter(batch=batch, part="work").get()
    with pytest.raises(Forbidden):
        make_known(person(), item.pk, expected="A")
    with pytest.raises(Forbidden):
        copy_known(person("moderator"), batch, other, "gold")
    admin = person("admin")
    assert [copy_known(admin, batch, other, "gold") for _ in range(2)] == [1, 0]
    with pytest.raises(NotDecidable):
        copy_known(admin, batch, other, "work")
    foreign = create_batch(
        admin, name="other criterion", question_ru="?", question_en="?",
        guidelines=publish_guidelines(admin, "style", body_ru="x", body_en="x"),
    )  # fmt: skip
    with pytest.raises(NotDecidable):
        copy_known(admin, batch, foreign, "gold")


def test_the_export_is_safe_for_spreadsheets_and_names_nobody(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, user, client = make_batch(0), person("annotator", "worker"), client_for(person("admin"))
    add_pairs(batch, [PairDraft('=HYPERLINK("http://x")', "@сумма", prompt="+1", facts={})])
    answer(user, batch, comment="-2+3", reasons=["tone", "clarity"], active_ms=900)
    rows = client.get(f"/compare/batches/{batch.pk}/export/?format=csv")
    text = b"".join(rows.streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
    [row] = list(csv.DictReader(io.StringIO(text)))
    assert row["comment"] == "'-2+3"
    assert row["prompt"] == "'+1"
    assert all(not row[side].startswith(("=", "@")) for side in ("text_a", "text_b"))
    assert (row["annotator"], row["active_ms"], row["reasons"]) == (pseudonym(user), "900", "tone, clarity")
    lines = client.get(f"/compare/batches/{batch.pk}/export/?format=jsonl")
    [line] = [json.loads(one) for one in b"".join(lines.streaming_content).splitlines()]  # type: ignore[attr-defined]
    assert line["comment"] == "-2+3"
    assert line["choice"] == Decision.objects.get().choice
    assert "worker" not in text + json.dumps(line)
    assert rows["Content-Disposition"] == f'attachment; filename="comparisons-{batch.pk}.csv"'


def test_who_fails_the_gold_is_shown_and_their_votes_are_voided_with_a_reason(
    make_batch: Batches, person: People, client_for: Clients
) -> None:
    batch, user, good = make_batch(6, gold=3, gold_share=0.5, gold_after=1, overlap=1), person(), person()
    answer(user, batch, 5, side="tie")
    answer(good, batch, 1)
    client = client_for(person("admin"))
    page = client.get("/compare/annotators/").content.decode()
    # Which of the five were gold, and on which side its better text stood, is chance
    known = Decision.objects.filter(decided_by=user, item__part="gold").values_list("choice", "item__expected")
    right, asked = sum(choice == expected for choice, expected in known), len(known)
    assert (f"{right} of {asked} right" in page) == (asked > 0 and right / asked < batch.gold_floor)
    address = f"/compare/annotators/{user.pk}/void/"
    assert "5 votes stand." in client.get(f"{address}?batch={batch.pk}").content.decode()
    assert client.post(address, {"reason": "  "}).status_code == 422
    before = progress(batch).votes
    told = client.post(address, {"reason": "наугад", "batch": batch.pk}, follow=True).content.decode()
    assert "5 votes were voided" in told
    assert progress(batch).votes < before
    assert Decision.objects.filter(decided_by=user, voided_at=None).count() == 0
    assert Decision.objects.filter(decided_by=good, voided_at=None).count() == 1
    assert "There was no vote to void." in client.post(address, {"reason": "снова"}, follow=True).content.decode()
