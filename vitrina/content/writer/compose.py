"""From the sheet to a description: the plan of the text.

Belongs here: which statement goes into which paragraph, in which order, and how much of it. Stays out: wording
(``wording``, ``patterns_*``) and SEO fields (``seo``).

Each fact is said once in the body. The order of parts, the facts that become list items and every sentence pattern
hang on the product's id, so that similar products do not get the same text.
"""

from __future__ import annotations

from vitrina.content import contract, html
from vitrina.content.contract import Description
from vitrina.content.writer import seo
from vitrina.content.writer.choice import Choice
from vitrina.content.writer.sheet import Sheet
from vitrina.content.writer.statements import Statement, statements
from vitrina.content.writer.wording import WORDINGS, Wording

#: A little below the contract's limit: a list lead may follow.
_WORDS_MAX = contract.WORDS_MAX - 12
_CARE_SLOTS = frozenset({"material_garment", "material_care"})
_SIZE_SLOTS = frozenset({"sizes", "size"})


def compose(sheet: Sheet) -> Description:
    """The description of a sheet. With few facts it is short, with none it is the name alone."""
    wording, choice = WORDINGS[sheet.language], Choice(sheet.product_id)
    said = statements(sheet, wording, choice)
    if not sheet.name:
        said = [item for item in said if not _in_intro(item, sheet)]
    materials = [item for item in said if item.slot in _CARE_SLOTS]
    sizes = [item for item in said if item.slot in _SIZE_SLOTS]
    rest = [item for item in said if item.slot not in _CARE_SLOTS | _SIZE_SLOTS]
    specs = [f"{spec.label}: {spec.value}" for spec in sheet.specs]

    intro = _intro(sheet, wording, choice)
    bullets, rest, specs = _bullets(rest, specs, choice)
    if len(bullets) < contract.BENEFITS_MIN:
        spare = contract.BENEFITS_MIN - len(bullets)
        moved = [*materials, *sizes][:spare]
        bullets += [item.bullet for item in moved]
        materials = [item for item in materials if item not in moved]
        sizes = [item for item in sizes if item not in moved]

    care = [item.sentence for item in materials] + sheet.care
    size_advice = [item.sentence for item in sizes] + sheet.size_notes
    about = [item.sentence for item in choice.shuffled("rest", rest)]
    budget = _WORDS_MAX - sum(len(html.words(part)) for part in [intro, *bullets, *care, *size_advice, *about])
    usage, budget = _fit(choice.shuffled("usage", sheet.usage), budget)
    source, budget = _fit(sheet.source, budget)
    specs, budget = _fit(specs, budget)

    opening = html.paragraph(" ".join([intro, *about]))
    points = html.paragraph(choice.pick("lead", wording.patterns.LIST_LEADS)) + html.bullet_list(bullets)
    middle = [
        html.paragraph(" ".join(source)) if source else "",
        points if bullets else "",
        html.paragraph(" ".join(usage)) if usage else "",
    ]
    closing = [
        html.paragraph(" ".join(care)) if care else "",
        html.paragraph(" ".join(size_advice)) if size_advice else "",
        _specs(specs, wording, choice),
    ]
    body = "".join([opening, *choice.shuffled("middle", middle), *choice.shuffled("closing", closing)])
    material_care, advice = " ".join(care)[:1000], " ".join(size_advice)[:1000]
    return Description(
        product_id=sheet.product_id,
        language="en" if sheet.language == "en" else "ru",
        title=seo.title(sheet, wording),
        body=body,
        benefits=bullets,
        material_care=material_care,
        size_advice=advice,
        seo_title=seo.seo_title(sheet, wording, said),
        seo_description=seo.seo_description([intro, *(item.sentence for item in said), *source, *usage, *care]),
        keywords=seo.keywords(sheet, wording),
    )


def _in_intro(item: Statement, sheet: Sheet) -> bool:
    """Whether a composed name ("женское платье Koton из хлопка, цвет — чёрный") has said it already."""
    if sheet.kind is None:
        return False
    if item.slot == "color":
        return True
    if item.slot == "material_garment":
        return len(sheet.materials) == 1 and sheet.materials[0].percent is None
    return item.slot == "gender" and len(sheet.genders) == 1 and bool(sheet.genders[0].ru_adj)


def _intro(sheet: Sheet, wording: Wording, choice: Choice) -> str:
    patterns = wording.patterns
    parts = []
    if sheet.name:
        fields = {"name": sheet.name, "name_inside": lower_first(sheet.name), "category": sheet.category}
        kind = "category" if sheet.category else "plain"
        parts.append(choice.pick("intro", patterns.NAMED[kind]).format_map(fields))
        if sheet.brand and sheet.brand.casefold() not in sheet.name.casefold():
            parts.append(choice.pick("brand", patterns.SENTENCES["brand"]).format_map({"v": sheet.brand}))
        return " ".join(parts)
    thing = wording.thing(sheet)
    if thing:
        branded = f"{thing} {sheet.brand}" if sheet.brand else thing
        fields = {"thing": branded, "Thing": branded[:1].upper() + branded[1:], "tail": wording.tail(sheet)}
        parts.append(choice.pick("intro", patterns.COMPOSED).format_map(fields))
    elif sheet.brand:
        parts.append(choice.pick("brand", patterns.SENTENCES["brand"]).format_map({"v": sheet.brand}))
    if sheet.category:
        options = patterns.COMPOSED_CATEGORY if thing else patterns.UNKNOWN
        parts.append(choice.pick("category", options).format_map({"category": sheet.category}))
    return " ".join(parts) or wording.nothing


def lower_first(name: str) -> str:
    """The name inside of a sentence: a common Russian noun loses its capital, a brand or a code keeps it."""
    from vitrina.content.morphology import parses

    word = name.split(" ", 1)[0]
    reading = parses(word.lower())[0]
    proper = {"Name", "Surn", "Geox", "Orgn", "Trad", "Abbr"} & set(reading.tag.grammemes)
    common = reading.is_known and not proper and word[1:].islower()
    return name[:1].lower() + name[1:] if common else name


def _bullets(rest: list[Statement], specs: list[str], choice: Choice) -> tuple[list[str], list[Statement], list[str]]:
    """Three to five list items, half of the facts at most, so that sentences are left for the opening."""
    wanted = min(contract.BENEFITS_MAX, max(contract.BENEFITS_MIN, (len(rest) + len(specs)) // 2))
    order = choice.shuffled("bullets", range(len(rest)))[:wanted]
    bullets = [rest[place].bullet for place in sorted(order)]
    left = [item for place, item in enumerate(rest) if place not in order]
    missing = max(0, wanted - len(bullets))
    return bullets + specs[:missing], left, specs[missing:]


def _fit(sentences: list[str], budget: int) -> tuple[list[str], int]:
    """Sentences in order while they fit into the budget of words, and what is left of it."""
    kept = []
    for sentence in sentences:
        count = len(html.words(sentence))
        if count <= budget:
            kept.append(sentence)
            budget -= count
    return kept, budget


def _specs(specs: list[str], wording: Wording, choice: Choice) -> str:
    if not specs:
        return ""
    if len(specs) < 3:
        return html.paragraph(" ".join(f"{spec}." for spec in specs))
    return html.paragraph(choice.pick("specs", wording.patterns.SPEC_LEADS)) + html.bullet_list(specs)
