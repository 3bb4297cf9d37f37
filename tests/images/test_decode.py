"""Files to derivatives: what is taken, what is refused and why, in a limited process."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.fakes.image_server import picture
from vitrina.images.codec import Derived, Refused, derive
from vitrina.images.pool import Decoded, DecodePool
from vitrina.images.reasons import Reason


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def opened(data: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(data))
    image.load()
    return image


def near(pixel: object, colour: tuple[int, int, int], by: int = 12) -> bool:
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= by for one, other in zip(pixel, colour, strict=True))


def refusal(data: bytes) -> Reason:
    with pytest.raises(Refused) as caught:
        derive(data)
    return caught.value.reason


def clean(made: Derived | Decoded) -> None:
    """Three derivatives, as they must always be."""
    for data, kind, side in ((made.jpeg, "JPEG", 1024), (made.webp, "WEBP", 1024), (made.thumb, "JPEG", 320)):
        image = opened(data)
        assert (image.format, image.mode) == (kind, "RGB")
        assert max(image.size) <= side
        assert not image.getexif()
        assert {"icc_profile", "exif", "xmp", "comment", "XML:com.adobe.xmp"}.isdisjoint(image.info)


def test_a_large_picture_is_made_to_fit_and_a_small_one_stays_as_it_is() -> None:
    large = derive(picture(size=(3000, 1500)))
    assert (large.width, large.height, large.shown_width, large.shown_height) == (3000, 1500, 1024, 512)
    assert opened(large.thumb).size == (320, 160)
    clean(large)
    small = derive(picture(size=(40, 30)))
    assert (small.shown_width, small.shown_height) == (40, 30)
    assert opened(small.thumb).size == (40, 30)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_every_format_that_is_taken(kind: str) -> None:
    made = derive(picture(3, kind=kind))
    assert made.format == kind.lower()
    clean(made)


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "ICO", "TGA", "PPM", "JPEG2000", "PCX", "DDS"])
def test_every_other_format_is_refused_by_name(kind: str) -> None:
    reason = refusal(picture(size=(64, 64), kind=kind))
    assert reason in {Reason.FORMAT_NOT_TAKEN, Reason.NOT_AN_IMAGE}
    if kind in {"BMP", "TIFF", "ICO", "JPEG2000", "DDS"}:
        assert reason is Reason.FORMAT_NOT_TAKEN


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", Reason.EMPTY),
        (b"<html><body>404</body></html>", Reason.NOT_AN_IMAGE),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", Reason.FORMAT_NOT_TAKEN),
        (b"\0\0\0\x18ftypheic" + bytes(40), Reason.FORMAT_NOT_TAKEN),
        (b"%PDF-1.7" + bytes(40), Reason.FORMAT_NOT_TAKEN),
        (b"\xff\xd8\xff\xe0", Reason.DAMAGED),
        (b"\x89PNG\r\n\x1a\n" + bytes(60), Reason.DAMAGED),
        (b"\x15\x92+ITn\xb6g\xcd", Reason.NOT_AN_IMAGE),
    ],
)
def test_what_is_no_picture_is_refused_by_name(data: bytes, reason: Reason) -> None:
    assert refusal(data) is reason


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "AVIF"])
def test_half_a_file_is_refused(kind: str) -> None:
    whole = picture(5, size=(600, 400), kind=kind)
    assert refusal(whole[: len(whole) // 2]) in {Reason.TRUNCATED, Reason.DAMAGED}


def test_a_picture_with_too_many_pixels_is_a_bomb_before_it_is_decoded() -> None:
    assert refusal(encoded(Image.new("1", (10_000, 10_000)), "PNG")) is Reason.BOMB
    assert refusal(encoded(Image.new("1", (12_001, 10)), "PNG")) is Reason.BOMB
    assert derive(encoded(Image.new("1", (12_000, 10)), "PNG")).width == 12_000


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_orientation_is_applied_and_then_gone(orientation: int, kind: str) -> None:
    upright = Image.new("RGB", (60, 40), (255, 255, 255))
    upright.paste((255, 0, 0), (0, 0, 30, 20))  # red is above and left
    inverse = {1: None, 2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}[orientation]
    stored = upright if inverse is None else upright.transpose(Image.Transpose(inverse))
    exif = Image.Exif()
    exif[0x0112] = orientation
    made = derive(encoded(stored, kind, exif=exif))
    assert (made.width, made.height, made.shown_width, made.shown_height) == (60, 40, 60, 40)
    shown = opened(made.jpeg)
    assert near(shown.getpixel((8, 6)), (255, 0, 0), 40)
    assert near(shown.getpixel((52, 34)), (255, 255, 255), 40)
    clean(made)


def test_transparency_lies_on_white() -> None:
    for image in (
        Image.new("RGBA", (50, 50), (255, 0, 0, 0)),
        Image.new("LA", (50, 50), (0, 0)),
        Image.new("RGBA", (50, 50), (255, 0, 0, 0)).convert("P"),
    ):
        made = derive(encoded(image, "PNG"))
        assert near(opened(made.jpeg).getpixel((25, 25)), (255, 255, 255))
    half = derive(encoded(Image.new("RGBA", (50, 50), (255, 0, 0, 128)), "PNG"))
    assert near(opened(half.jpeg).getpixel((25, 25)), (255, 127, 127))
    for mode, colour in (("L", 0), ("RGB", (0, 0, 0))):
        made = derive(encoded(Image.new(mode, (50, 50), colour), "PNG", transparency=colour))
        assert near(opened(made.jpeg).getpixel((25, 25)), (255, 255, 255))


def test_sixteen_bits_are_scaled_and_not_cut_off() -> None:
    made = derive(encoded(Image.new("I;16", (50, 50), 32_768), "PNG"))
    assert near(opened(made.jpeg).getpixel((25, 25)), (128, 128, 128))


def test_cmyk_has_the_right_colours() -> None:
    made = derive(encoded(Image.new("CMYK", (50, 50), (0, 255, 255, 0)), "JPEG"))
    assert near(opened(made.jpeg).getpixel((25, 25)), (255, 0, 0), 30)


def test_colours_of_a_profile_become_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    # Its primaries of red and green change places, and so must the colours.
    swapped = srgb.replace(b"rXYZ", b"????").replace(b"gXYZ", b"rXYZ").replace(b"????", b"gXYZ")
    swapped = swapped.replace("sRGB".encode("utf-16-be"), "swap".encode("utf-16-be")).replace(b"sRGB", b"swap")
    image = Image.new("RGB", (50, 50), (200, 0, 0))
    pixel = opened(derive(encoded(image, "PNG", icc_profile=swapped)).jpeg).getpixel((25, 25))
    assert near(pixel, (0, 200, 0), 40)
    clean(derive(encoded(image, "PNG", icc_profile=srgb)))


def test_a_profile_that_does_not_fit_costs_no_picture() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile", lab):
        made = derive(encoded(Image.new("RGB", (50, 50), (200, 30, 30)), "PNG", icc_profile=profile))
        assert near(opened(made.jpeg).getpixel((25, 25)), (200, 30, 30))
        clean(made)


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_the_first_frame_of_an_animation_is_shown(kind: str) -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:])
    assert near(opened(derive(data).jpeg).getpixel((20, 20)), (255, 0, 0), 30)


def test_the_first_picture_of_an_mpo_is_shown() -> None:
    frames = [Image.new("RGB", (40, 40), colour) for colour in ((255, 0, 0), (0, 255, 0))]
    made = derive(encoded(frames[0], "MPO", save_all=True, append_images=frames[1:]))
    assert made.format == "jpeg"
    assert near(opened(made.jpeg).getpixel((20, 20)), (255, 0, 0), 30)


def test_the_same_bytes_give_the_same_derivatives() -> None:
    data = picture(9, size=(900, 700))
    assert derive(data) == derive(data)


SMALL = {kind: picture(1, size=(48, 32), kind=kind) for kind in ("JPEG", "PNG", "WEBP", "GIF", "AVIF")}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    kind=st.sampled_from(sorted(SMALL)),
    places=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), max_size=8),
    keep=st.integers(1, 4000),
    tail=st.binary(max_size=20),
)
def test_any_damage_gives_derivatives_or_a_reason(
    kind: str, places: list[tuple[int, int]], keep: int, tail: bytes
) -> None:
    data = bytearray(SMALL[kind])
    for place, value in places:
        data[place % len(data)] = value
    found = judged(bytes(data[: max(keep % (len(data) + 1), 1)]) + tail)
    if isinstance(found, Derived):
        clean(found)
    else:
        assert isinstance(found, Reason)


def judged(data: bytes) -> Derived | Reason:
    try:
        return derive(data)
    except Refused as refused:
        return refused.reason


def through(pool: Callable[[], DecodePool], *files: bytes) -> list[Decoded]:
    async def work() -> list[Decoded]:
        async with pool() as running:
            return list(await asyncio.gather(*(running.decode(data) for data in files)))

    return asyncio.run(work())


def test_the_process_gives_what_the_codec_gives() -> None:
    data = picture(2, size=(500, 400))
    [made] = through(lambda: DecodePool(1, memory_mb=300, seconds=20), data)
    direct = derive(data)
    assert (made.jpeg, made.webp, made.thumb) == (direct.jpeg, direct.webp, direct.thumb)


def test_too_little_memory_is_a_reason_and_the_next_file_is_decoded() -> None:
    large = encoded(Image.new("RGB", (6000, 6000)), "PNG")
    refused, taken = through(lambda: DecodePool(1, memory_mb=64, seconds=20), large, picture())
    assert refused.reason is Reason.DECODE_TOO_MUCH_MEMORY
    assert taken.reason is None


def test_a_hanging_decoder_is_killed_and_replaced() -> None:
    async def work() -> tuple[Decoded, Decoded, int]:
        async with DecodePool(1, memory_mb=300, seconds=20) as pool:
            await pool.decode(picture())
            os.kill(pool._idle[0].process.pid, signal.SIGSTOP)
            pool.seconds = 0.5
            stopped = await pool.decode(picture())
            pool.seconds = 20
            return stopped, await pool.decode(picture()), pool.started

    stopped, after, started = asyncio.run(work())
    assert stopped.reason is Reason.DECODE_TOO_LONG
    assert after.reason is None
    assert started == 2


def test_a_decoder_that_was_killed_from_outside_costs_no_picture() -> None:
    async def work() -> Decoded:
        async with DecodePool(1, memory_mb=300, seconds=20) as pool:
            await pool.decode(picture())
            pool._idle[0].process.kill()
            return await pool.decode(picture())

    assert asyncio.run(work()).reason is None


def test_a_decoder_knows_no_secret_and_writes_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_SECRET_ACCESS_KEY", "hush")

    async def work() -> tuple[str, str]:
        async with DecodePool(1, memory_mb=300, seconds=20) as pool:
            await pool.decode(picture())
            folder = Path(f"/proc/{pool._idle[0].process.pid}")
            return (folder / "environ").read_text(), (folder / "limits").read_text()

    environment, limits = asyncio.run(work())
    assert "hush" not in environment
    [size] = [line for line in limits.splitlines() if line.startswith("Max file size")]
    assert size.split()[3] == "0"


def test_the_nasty_files_are_taken_or_refused_as_their_list_says(shared_data: Path) -> None:
    """Two seconds and 300 MB are enough for each, and none ends a process."""
    taken = {"JPEG", "MPO", "PNG", "WEBP", "GIF", "AVIF"}
    expected = {}
    for line in (shared_data / "images" / "README.md").read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) > 5 and cells[0].startswith(("nasty/", "exif_orientation/")):
            expected[cells[0]] = not cells[5].startswith("refused") and cells[5].split()[0] in taken

    async def work() -> tuple[dict[str, Decoded], int]:
        async with DecodePool(1, memory_mb=300, seconds=2) as pool:
            made = {name: await pool.decode((shared_data / "images" / name).read_bytes()) for name in expected}
            return made, pool.started

    made, started = asyncio.run(work())
    assert {name: one.reason is None for name, one in made.items()} == expected
    assert started == 1
    for one in made.values():
        if one.reason is None:
            clean(one)
    assert made["nasty/decompression_bomb.gif"].reason is Reason.BOMB
    assert made["nasty/png_decompression_dos.png"].reason is Reason.BOMB
    assert made["nasty/truncated_jpeg.jpg"].reason is Reason.TRUNCATED
    assert made["nasty/hopper.ico"].reason is Reason.FORMAT_NOT_TAKEN


def test_one_photo_under_four_orientations_looks_the_same(shared_data: Path) -> None:
    files = sorted((shared_data / "images" / "exif_orientation").glob("*.jpg"))
    small = [opened(derive(path.read_bytes()).thumb).resize((8, 6)) for path in files]
    assert len({image.size for image in small}) == 1
    for image in small[1:]:
        assert all(
            near(one, other, 16)  # type: ignore[arg-type]
            for one, other in zip(image.get_flattened_data(), small[0].get_flattened_data(), strict=True)
        )
