"""From facts to the sheet: what the title, the attributes and the category say, in terms of the lexicon.

Belongs here: which field is believed for what. Stays out: wording.

An attribute is believed before the title, and the title before nothing: the source's own description is only quoted
(``source_text``), never mined, since it may speak of other goods as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from vitrina.content.facts import ProductFacts
from vitrina.content.html import strip_markup
from vitrina.content.morphology import lemmas, tokens
from vitrina.content.writer.attributes import LABELS, last_part, role
from vitrina.content.writer.quantities import read_quantities
from vitrina.content.writer.sheet import Quantity, Share, Sheet, Spec
from vitrina.content.writer.source_text import clean_sentences, clean_value, is_clean_fact, is_quotable
from vitrina.lexicon import Entry, Lexicon, Match

#: Kinds of the lexicon that the title and attributes are searched for, and where on the sheet they go.
_FIELDS = {
    "color": "colors", "gender": "genders", "age": "ages", "season": "seasons", "country": "countries",
    "pattern": "patterns", "closure": "closures", "sleeve": "sleeves", "neckline": "necklines", "fit": "fits",
    "skin": "skins", "ingredient": "ingredients",
}  # fmt: skip
#: Role of an attribute → kinds that its value is searched for.
_LOOKED_UP = {role: frozenset({role}) for role in _FIELDS} | {"material": frozenset({"material", "ingredient"})}
#: What a title of that group may be believed about ("шёлковый блеск" of a shampoo is not silk).
_TITLE_KINDS = {
    "garment": {"color", "gender", "age", "season", "pattern", "closure", "sleeve", "neckline", "fit", "material"},
    "care": {"gender", "age", "skin", "ingredient"},
    "goods": {"gender", "age"},
}
_GARMENT_PATH = re.compile(r"одежд|обув|аксессуар|бель|текстил|сумк|clothing|shoes|apparel", re.IGNORECASE)
_CARE_PATH = re.compile(
    r"аптек|космет|уход|витамин|гигиен|парфюм|медиц|здоров|pharm|beauty|cosmet|health", re.IGNORECASE
)
_TURKISH = re.compile(r"[ğĞşŞıİçÇ]")
_PERCENT_BEFORE = re.compile(r"(?:%\s*(\d{1,3}(?:[.,]\d+)?)|(\d{1,3}(?:[.,]\d+)?)\s*%)\s*$")
_PERCENT_AFTER = re.compile(r"\s*[-–—:(]?\s*(?:%\s*(\d{1,3}(?:[.,]\d+)?)|(\d{1,3}(?:[.,]\d+)?)\s*%)")
_SIZE_LIST = re.compile(r"[0-9A-Za-z.,/\s–-]{1,80}")
_SIZE = re.compile(r"\b(?:\d{0,2}X{0,4}[SML]|\d{2,3}(?:[.,]5)?)\b", re.IGNORECASE)
_CARE_LEMMAS = frozenset(
    {"стирать", "стирка", "гладить", "глажка", "утюг", "отбеливать", "отбеливание", "сушить", "сушка", "хранить",
     "хранение", "уход", "чистить", "химчистка", "протирать",
     "выкручивать", "отжать", "отжимать", "полоскать", "замачивать"}
)  # fmt: skip
_SIZE_LEMMAS = frozenset({"размер", "размерный", "мерка", "обхват", "рост", "стопа", "таблица", "ширина", "сантиметр"})
_LEANS = re.compile(
    r"(?:он|она|оно|они|его|её|ее|их|это|также|тогда|при этом|it|they|this|these|also)\b", re.IGNORECASE
)
_CAPITALS = re.compile(r"(?<![\w-])[А-ЯЁ]{4,}(?![\w-])")
_CARE_EN = re.compile(r"\b(?:wash|iron|bleach|dry|store|storage|clean|keep)\w*", re.IGNORECASE)
_SIZE_EN = re.compile(r"\b(?:size|sizes|sizing|measure\w*|girth|height|foot)\b", re.IGNORECASE)
_NUMBER = re.compile(r"\d")


def read(facts: ProductFacts, lexicon: Lexicon) -> Sheet:
    """The sheet of a product. Never raises for odd facts: what cannot be read is left out."""
    language = facts.language
    title = " ".join(strip_markup(facts.title).split())
    sheet = Sheet(product_id=facts.product_id, language=language)
    path = [part.strip() for part in re.split(r"[>/»]", facts.category_path or "") if part.strip()]
    if path and language == "ru" and is_quotable(" ".join(path), "ru", lexicon, label=True):
        sheet.category_path, sheet.category = tuple(path), path[-1]
    brand = " ".join(strip_markup(facts.brand or "").split())
    if brand and len(brand) <= 60 and is_quotable(brand, language, lexicon, label=True):
        sheet.brand = brand
    matches = lexicon.find(title)
    sheet.kind = _kind(title, matches, path, lexicon)
    sheet.group = _group(sheet.kind, path)
    sheet.name = _name(title, language, lexicon)
    _read_attributes(sheet, facts, lexicon)
    _read_title(sheet, title, matches, lexicon)
    sheet.source = _new_sentences(clean_sentences(facts.description, language, lexicon), title)
    before = "\n"
    for fact in facts.category_facts:
        plain = " ".join(strip_markup(fact).split())
        _file_fact(sheet, plain, before)
        before = plain.rstrip(".") + "."
    return sheet


def _kind(title: str, matches: list[Match], path: list[str], lexicon: Lexicon) -> Entry | None:
    """What the product is. A category that names one of the title's things decides; else word order does: Russian
    names the thing first, Turkish last, English last before "with" or "for"."""
    named = [match for match in matches if match.entry.kind in ("garment", "care") and not match.negated]
    of_path = [m.entry for part in reversed(path) for m in lexicon.find(part) if m.entry.kind in ("garment", "care")]
    for match in named:
        if any(lexicon.equivalent(match.entry, entry) for entry in of_path):
            return match.entry
    if not named:
        return of_path[0] if len(of_path) == 1 and len(path[-1].split()) == 1 else None
    if re.search(r"[а-яё]", title, re.IGNORECASE) and _is_russian(title):
        return named[0].entry
    cut = re.search(r"\b(?:with|for|ile|için)\b", title, re.IGNORECASE)
    before = [match for match in named if cut is None or match.start < cut.start()]
    return (before or named)[-1].entry


def _group(kind: Entry | None, path: list[str]) -> str:
    if kind is not None:
        return kind.kind
    joined = " ".join(path)
    if _GARMENT_PATH.search(joined):
        return "garment"
    return "care" if _CARE_PATH.search(joined) else "goods"


def _is_russian(title: str) -> bool:
    return len(re.findall(r"[А-Яа-яЁё]", title)) >= 4 and not _TURKISH.search(title)


def _name(title: str, language: str, lexicon: Lexicon) -> str | None:
    """The title itself, when it is in the target language and may be quoted."""
    if language == "ru":
        own = _is_russian(title)
    else:
        english = sum(len(m.surface) for m in lexicon.find(title, "en"))
        turkish = sum(len(m.surface) for m in lexicon.find(title, "tr"))
        own = not re.search(r"[А-Яа-яЁё]", title) and not _TURKISH.search(title) and 0 < english >= turkish
    if not own:
        return None
    name = re.sub(r"[!*_~^#]+", " ", title)
    name = " ".join(name.split()).strip(" .,;:-–—/|")
    # "ПЛАТЬЕ ЖЕНСКОЕ" becomes words; Latin capitals may be a brand or a code.
    name = _CAPITALS.sub(lambda match: match[0].lower(), name)
    name = name[:1].upper() + name[1:]
    if not 3 <= len(name) <= 180 or not is_quotable(name, language, lexicon, label=True):
        return None
    return name


def _read_attributes(sheet: Sheet, facts: ProductFacts, lexicon: Lexicon) -> None:
    labels = LABELS[sheet.language]
    for name, raw in sorted(facts.attributes.items()):
        value = " ".join(strip_markup(str(raw)).split())
        meaning = role(name)
        if not value or meaning == "skip" or len(value) > 400:
            continue
        if meaning == "brand":
            if sheet.brand is None and len(value) <= 60 and is_quotable(value, sheet.language, lexicon, label=True):
                sheet.brand = value
            continue
        own_label = _label(name, sheet.language, lexicon)
        label = own_label or labels.get(meaning or "")
        if meaning == "sizes":
            whole = None if _SIZE_LIST.fullmatch(value) else clean_value(value, sheet.language, lexicon)
            if label and whole and re.search(r"[^\W\d_]{4,}", whole):
                sheet.specs.append(Spec(label, whole))  # "простыня 200х220 см, наволочка 50х70 см"
            else:
                sheet.sizes = sheet.sizes or _sizes(value)
            continue
        if meaning == "unit" and (found := read_quantities(value, lexicon, sheet.language)):
            if own_label and found[0].dimension not in ("volume", "count", "pair"):
                sheet.specs.append(Spec(own_label, found[0].text))
            else:
                _extend(sheet.quantities, found)
            continue
        kinds = _LOOKED_UP.get(meaning or "", frozenset())
        quoted = meaning in ("material", "ingredient") and sheet.group != "garment"
        if quoted and label and (whole := clean_value(value, sheet.language, lexicon)):
            sheet.specs.append(Spec(label, whole))  # a list of substances is quoted whole, not what is known of it
            continue
        if meaning == "material" and (whole := clean_value(value, sheet.language, lexicon)):
            sheet.material_text = sheet.material_text or whole
        if kinds and _take(sheet, value, kinds, lexicon):
            continue
        clean = clean_value(value, sheet.language, lexicon)
        if clean is None and own_label and (found := read_quantities(value, lexicon, sheet.language)):
            clean = found[0].text
        if clean is None and meaning == "effect":
            clean = _say_all(lexicon.find(value), sheet.language, ("effect", "skin")) or None
        if meaning == "unit" and clean and clean.isdigit() and clean in re.findall(r"\d+", facts.title):
            continue  # the title says it with its unit
        if label and clean and clean.casefold() not in (sheet.brand or "").casefold():
            sheet.specs.append(Spec(label, clean))


def _take(sheet: Sheet, value: str, kinds: frozenset[str], lexicon: Lexicon) -> bool:
    """Entries of the kinds in an attribute's value; whether there were any."""
    found = [match for match in lexicon.find(value) if match.entry.kind in kinds]
    for match in found:
        if match.negated:
            _add(sheet.without, match.entry)
        elif match.entry.kind == "material":
            _add_material(sheet, match, value, found)
        else:
            _add(getattr(sheet, _FIELDS[match.entry.kind]), match.entry)
    return bool(found)


