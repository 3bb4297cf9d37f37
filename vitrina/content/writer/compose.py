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
from vitrina.content.writer.sheet import Sheet, Spec
from vitrina.content.writer.statements import Statement, statements, subject_fields
from vitrina.content.writer.wording import WORDINGS, Wording

#: A little below the contract's limit: a list lead may follow.
_WORDS_MAX = contract.WORDS_MAX - 12
#: Where sentences of the category stop being added.
_WORDS_WANTED = 185
#: So many further sentences make a paragraph of their own.
_LONG_OPENING = 5
#: From so many facts on, a list sums up.
_SUMMARY_FROM = 4
_CARE_SLOTS = frozenset({"material_garment", "material_care"})
_SIZE_SLOTS = frozenset({"sizes", "size"})


def compose(sheet: Sheet, seed: int = 0) -> Description:
    """The description of a sheet. With few facts it is short, with none it is the name alone.

    Another seed gives the same facts other words and another order.
    """
    wording, choice = WORDINGS[sheet.language], Choice(sheet.product_id, seed)
    skip = _in_name if sheet.name else _in_intro
    known = statements(sheet, wording, choice)
    said = [item for item in known if not skip(item, sheet)]
    intro = _intro(sheet, wording, choice)
    bullets, kept, specs = _bullets(said, sheet.specs, choice)
    if len(bullets) < contract.BENEFITS_MIN:  # rather a list that repeats the first sentence than no list
        bullets += [item.bullet for item in known if item not in said][: contract.BENEFITS_MIN - len(bullets)]
    if sheet.brand and 0 < len(bullets) < contract.BENEFITS_MIN:
        bullets.append(choice.pick("bullet/brand", wording.patterns.BULLETS["brand"]).format_map({"v": sheet.brand}))

    care = [item.sentence for item in kept if item.slot in _CARE_SLOTS]
    size_advice = [item.sentence for item in kept if item.slot in _SIZE_SLOTS]
    about = [item.sentence for item in kept if item.slot not in _CARE_SLOTS | _SIZE_SLOTS]
    about = choice.shuffled("about", about) + _spec_sentences(specs, wording, choice)
    budget = _WORDS_MAX - _count([*intro, *bullets, *care, *size_advice])
    about, budget = _fit(about, budget)
    source, budget = _fit(sheet.source, budget)
    usage, more_care, more_size = _category_facts(sheet, choice, budget)
    care, size_advice = care + more_care, size_advice + more_size

    opening, further = ([*intro, *about], []) if len(about) < _LONG_OPENING else ([*intro, *about[:2]], about[2:])
    points = html.paragraph(choice.pick("lead", wording.patterns.LIST_LEADS)) + html.bullet_list(bullets)
    middle = choice.shuffled("middle", [_paragraph(source), _paragraph(further), points if bullets else ""])
    closing = choice.shuffled("closing", [_paragraph(usage), _paragraph(care), _paragraph(size_advice)])
    return Description(
        product_id=sheet.product_id,
        language="en" if sheet.language == "en" else "ru",
        title=seo.title(sheet, wording),
        body="".join([_paragraph(opening), *middle, *closing]),
        benefits=bullets,
        material_care=" ".join(care)[:1000],
        size_advice=" ".join(size_advice)[:1000],
        seo_title=seo.seo_title(sheet, wording, said),
        seo_description=seo.seo_description([*intro, *(item.sentence for item in said), *source, *usage, *care]),
        keywords=seo.keywords(sheet, wording),
    )


def _paragraph(sentences: list[str]) -> str:
    return html.paragraph(" ".join(sentences)) if sentences else ""


def _in_name(item: Statement, sheet: Sheet) -> bool:
    """Whether the quoted title says for whom or for which season already ("Платье женское летнее")."""
    if item.slot not in ("gender", "age", "season"):
        return False
    entries = {"gender": sheet.genders, "age": sheet.ages, "season": sheet.seasons}[item.slot]
    name = (sheet.name or "").casefold()
    return all(any(word[:4] in name for word in (entry.ru, entry.ru_adj or entry.ru)) for entry in entries)


def _in_intro(item: Statement, sheet: Sheet) -> bool:
    """Whether a composed name ("женское платье Koton из хлопка, цвет — чёрный") has said it already."""
    if sheet.kind is None:
        return False
    if item.slot == "color":
        return True
    if item.slot == "material_garment":
        return len(sheet.materials) == 1 and sheet.materials[0].percent is None and not sheet.material_text
    return item.slot == "gender" and len(sheet.genders) == 1 and bool(sheet.genders[0].ru_adj)


