"""Bytes to derivatives: what the worker processes do with a file that nobody trusts.

Belongs here: judging, decoding, upright sRGB pixels, encoding. Pure Pillow: no network, no database, no files. Stays
out: limits of memory and time (``worker``), where results are kept (``storing``).
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from PIL import (
    AvifImagePlugin,
    GifImagePlugin,  # noqa: F401 - registers its format; nothing else is loaded
    Image,
    ImageCms,
    ImageFile,
    JpegImagePlugin,  # noqa: F401
    PngImagePlugin,  # noqa: F401
    UnidentifiedImageError,
    WebPImagePlugin,  # noqa: F401
)

from vitrina.images.reasons import Reason
from vitrina.images.recipe import (
    JPEG_QUALITY,
    MAX_PIXELS,
    MAX_SIDE,
    SHOWN_SIDE,
    THUMB_QUALITY,
    THUMB_SIDE,
    WEBP_METHOD,
    WEBP_QUALITY,
)
from vitrina.images.sniffing import sniff

#: Pillow's names of what is taken → ours. Its other decoders are never tried: most have had holes.
FORMATS: Final = {"JPEG": "jpeg", "MPO": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "AVIF": "avif"}
_TRIED = ("JPEG", "PNG", "WEBP", "GIF", "AVIF")  # the JPEG one finds out that it holds an MPO

ImageFile.LOAD_TRUNCATED_IMAGES = False
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
AvifImagePlugin.DEFAULT_MAX_THREADS = 1

_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip
_ON_ITS_SIDE = {_TRANSPOSE[number] for number in (5, 6, 7, 8)}
_ORIENTATION = 0x0112


class Refused(Exception):
    """The file is not taken; ``reason`` is the named one."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message


@dataclass(frozen=True, slots=True)
class Derived:
    """A taken file. Width and height are the original's, upright."""

    format: str
    width: int
    height: int
    shown_width: int
    shown_height: int
    jpeg: bytes
    webp: bytes
    thumb: bytes


@dataclass(frozen=True, slots=True)
class Pixels:
    """A taken file's pixels. Width and height are the original's, upright; ``rgb`` is rows of three bytes a pixel."""

    format: str
    width: int
    height: int
    shown_width: int
    shown_height: int
    rgb: bytes