def _add_material(sheet: Sheet, match: Match, value: str, found: list[Match]) -> None:
    first = _NUMBER.search(value)
    leading = first is not None and first.start() < found[0].start
    hit = _PERCENT_BEFORE.search(value[: match.start]) if leading else _PERCENT_AFTER.match(value[match.end :])
    percent = (hit[1] or hit[2]) if hit else None
    if (
        sheet.language == "ru"
        and re.search(r"[А-Яа-я]", match.surface)
        and match.surface[:3].lower() != match.entry.ru[:3]
    ):
        return  # "сатин" is quoted, never renamed to its nearest entry
    if not any(share.entry == match.entry for share in sheet.materials):
        sheet.materials.append(Share(match.entry, percent))


def _read_title(sheet: Sheet, title: str, matches: list[Match], lexicon: Lexicon) -> None:
    known = {kind for kind, name in _FIELDS.items() if getattr(sheet, name)}
    for match in matches:
        kind = match.entry.kind
        if match.negated and kind in ("ingredient", "material"):
            _add(sheet.without, match.entry)
        elif kind in known or kind not in _TITLE_KINDS[sheet.group] or match.negated:
            continue
        elif sheet.name and kind not in ("color", "material", "gender"):
            continue  # the quoted title says it
        elif kind == "material":
            if not any(share.percent for share in sheet.materials):
                _add_material(sheet, match, title, [match])
        else:
            _add(getattr(sheet, _FIELDS[kind]), match.entry)
    told = {spec.value for spec in sheet.specs}
    found = read_quantities(title, lexicon, sheet.language, free_text=True)
    _extend(sheet.quantities, (quantity for quantity in found if quantity.text not in told))