def _intro(sheet: Sheet, wording: Wording, choice: Choice) -> list[str]:
    patterns = wording.patterns
    fields = {**subject_fields(sheet, wording, choice), "category": sheet.category or "", "v": sheet.brand or ""}
    brand = choice.pick("brand", patterns.SENTENCES["brand"]).format_map(fields) if sheet.brand else ""
    thing = wording.thing(sheet)
    echoed = bool(sheet.category) and _echoes(sheet.category or "", sheet.name or thing)
    fields["path"] = " / ".join(sheet.category_path[:-1])
    path = choice.pick("path", patterns.PATH).format_map(fields) if echoed and fields["path"] else ""
    if sheet.name:
        kind = "plain" if echoed or not sheet.category else "category"
        first = choice.pick("intro", patterns.NAMED[kind]).format_map({**fields, "name": sheet.name})
        named = (sheet.brand or "").casefold() in sheet.name.casefold()
        return list(filter(None, [first, "" if named else brand, path]))
    parts = []
    if thing:
        branded = f"{thing} {sheet.brand}" if sheet.brand else thing
        fields |= {"thing": branded, "Thing": branded[:1].upper() + branded[1:], "tail": wording.tail(sheet)}
        parts.append(choice.pick("intro", patterns.COMPOSED).format_map(fields))
    if sheet.category and not echoed:
        options = patterns.COMPOSED_CATEGORY if thing else patterns.UNKNOWN
        parts.append(choice.pick("category", options).format_map(fields))
    parts += [path, "" if thing else brand]
    return list(filter(None, parts)) or [wording.nothing]


def _echoes(category: str, name: str) -> bool:
    """Whether the category says no more than the name: "Платья" for "Платье женское"."""
    return category[:4].casefold() in name.casefold()


def _bullets(said: list[Statement], specs: list[Spec], choice: Choice) -> tuple[list[str], list[Statement], list[Spec]]:
    """Three to five list items, and the facts left for sentences.

    Where facts abound the list sums up the most telling ones, which sentences say as well; where they are few, a fact
    that stands in the list is not said again.
    """
    total = len(said) + len(specs)
    summary = total >= _SUMMARY_FROM
    wanted = min(contract.BENEFITS_MAX, total - 1) if summary else min(contract.BENEFITS_MIN, total)
    # The first facts are the most telling; among somewhat more than are wanted the product's id decides.
    picked = sorted(choice.shuffled("bullets", range(min(len(said), wanted + 2)))[:wanted])
    bullets = [said[place].bullet for place in picked]
    missing = wanted - len(bullets)
    bullets += [f"{spec.label}: {spec.value}" for spec in specs[:missing]]
    if summary:
        return bullets, said, specs
    return bullets, [item for place, item in enumerate(said) if place not in picked], specs[missing:]


def _category_facts(sheet: Sheet, choice: Choice, budget: int) -> tuple[list[str], list[str], list[str]]:
    """Sentences of the category for use, care and size. Products of a category share them, so a product whose own
    facts fill a good part of the text gets a choice of them: each group in turn, until the text is long enough."""
    groups = [choice.shuffled(name, facts) for name, facts in
              (("usage", sheet.usage), ("care", sheet.care), ("size", sheet.size_notes))]  # fmt: skip
    wanted = budget - (_WORDS_MAX - _WORDS_WANTED)
    picked: set[str] = set()
    for place in range(max(map(len, groups))):
        for group in groups:
            if place < len(group) and (wanted > 0 or place == 0) and _count([group[place]]) <= budget:
                picked.add(group[place])
                wanted -= _count([group[place]])
                budget -= _count([group[place]])
    usage, care, size = ([fact for fact in facts if fact in picked] for facts in
                         (sheet.usage, sheet.care, sheet.size_notes))  # fmt: skip
    return usage, care, size


def _count(sentences: list[str]) -> int:
    return sum(len(html.words(sentence)) for sentence in sentences)


def _fit(sentences: list[str], budget: int) -> tuple[list[str], int]:
    """Sentences in order while they fit into the budget of words, and what is left of it."""
    kept = []
    for sentence in sentences:
        count = len(html.words(sentence))
        if count <= budget:
            kept.append(sentence)
            budget -= count
    return kept, budget


def _spec_sentences(specs: list[Spec], wording: Wording, choice: Choice) -> list[str]:
    """Characteristics without a sentence of their own, up to four in one sentence: "Длина — 95 см"."""
    # A value that is itself a list would run into its neighbours.
    found = [f"{spec.label}: {spec.value}." for spec in specs if "," in spec.value]
    short = [spec for spec in specs if "," not in spec.value]
    for start in range(0, len(short), 4):
        listed = wording.listing([f"{_inside(spec.label)} — {spec.value}" for spec in short[start : start + 4]])
        pattern = choice.pick(f"specs/{start}", wording.patterns.SPECS)
        found.append(pattern.format_map({"v": listed, "V": listed[:1].upper() + listed[1:]}))
    return found


def _inside(label: str) -> str:
    """A label inside of a sentence: abbreviations keep their capitals."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
