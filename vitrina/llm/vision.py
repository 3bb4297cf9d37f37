"""Pictures in messages.

Belongs here: content parts with a picture's bytes, their size in tokens, and their short names in keys and ledger.
Stays out: fetching and shrinking pictures. Pictures go as data URLs: the provider fetches nothing for us, and what was
shown is known by its hash.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from vitrina.errors import PermanentError

MIME_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
DETAILS = ("auto", "low", "high", "original")
#: OpenAI takes 50 MB a request and others 20 MB a picture; base64 adds a third.
MAX_BYTES = 15 * 1024 * 1024
_LOW_TOKENS = 85
_BASE_TOKENS = 85
_TILE_TOKENS = 170
_UNKNOWN_SIZE = (1024, 1024)


class ImagePartError(PermanentError):
    """The bytes cannot be shown to a model."""


class ImagePart(dict[str, Any]):
    """A content part in the OpenAI form that knows the hash and the size of its picture.

    Attributes:
        sha256: Of the bytes, hex.
        tokens: What providers count for it, about.
    """

    __slots__ = ("sha256", "tokens")

    sha256: str
    tokens: int


def image_part(data: bytes, mime: str, detail: str = "auto") -> ImagePart:
    """A content part for a message: ``{"type": "image_url", "image_url": {"url": "data:…", "detail": …}}``.

    Raises:
        ImagePartError: Empty, larger than 15 MB, of another kind than its name says, or of a kind that models
            do not take.
    """
    if mime not in MIME_TYPES:
        raise ImagePartError(f"Models take no {mime} pictures.", hint="Give JPEG, PNG, WebP or GIF.")
    if detail not in DETAILS:
        raise ImagePartError(f"{detail!r} is no detail of a picture.", hint=f"One of {', '.join(DETAILS)}.")
    if not data:
        raise ImagePartError("The picture is empty.")
    if len(data) > MAX_BYTES:
        raise ImagePartError(f"The picture has {len(data)} bytes; models take {MAX_BYTES}.", hint="Make it smaller.")
    if _kind(data) != mime:
        raise ImagePartError(f"The bytes are no {mime} picture.", hint="Name the kind that the bytes are.")
    url = f"data:{mime};base64,{base64.b64encode(data).decode()}"
    part = ImagePart(type="image_url", image_url={"url": url, "detail": detail})
    part.sha256 = hashlib.sha256(data).hexdigest()
    part.tokens = image_tokens(*(image_size(data) or _UNKNOWN_SIZE), detail)
    return part


def image_tokens(width: int, height: int, detail: str = "auto") -> int:
    """What a picture counts: 85, and 170 for each tile of 512 px once it fits 2048 and its short side 768.

    The rule that OpenAI publishes for its tile models; others count less, so budgets and rates err to the safe side.
    """
    if detail == "low":
        return _LOW_TOKENS
    scale = min(1.0, 2048 / max(width, height, 1))
    width, height = width * scale, height * scale  # type: ignore[assignment]
    scale = min(1.0, 768 / max(min(width, height), 1))
    tiles = -(-int(width * scale) // 512) * -(-int(height * scale) // 512)
    return _BASE_TOKENS + _TILE_TOKENS * max(1, tiles)


def part_tokens(part: Mapping[str, Any]) -> int:
    """Tokens of a content part with a picture, also of one that was not made here."""
    if isinstance(part, ImagePart):
        return part.tokens
    image = part.get("image_url")
    detail = image.get("detail", "auto") if isinstance(image, Mapping) else "auto"
    return image_tokens(*_UNKNOWN_SIZE, str(detail))


def has_pictures(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a message holds content parts with a data URL. Cheap: most messages are plain text."""
    return any(
        not isinstance(content := message.get("content"), str)
        and isinstance(content, list | tuple)
        and any(isinstance(part, Mapping) and part.get("type") == "image_url" for part in content)
        for message in messages
    )


def by_hash(body: Mapping[str, Any]) -> dict[str, Any]:
    """A body with ``sha256:…`` in place of each data URL and of Ollama's picture lists: for keys and for the ledger."""
    return {**body, "messages": [_short_message(message) for message in body.get("messages") or ()]}


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels from the header of a PNG, GIF, JPEG or WebP; ``None`` where it does not tell."""
    if data.startswith(b"\x89PNG\r\n\x1a\n") and len(data) >= 24:
        return struct.unpack(">II", data[16:24])
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        return struct.unpack("<HH", data[6:10])
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8X" and len(data) >= 30:
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8 " and len(data) >= 30:
        width, height = struct.unpack("<HH", data[26:30])
        return width & 0x3FFF, height & 0x3FFF
    if data[:4] == b"RIFF" and data[8:16] == b"WEBPVP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    return _jpeg_size(data) if data.startswith(b"\xff\xd8") else None


def plain_png(width: int, height: int, colour: tuple[int, int, int]) -> bytes:
    """A PNG of one colour: what a probe shows."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = (b"\x00" + bytes(colour) * width) * height
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def _short_message(message: Mapping[str, Any]) -> dict[str, Any]:
    out = dict(message)
    if isinstance(out.get("images"), list):
        out["images"] = [_short(str(image)) for image in out["images"]]
    content = out.get("content")
    if isinstance(content, list | tuple):
        out["content"] = [_short_part(part) for part in content]
    return out


def _short_part(part: Any) -> Any:
    image = part.get("image_url") if isinstance(part, Mapping) else None
    url = image.get("url") if isinstance(image, Mapping) else None
    if not isinstance(image, Mapping) or not isinstance(url, str) or not url.startswith("data:"):
        return part
    digest = part.sha256 if isinstance(part, ImagePart) else _short(url.partition(",")[2]).removeprefix("sha256:")
    return {**part, "image_url": {**image, "url": f"sha256:{digest}"}}


def _short(encoded: str) -> str:
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        data = encoded.encode("utf-8", "surrogatepass")
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def _kind(data: bytes) -> str:
    if data.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return "image/gif" if data[:6] in (b"GIF87a", b"GIF89a") else ""


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        if length < 2:
            return None
        at += 2 + length
    return None