def _file_fact(sheet: Sheet, fact: str, before: str) -> None:
    """A sentence of the category goes to care, size advice, or use."""
    if not fact or not is_clean_fact(fact):
        return
    fact = fact if fact[-1] in ".!?" else fact + "."
    if _LEANS.match(fact):  # "Она легко сочетается …" says nothing without the sentence before it
        for group in (sheet.usage, sheet.care, sheet.size_notes):
            if group and group[-1].endswith(before):
                group[-1] += " " + fact
                return
    words = {lemma for token in tokens(fact) for lemma in lemmas(token)}
    if words & _SIZE_LEMMAS or (sheet.language == "en" and _SIZE_EN.search(fact)):
        sheet.size_notes.append(fact)
    elif words & _CARE_LEMMAS or (sheet.language == "en" and _CARE_EN.search(fact)):
        sheet.care.append(fact)
    else:
        sheet.usage.append(fact)


def _sizes(value: str) -> str | None:
    """Sizes as given, when they are letters and numbers only; "S-XL", "42, 44, 46", "46–48"."""
    value = value.strip(" .,;")
    if _SIZE_LIST.fullmatch(value) and _SIZE.search(value):
        return re.sub(r"\s*[,;/|]\s*|\s+(?=[0-9SMLX])", ", ", value).replace(", -, ", "-")
    found = list(dict.fromkeys(match[0] for match in _SIZE.finditer(value)))
    return ", ".join(found) if found and len(found) <= 15 else None