def derive(data: bytes) -> Derived:
    """Decode a file and make the three derivatives.

    Raises:
        Refused: the file is not taken.
        MemoryError: it needs more than the process may have.
    """
    kind, upright, (width, height) = _taken(data, SHOWN_SIDE)
    small = upright.copy()
    small.thumbnail((THUMB_SIDE, THUMB_SIDE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return Derived(
        kind,
        width,
        height,
        *upright.size,
        jpeg=_encoded(upright, "JPEG", quality=JPEG_QUALITY),
        webp=_encoded(upright, "WEBP", quality=WEBP_QUALITY, method=WEBP_METHOD),
        thumb=_encoded(small, "JPEG", quality=THUMB_QUALITY),
    )


def pixels(data: bytes, side: int) -> Pixels:
    """Decode a file without making derivatives: RGB, upright, in sRGB on white, to fit a square.

    Raises:
        Refused: the file is not taken.
        MemoryError: it needs more than the process may have.
    """
    kind, upright, (width, height) = _taken(data, side)
    return Pixels(kind, width, height, *upright.size, rgb=upright.tobytes())


def _taken(data: bytes, side: int) -> tuple[str, Image.Image, tuple[int, int]]:
    """Format, upright pixels to fit a square, and the original's upright size."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        image = _open(data)
        try:
            upright, size = _pixels(image, side)
        except (Refused, MemoryError):
            raise
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise Refused(Reason.BOMB, str(error)) from None
        except Exception as error:  # noqa: BLE001 - decoders raise nearly everything at hostile bytes
            raise _judged(error) from None
        return FORMATS[str(image.format)], upright, size


def _open(data: bytes) -> Image.Image:
    if not data:
        raise Refused(Reason.EMPTY, "The file is empty.")
    try:
        image = Image.open(io.BytesIO(data), formats=_TRIED)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise Refused(Reason.BOMB, str(error)) from None
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - see above
        kind = sniff(data)
        if kind is None:
            raise Refused(Reason.NOT_AN_IMAGE, "The bytes are no picture.") from None
        if kind not in FORMATS.values():
            raise Refused(Reason.FORMAT_NOT_TAKEN, f"{kind} is not taken; JPEG, PNG, WebP, GIF and AVIF are.") from None
        if isinstance(error, UnidentifiedImageError):
            raise Refused(Reason.DAMAGED, f"It begins like {kind}, but its header cannot be read.") from None
        raise _judged(error) from None
    width, height = image.size
    if width * height > MAX_PIXELS or max(width, height) > MAX_SIDE:
        raise Refused(Reason.BOMB, f"{width} x {height} pixels; at most {MAX_PIXELS:,} and {MAX_SIDE:,} a side.")
    return image


def _judged(error: Exception) -> Refused:
    """The decoder's complaint as a named reason."""
    said = f"{type(error).__name__}: {error}"[:300]
    text = str(error).casefold()
    if "too large" in text or "max_text" in text or "decompression bomb" in text:
        return Refused(Reason.BOMB, said)
    if "truncated" in text or "premature end" in text or "end of file" in text:
        return Refused(Reason.TRUNCATED, said)
    return Refused(Reason.DAMAGED, said)


def _pixels(image: Image.Image, side: int) -> tuple[Image.Image, tuple[int, int]]:
    """Upright RGB pixels in sRGB, to fit a square; and the original's upright size."""
    full = image.size
    small = _reduced(image, side)
    turn = _TRANSPOSE.get(_orientation(image))
    profile = image.info.get("icc_profile")
    rgb = _rgb(small, profile if isinstance(profile, bytes) else None)
    if turn is not None:
        rgb = rgb.transpose(turn)
    if rgb is image or rgb.info:
        rgb = rgb.copy()
        rgb.info = {}
    return rgb, (full[1], full[0]) if turn in _ON_ITS_SIDE else full


def _reduced(image: Image.Image, side: int) -> Image.Image:
    """Decoded and made to fit, still in its own colours. Small first, colours after: it is the cheaper order."""
    if image.format in {"JPEG", "MPO"}:
        # Lets libjpeg scale while it decodes: 8 times less memory and time for a camera's picture.
        image.draft(None, (side * 2, side * 2))
    image.load()
    if image.mode in {"1", "P", "PA"}:
        mode = "RGBA" if "transparency" in image.info or image.mode == "PA" else "RGB" if image.mode == "P" else "L"
        working = image.convert(mode)
    elif image.mode.startswith("I") or image.mode == "F":
        working = _eight_bits(image)
    elif "transparency" in image.info and image.mode in {"L", "RGB"}:
        working = image.convert("RGBA")
    else:
        working = image
    working.thumbnail((side, side), Image.Resampling.LANCZOS, reducing_gap=2.0)
    return working


def _eight_bits(image: Image.Image) -> Image.Image:
    """16 bits a channel to 8. ``convert("L")`` alone would clip everything above 255."""
    if image.mode == "F":
        return image.convert("L")
    return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")


def _orientation(image: Image.Image) -> int:
    try:
        value: Any = image.getexif().get(_ORIENTATION, 1)
        return int(value)
    except Exception:  # noqa: BLE001 - EXIF is written by anyone; a bad block is no reason to lose a picture
        return 1


def _rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """RGB in sRGB on white."""
    alpha = image.getchannel("A") if image.mode in {"RGBA", "LA"} else None
    opaque = image.convert("RGB" if image.mode == "RGBA" else "L") if alpha is not None else image
    flat = _to_srgb(opaque, profile) if profile else None
    if flat is None:
        flat = opaque if opaque.mode == "RGB" else opaque.convert("RGB")
    if alpha is not None:
        white = Image.new("RGB", flat.size, (255, 255, 255))
        white.paste(flat, mask=alpha)
        return white
    return flat


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image | None:
    """Through the picture's own profile; ``None`` where it has none that fits."""
    try:
        transform = _transform(profile, image.mode)
        return None if transform is None else ImageCms.applyTransform(image, transform)
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return None


@lru_cache(maxsize=16)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Making one costs a few milliseconds (CMYK more); a shop's pictures share a handful of profiles."""
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(source).casefold():
        return None
    return ImageCms.buildTransform(source, _srgb(), mode, "RGB")


@lru_cache(maxsize=1)
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _encoded(image: Image.Image, kind: str, **options: int) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
