"""Files to derivatives: what is taken, what is refused and why."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms

from tests.fakes.image_server import picture
from tests.images.decoding import clean, encoded, judged, near, opened, refusal
from vitrina.images.codec import Derived, derive
from vitrina.images.reasons import Reason


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