def _label(name: str, language: str, lexicon: Lexicon) -> str | None:
    name = last_part(" ".join(strip_markup(name).split())).strip(" :.")
    own = re.search(r"[а-яё]{2}", name, re.IGNORECASE) if language == "ru" else re.fullmatch(r"[A-Za-z ()-]{3,}", name)
    if not own or len(name) > 40 or not is_quotable(name, language, lexicon, label=True):
        return None
    if language == "en" and (_TURKISH.search(name) or not _is_english_label(name)):
        return None
    return name[:1].upper() + name[1:]


def _is_english_label(name: str) -> bool:
    """Whether a Latin label is English and not Turkish written without its marks: by its commonest words."""
    known = "height length width weight depth model heel sole lining pocket pockets style occasion spf age type finish"
    return any(word in known.split() for word in name.casefold().split())


def _say_all(matches: Iterable[Match], language: str, kinds: tuple[str, ...]) -> str:
    names = [m.entry.ru if language == "ru" else (m.entry.en or ("",))[0] for m in matches if m.entry.kind in kinds]
    return ", ".join(dict.fromkeys(filter(None, names)))


def _new_sentences(sentences: list[str], title: str) -> list[str]:
    plain = title.casefold().strip(" .")
    return [sentence for sentence in sentences if sentence.casefold().strip(" .") != plain]


def _add(entries: list[Entry], entry: Entry) -> None:
    if entry not in entries:
        entries.append(entry)


def _extend(values: list[Quantity], new: Iterable[Quantity]) -> None:
    values.extend(value for value in new if value not in values)
