"""Posts of a shop on Instagram: the caption is the only product text.

Belongs here: title, price and what else a post says. Stays out: pictures, which later steps download.

Exports fill in what Instagram does not have. A price, size or colour that stands in most posts is such a filler and is
not taken; a price written in the caption is real.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vitrina.feeds.captions import hashtags, price_in, several, title_of
from vitrina.feeds.prices import Price
from vitrina.feeds.records import DropFile, PriceNote, QuarantinedRow, RawRow, Reason

_TRAITS = {
    "media_type", "instagram_url", "permalink", "shortcode", "shortCode", "media_url", "thumbnail_url", "likes",
    "likesCount", "like_count", "comments_count", "commentsCount", "displayUrl", "display_url", "ownerUsername",
    "hashtags", "taken_at_timestamp", "edge_media_to_caption", "is_video", "mediaType", "timestamp",
}  # fmt: skip
_FILLER_SHARE = 0.5
_FILLER_POSTS = 5


def matches(records: Sequence[Mapping[str, Any]]) -> bool:
    """Whether most of the sample are posts."""
    return bool(records) and sum(map(_is_post, records)) * 2 > len(records)


def _inner(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The post in its envelope: GraphQL gives ``{node: {…}}``."""
    node = record.get("node")
    return node if isinstance(node, Mapping) else record


def _is_post(record: Mapping[str, Any]) -> bool:
    record = _inner(record)
    return ("caption" in record or "edge_media_to_caption" in record) and bool(_TRAITS & set(record))


class Posts:
    """Reads posts, knowing from a sample which values are fillers."""

    def __init__(self, sample: Sequence[Mapping[str, Any]]) -> None:
        self.notes: list[str] = []
        sample = [_inner(post) for post in sample]
        self.fillers = {key: self._filler(sample, key) for key in ("price", "old_price", "sizes", "colors")}
        prices = [price_in(_caption(post)) for post in sample]
        found = Counter(price.currency for price in prices if price and price.currency)
        self.currency = found.most_common(1)[0][0] if found else None

    def _filler(self, sample: Sequence[Mapping[str, Any]], key: str) -> str | None:
        values = Counter(repr(post[key]) for post in sample if post.get(key) not in (None, "", []))
        if not values:
            return None
        value, count = values.most_common(1)[0]
        if count < _FILLER_POSTS or count < _FILLER_SHARE * len(sample):
            return None
        self.notes.append(f"{key} {_shown(value)} stands in {count} of {len(sample)} posts: a filler, not used")
        return value

    def rows(
        self, records: Iterable[tuple[int, dict[str, Any]]], file: DropFile, broken: list[QuarantinedRow]
    ) -> Iterator[RawRow]:
        """Canonical rows; a post without words goes to ``broken`` with the reason."""
        for number, post in records:
            values = self.product(post)
            if values is None:
                message = "a post whose caption has no words to make a title of"
                broken.append(QuarantinedRow(number, Reason.NO_TITLE, message, repr(post)[:20_000], file.name))
            else:
                yield RawRow(number, values, None, file.name)

    def product(self, post: Mapping[str, Any]) -> dict[str, Any] | None:
        """Canonical values of a post; ``None`` when it names nothing."""
        post = _inner(post)
        caption = _caption(post)
        title = title_of(caption)
        if not title:
            return None
        link = post.get("instagram_url") or post.get("permalink") or post.get("url") or post.get("link")
        code = post.get("shortcode") or post.get("shortCode") or post.get("code")
        values: dict[str, Any] = {
            "id": str(post.get("id") or code or "") or None,
            "title": title,
            "description": caption,
            "url": link or (f"https://www.instagram.com/p/{code}/" if code else None),
            "image": _images(post),
            "supplier": post.get("ownerUsername") or post.get("username"),
            "color": self._own(post, "colors"),
            "size": self._own(post, "sizes"),
        }
        written, own = price_in(caption), self._own(post, "price")
        if written:
            values["price"], values["currency"] = written, written.currency or self.currency
        elif self._is_filler(post, "price"):
            values["price"] = Price(None, None, PriceNote.FILLER.value)
        elif own is not None and not several(caption):
            values["price"], values["currency"] = own, self.currency
            values["old_price"] = self._own(post, "old_price")
        if isinstance(post.get("sold_out"), bool):
            values["available"] = not post["sold_out"]
        values["attr:hashtags"] = hashtags(caption)
        values["attr:media_type"] = post.get("media_type") or post.get("type")
        return {key: value for key, value in values.items() if value not in (None, "", [])}

    def _own(self, post: Mapping[str, Any], key: str) -> Any:
        value = post.get(key)
        return None if value in (None, "", []) or self._is_filler(post, key) else value

    def _is_filler(self, post: Mapping[str, Any], key: str) -> bool:
        return self.fillers[key] is not None and repr(post.get(key)) == self.fillers[key]


def _caption(post: Mapping[str, Any]) -> str:
    caption = post.get("caption")
    if isinstance(caption, Mapping):
        caption = caption.get("text")
    if caption is None and isinstance(post.get("edge_media_to_caption"), Mapping):
        edges = post["edge_media_to_caption"].get("edges")
        first = edges[0] if isinstance(edges, list) and edges else None
        node = first.get("node") if isinstance(first, Mapping) else None
        caption = node.get("text") if isinstance(node, Mapping) else None
    return caption if isinstance(caption, str) else ""


def _images(post: Mapping[str, Any]) -> list[str]:
    keys = ("image_url", "media_url", "displayUrl", "display_url", "thumbnail_url", "image")
    urls = [post[key] for key in keys if isinstance(post.get(key), str) and post[key]]
    more = post.get("images")
    if isinstance(more, list):
        urls.extend(url for url in more if isinstance(url, str))
    return list(dict.fromkeys(urls))[:20]


def _shown(value: str) -> str:
    return re.sub(r"Decimal\('([^']*)'\)", r"\1", value)
