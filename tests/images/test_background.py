"""Taking backgrounds off: how good it is, and the queue around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from uuid import uuid4

import numpy as np
import pytest
from PIL import Image

import tests.django_apps  # noqa: F401 - models are imported at the head
from tests.catalog.making import catalogue, day, parsed, take
from tests.images.picturing import jpeg, shirt, show
from vitrina.config import Settings
from vitrina.errors import PermanentError, RetryableError
from vitrina.images.analysis.analysing import analyse_products
from vitrina.images.analysis.models import PictureAnalysis
from vitrina.images.background import queue
from vitrina.images.background.cutouts import cut_out
from vitrina.images.background.models import BackgroundRequest
from vitrina.images.background.pixels import Decoder
from vitrina.images.background.queue import LEASE, TRIES, due, status, submit, work
from vitrina.images.background.remove import BackendMissing, remove_background
from vitrina.objects import FolderStore
from vitrina.sample_pictures.drawing import Order, draw
from vitrina.sample_pictures.packages import PACKAGES
from vitrina.sample_pictures.shapes import GARMENTS

#: Goods that stand out from their paper; the thin ones lose a pixel of rim, which is much of them.
THIN = {"brush", "bra", "bag", "stick"}


@pytest.mark.parametrize("shape", [name for name in (*GARMENTS, *PACKAGES) if name not in THIN])
def test_drawn_goods_before_paper_are_cut_out_to_nine_tenths(shape: str) -> None:
    color = ("red", "navy", "green", "mustard", "pink", "black", "blue", "burgundy")[len(shape) % 8]
    rgb, mask = draw(Order(shape, color, second="beige", paper=len(shape), seed=len(shape)))
    found = remove_background(rgb, "grabcut")
    assert (found.mask & mask).sum() / (found.mask | mask).sum() >= 0.9
    assert found.confidence > 0.5


@pytest.mark.parametrize("shape", sorted(THIN))
def test_thin_goods_are_cut_out_to_four_fifths(shape: str) -> None:
    rgb, mask = draw(Order(shape, "burgundy", paper=2, seed=4))
    found = remove_background(rgb, "grabcut")
    assert (found.mask & mask).sum() / (found.mask | mask).sum() >= 0.8


def test_white_on_white_says_that_it_is_not_sure() -> None:
    rgb = shirt((252, 252, 252))
    assert remove_background(rgb, "grabcut").confidence < 0.5


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_an_empty_picture_has_no_product(shade: int) -> None:
    found = remove_background(np.full((60, 40, 3), shade, dtype=np.uint8), "grabcut")
    assert found.confidence == 0.0
    assert found.doubts


def test_a_print_of_the_paper_s_colour_stays_with_the_shirt() -> None:
    rgb = shirt((37, 88, 200))
    rgb[280:320, 280:320] = 255
    found = remove_background(rgb, "grabcut")
    assert found.mask[300, 300]
    assert not found.mask[20, 20]


def test_pixels_that_are_not_seen_are_not_kept_and_the_same_picture_gives_the_same_cut() -> None:
    rgb = shirt((208, 31, 38))
    first, second = remove_background(rgb, "grabcut"), remove_background(rgb.copy(), "grabcut")
    assert (first.rgba == second.rgba).all()
    assert not first.rgba[first.rgba[..., 3] == 0].any()


@pytest.mark.parametrize("shape", [(1, 1), (3, 500), (500, 2)])
def test_any_shape_is_cut_without_an_error(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    found = remove_background(rng.integers(0, 255, (*shape, 3), dtype=np.uint8), "grabcut")
    assert found.rgba.shape == (*shape, 4)


def test_rembg_without_weights_is_refused_in_words_and_auto_does_without(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("U2NET_HOME", str(tmp_path))
    with pytest.raises(BackendMissing, match="weights"):
        remove_background(shirt((208, 31, 38)), "rembg")
    assert remove_background(shirt((208, 31, 38)), "auto").used.startswith("grabcut")


@pytest.fixture
def store(settings: Settings) -> FolderStore:
    return FolderStore(settings.objects_folder)


class Noting(FolderStore):
    """Notes how long each object may be cached, which a folder forgets."""

    def __init__(self, root: Path) -> None:
        super().__init__(root)
        self.caches: dict[str, str | None] = {}

    def put(self, key: str, data: bytes, *, content_type: str | None = None, cache_control: str | None = None) -> None:
        super().put(key, data, content_type=content_type, cache_control=cache_control)
        self.caches[key] = cache_control


def state_of(request_id: object) -> str:
    return BackgroundRequest.objects.get(pk=request_id).state


def test_a_request_goes_from_queued_to_completed_and_its_result_lies_in_the_store(store: FolderStore) -> None:
    request = submit(jpeg(shirt((208, 31, 38))), store, name="shirt.jpg")
    assert (state_of(request), due()) == ("queued", 1)
    assert work(store).completed == 1
    found = status(request)
    assert found is not None
    assert (found["state"], found["name"], due()) == ("completed", "shirt.jpg", 0)
    assert found["confidence"] > 0.5
    assert store.get(found["result_key"]).startswith(b"\x89PNG")
    assert work(store) == queue.Worked()


def test_what_needs_too_much_memory_ends_its_own_process_and_holds_nobody_back(
    store: FolderStore, settings: Settings
) -> None:
    """30 million pixels are taken by their header; unpacked they need more than a decoding process has here."""
    large = BytesIO()
    Image.new("RGB", (6000, 5000), (208, 31, 38)).save(large, "PNG", compress_level=1)
    bad, good = submit(large.getvalue(), store), submit(jpeg(shirt((208, 31, 38))), store)
    kept = Noting(store.root)
    result = work(kept, settings=settings.model_copy(update={"image_decode_memory_mb": 64}))
    assert (result.failed, result.completed) == (1, 1)
    assert "memory" in status(bad)["message"]  # type: ignore[index]
    assert kept.caches == {status(good)["result_key"]: "max-age=31536000"}  # type: ignore[index]


def test_pixels_are_upright_on_white_and_keep_the_size_of_the_picture(settings: Settings) -> None:
    lying = Image.new("RGBA", (300, 200), (0, 0, 0, 0))
    lying.paste((208, 31, 38, 255), (0, 0, 100, 200))
    exif = Image.Exif()
    exif[0x0112] = 6
    data = BytesIO()
    lying.save(data, "PNG", exif=exif)
    with Decoder(settings) as decoder:
        found = decoder.pixels(data.getvalue())
        large = decoder.pixels(jpeg(shirt((208, 31, 38), size=2600)))
    assert found.shape == (300, 200, 3)
    assert (found[50, 100].tolist(), found[250, 100].tolist()) == ([208, 31, 38], [255, 255, 255])
    assert large.shape == (2048, 2048, 3)


def test_the_same_id_twice_is_one_request_and_an_unknown_one_has_no_status(store: FolderStore) -> None:
    data, request = jpeg(shirt((208, 31, 38))), uuid4()
    assert submit(data, store, request_id=request) == submit(data, store, request_id=request) == request
    assert BackgroundRequest.objects.count() == 1
    assert status(uuid4()) is None


@pytest.mark.parametrize("data", [b"", b"not a picture", b"GIF89a\x01\x00\x01\x00\x80\x00\x00"])
def test_what_is_no_picture_is_refused_at_once(store: FolderStore, data: bytes) -> None:
    with pytest.raises(PermanentError):
        submit(data, store)
    assert not BackgroundRequest.objects.exists()


def test_a_damaged_picture_fails_with_a_message_and_holds_nobody_back(store: FolderStore) -> None:
    whole = jpeg(shirt((208, 31, 38)))
    bad, good = submit(whole[: len(whole) // 3], store), submit(whole, store)
    result = work(store)
    assert (result.failed, result.completed) == (1, 1)
    assert (state_of(bad), state_of(good)) == ("failed", "completed")
    assert "damaged" in status(bad)["message"]  # type: ignore[index]


def test_a_store_that_is_away_is_tried_again_later_and_at_last_given_up(
    store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    request = submit(jpeg(shirt((208, 31, 38))), store)

    def away(key: str) -> bytes:
        raise RetryableError("the store is away")

    monkeypatch.setattr(store, "get", away)
    at = datetime.now(UTC)
    for _ in range(1, TRIES):
        assert work(store, most=1, now=at).again == 1
        assert state_of(request) == "queued"
        assert due(datetime.now(UTC)) == 0
        at = datetime.now(UTC) + timedelta(minutes=5)
    assert work(store, most=1, now=at).failed == 1
    assert status(request)["message"] == "the store is away"  # type: ignore[index]


def test_a_killed_worker_s_request_is_taken_over_and_its_late_word_is_dropped(store: FolderStore) -> None:
    request = submit(jpeg(shirt((208, 31, 38))), store)
    now = datetime.now(UTC)
    killed = queue._claim(now)
    assert killed is not None
    assert (state_of(request), due(now)) == ("processing", 0)
    assert work(store, now=now + LEASE + timedelta(seconds=1)).completed == 1
    queue._finish(killed, "failed", message="too late")
    assert state_of(request) == "completed"


def test_a_request_that_kills_every_worker_is_given_up(store: FolderStore) -> None:
    request = submit(jpeg(shirt((208, 31, 38))), store)
    at = datetime.now(UTC)
    for _ in range(TRIES):
        assert queue._claim(at) is not None
        at += LEASE + timedelta(seconds=1)
    assert work(store, now=at) == queue.Worked()
    assert state_of(request) == "failed"


def test_cut_outs_of_products_pictures_are_made_once_and_unsure_ones_are_not_kept(
    store: FolderStore, settings: Settings
) -> None:
    take(day(1), [parsed("1", "Футболка")])
    product = catalogue()["1"]
    sure, unsure = show(product, store, [jpeg(shirt((208, 31, 38))), jpeg(shirt((252, 252, 252)))])
    analyse_products([product.pk], store, settings)
    kept = Noting(store.root)
    first = cut_out([product.pk], kept)
    assert (first.made, first.unsure) == (1, 1)
    keys = dict(PictureAnalysis.objects.values_list("pk", "cutout_key"))
    assert kept.caches == {keys[sure]: "max-age=31536000"}
    assert keys[unsure] == ""
    assert store.get(keys[sure]).startswith(b"\x89PNG")
    assert cut_out([product.pk], store).unchanged == 2
