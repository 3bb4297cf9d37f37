"""Title, SEO fields and keywords of the offline writer.

Belongs here: fitting known facts into lengths. Stays out: the body.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from vitrina.content import contract
from vitrina.content.writer.sheet import Sheet
from vitrina.content.writer.statements import Statement
from vitrina.content.writer.wording import Wording

_SUPPLEMENT = re.compile(r"витамин|добавк|БАД|vitamin|supplement", re.IGNORECASE)
_SEO_SLOTS = frozenset({"sizes", "size", "skin", "ingredient", "season", "count"})


def base_name(sheet: Sheet, wording: Wording) -> str:
    """The shortest honest name: the shop's title, else kind and brand, else the category."""
    if sheet.name:
        return sheet.name
    thing = wording.thing(sheet)
    if not thing and sheet.ingredients and _SUPPLEMENT.search(" ".join(sheet.category_path)):
        thing = wording.name(sheet.ingredients[0])  # a supplement is called by what it holds
    name = " ".join(filter(None, [thing or sheet.category, sheet.brand])) or wording.nothing.rstrip(".")
    return name[:1].upper() + name[1:]


def title(sheet: Sheet, wording: Wording) -> str:
    """At most 100 characters; a composed name takes colour, material and quantity while they fit."""
    name = clip(base_name(sheet, wording), contract.TITLE_MAX)
    return name if sheet.name else _append(name, _marks(sheet, wording)[:3], contract.TITLE_MAX)


def seo_title(sheet: Sheet, wording: Wording, said: Sequence[Statement]) -> str:
    """50 to 60 characters where the facts allow it, never above 70."""
    low, high = contract.SEO_TITLE_WANTED
    name = base_name(sheet, wording)
    if len(name) > high:
        return clip(name, high)
    if sheet.brand and sheet.brand.casefold() not in name.casefold() and len(name) + len(sheet.brand) + 1 <= high:
        name = f"{name} {sheet.brand}"
    extra = [*_marks(sheet, wording), *(wording.name(entry) for entry in sheet.countries[:1])]
    extra += [_lower(sheet.category)] if sheet.category else []
    extra += [_lower(item.bullet) for item in said if item.slot in _SEO_SLOTS]
    fresh = [part for part in extra if part[:4].casefold() not in name.casefold()]
    return name if len(name) >= low else _append(name, fresh, high, enough=low)


def seo_description(sentences: Sequence[str]) -> str:
    """Whole sentences that together take 150 to 160 characters where such a choice exists, else the fullest one.

    A subset-sum over lengths: order is kept, the first sentence always stands.
    """
    low, high = contract.SEO_DESCRIPTION_WANTED
    first, *others = [sentence for sentence in dict.fromkeys(sentences) if sentence]
    if len(first) > high:
        return clip(first, high)
    best: dict[int, list[str]] = {len(first): [first]}
    for sentence in others:
        for length, chosen in sorted(best.items(), reverse=True):
            best.setdefault(length + 1 + len(sentence), [*chosen, sentence])
        best = {length: chosen for length, chosen in best.items() if length <= high}
    wanted = [length for length in best if length >= low]
    return " ".join(best[max(wanted or best)])


def keywords(sheet: Sheet, wording: Wording) -> list[str]:
    """Five to seven search phrases of known facts."""
    found: list[str] = []
    kind = wording.name(sheet.kind) if sheet.kind else ""
    category = _lower(sheet.category) if sheet.category else ""
    if sheet.name:
        found.append(_lower(clip(sheet.name, 60)))
    if sheet.kind is not None:
        found += [wording.thing(sheet), kind, f"{kind} {sheet.brand}" if sheet.brand else ""]
        found += [wording.colored(color, sheet.kind) for color in sheet.colors[:1]]
        found += [wording.made_of(sheet.kind, share.entry) for share in sheet.materials[:1] if sheet.group == "garment"]
        found += [f"{kind} {quantity.text}" for quantity in sheet.quantities[:1]]
    found += [category, f"{category} {sheet.brand}" if sheet.brand and category else "", sheet.brand or ""]
    found += [wording.name(entry) for entry in [*sheet.ingredients, *sheet.skins]]
    found += [_lower(part) for part in reversed(sheet.category_path[:-1])]
    found += [f"{category}, {wording.name(entry)}" for entry in [*sheet.colors, *sheet.countries] if category]
    unique: dict[str, str] = {}
    for phrase in found:
        unique.setdefault(phrase.casefold().strip(), phrase.strip())
    unique.pop("", None)
    return list(unique.values())[: contract.KEYWORDS_MAX]


def clip(text: str, limit: int) -> str:
    """The text cut at a word so that it fits."""
    if len(text) <= limit:
        return text
    cut = text[: limit + 1].rsplit(" ", 1)[0] if " " in text[: limit + 1] else text[:limit]
    return cut.rstrip(" ,;:–—-(«")[:limit]


def _marks(sheet: Sheet, wording: Wording) -> list[str]:
    marks = [wording.color_mark(entry, sheet.kind) for entry in sheet.colors[:1]]
    marks += [wording.name(share.entry) for share in sheet.materials[:1]] if sheet.group == "garment" else []
    return marks + [quantity.text for quantity in sheet.quantities[:2]]


def _append(name: str, parts: Sequence[str], limit: int, *, enough: int | None = None) -> str:
    for part in parts:
        longer = f"{name}, {part}"
        if len(longer) <= limit and part.casefold() not in name.casefold():
            name = longer
        if enough is not None and len(name) >= enough:
            break
    return name


def _lower(phrase: str) -> str:
    return phrase[:1].lower() + phrase[1:] if phrase[1:2].islower() and not phrase[:1].isascii() else phrase
