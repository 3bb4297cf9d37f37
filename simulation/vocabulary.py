"""What the made-up goods are like: kinds of goods, the attributes they may have, values in Russian and Turkish.

Belongs here: words. Stays out: drawing products from them (``products``), judging texts (``rubric``, which reads the
same glossary as a person who knows both languages would).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Value:
    """One value of an attribute.

    Attributes:
        ru, tr: As sources write it.
        said: Beginnings of Russian words by which a text states it, small letters, as regular expressions.
        known: Beginnings by which facts name it: of both languages.
    """

    ru: str
    tr: str
    said: tuple[str, ...]
    known: tuple[str, ...]


def _value(ru: str, tr: str, *said: str, known: tuple[str, ...] = ()) -> Value:
    stems = said or (ru.casefold()[: max(4, len(ru) - 2)],)
    return Value(ru, tr, stems, (*stems, tr.casefold(), *known))


#: Kind of attribute → values. A text that names a value whose product has none of it says something false.
GLOSSARY: Mapping[str, tuple[Value, ...]] = {
    "material": (
        _value("хлопок", "pamuk", "хлоп"), _value("вискоза", "viskon", "вискоз"), 
        _value("лён", "keten", "льн[аяу]", "лён"),
        _value("шерсть", "yün", "шерст"), _value("полиэстер", "polyester", "полиэстер"),
        _value("акрил", "akrilik", "акрил"), _value("эластан", "elastan", "эластан"),
        _value("шёлк", "ipek", "шёлк", "шелк"), _value("модал", "modal", "модал"),
    ),
    "color": (
        _value("чёрный", "siyah", "чёрн", "черн"), _value("белый", "beyaz", "бел[ыао]"),
        _value("синий", "mavi", "син[ияе]"),
        _value("красный", "kırmızı", "красн"), _value("зелёный", "yeşil", "зелён", "зелен"),
        _value("бежевый", "bej", "бежев"), _value("серый", "gri", "сер[ыао]"), _value("розовый", "pembe", "розов"),
        _value("коричневый", "kahverengi", "коричн"), _value("жёлтый", "sarı", "жёлт", "желт"),
        _value("бордовый", "bordo", "бордо"),
    ),
    "season": (
        _value("лето", "yaz", "лет[онуа]"), _value("зима", "kış", "зим"), _value("демисезон", "mevsimlik", "демисезон"),
    ),
    "pattern": (
        _value("полоска", "çizgili", "полос"), _value("цветочный", "çiçekli", "цветоч"),
        _value("клетка", "ekose", "клетк", "клетч"), _value("однотонный", "düz", "однотон"),
        _value("горошек", "puantiyeli", "горош"),
    ),
    "closure": (
        _value("молния", "fermuar", "молни"), _value("пуговицы", "düğme", "пуговиц"),
        _value("кнопки", "çıtçıt", "кнопк"), _value("завязки", "bağcıklı", "завязк"),
    ),
    "fit": (
        _value("прямой крой", "düz kalıp", "прям"), _value("приталенный", "dar kalıp", "притал"),
        _value("свободный", "bol kalıp", "свободн", "оверсайз"),
    ),
    "sleeve": (
        _value("короткий рукав", "kısa kol", r"коротк\w+ рукав"),
        _value("длинный рукав", "uzun kol", r"длинн\w+ рукав"),
        _value("без рукавов", "kolsuz", "без рукав"),
    ),
    "skin": (
        _value("сухая", "kuru", "сух"), _value("жирная", "yağlı", "жирн"),
        _value("чувствительная", "hassas", "чувствит"), _value("комбинированная", "karma", "комбинир"),
    ),
    "ingredient": (
        _value("алоэ вера", "aloe vera", "алоэ"), _value("гиалуроновая кислота", "hyaluronik asit", "гиалурон"),
        _value("масло ши", "shea yağı", "масло ши", "масла ши"), _value("пантенол", "pantenol", "пантенол"),
        _value("ниацинамид", "niasinamid", "ниацинамид"), _value("витамин E", "e vitamini", "витамин e", "витамин е"),
        _value("масло арганы", "argan yağı", "арган"), _value("глицерин", "gliserin", "глицерин"),
        _value("экстракт ромашки", "papatya özü", "ромашк"), _value("цинк", "çinko", "цинк"),
    ),
    "without": (
        _value("парабены", "paraben", "парабен"), _value("силиконы", "silikon", "силикон"),
        _value("сульфаты", "sülfat", "сульфат"), _value("спирт", "alkol", "спирт"),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of goods.

    Attributes:
        ru, tr: Beginning of the title.
        category: As the Russian and the Turkish source name its place, levels parted by ``>``.
        attributes: Kinds of :data:`GLOSSARY` that such a product may have.
        amounts: ``50 мл``: amounts of one package; empty for clothing, which has sizes.
    """

    ru: str
    tr: str
    category: tuple[str, str]
    gender: tuple[str, str]
    attributes: tuple[str, ...]
    amounts: tuple[str, ...] = ()


_WEAR = ("material", "color", "season", "pattern", "fit", "sleeve", "closure")
_CARE = ("ingredient", "without")
_WOMEN, _MEN, _NONE = ("женское", "Kadın"), ("мужское", "Erkek"), ("", "")
KINDS: tuple[Kind, ...] = (
    Kind("Платье женское", "Kadın Elbise", ("Одежда > Женщинам > Платья", "Giyim > Kadın > Elbise"), _WOMEN, _WEAR),
    Kind("Блузка женская", "Kadın Bluz", ("Одежда > Женщинам > Блузки", "Giyim > Kadın > Bluz"), _WOMEN, _WEAR),
    Kind("Рубашка мужская", "Erkek Gömlek", ("Одежда > Мужчинам > Рубашки", "Giyim > Erkek > Gömlek"), _MEN, _WEAR),
    Kind("Футболка мужская", "Erkek Tişört", ("Одежда > Мужчинам > Футболки", "Giyim > Erkek > Tişört"), _MEN,
         ("material", "color", "pattern", "fit", "sleeve")),
    Kind("Брюки женские", "Kadın Pantolon", ("Одежда > Женщинам > Брюки", "Giyim > Kadın > Pantolon"), _WOMEN,
         ("material", "color", "season", "pattern", "fit", "closure")),
    Kind("Свитер мужской", "Erkek Kazak", ("Одежда > Мужчинам > Свитеры", "Giyim > Erkek > Kazak"), _MEN,
         ("material", "color", "season", "pattern", "fit")),
    Kind("Юбка женская", "Kadın Etek", ("Одежда > Женщинам > Юбки", "Giyim > Kadın > Etek"), _WOMEN,
         ("material", "color", "season", "pattern", "closure")),
    Kind("Крем для лица", "Yüz Kremi", ("Косметика > Кремы для лица", "Kozmetik > Yüz Kremi"), _NONE,
         (*_CARE, "skin"), ("30 мл", "50 мл", "75 мл")),
    Kind("Сыворотка для лица", "Yüz Serumu", ("Косметика > Сыворотки и масла", "Kozmetik > Serum"), _NONE,
         (*_CARE, "skin"), ("20 мл", "30 мл")),
    Kind("Гель для умывания", "Yüz Yıkama Jeli", ("Косметика > Очищение лица", "Kozmetik > Yüz Temizleme"), _NONE,
         (*_CARE, "skin"), ("150 мл", "200 мл")),
    Kind("Маска для лица", "Yüz Maskesi", ("Косметика > Маски", "Kozmetik > Maske"), _NONE,
         (*_CARE, "skin"), ("75 мл", "100 мл")),
    Kind("Шампунь", "Şampuan", ("Косметика > Шампуни", "Kozmetik > Şampuan"), _NONE, _CARE,
         ("250 мл", "400 мл", "500 мл")),
    Kind("Лосьон для тела", "Vücut Losyonu", ("Косметика > Уход за телом", "Kozmetik > Vücut Bakımı"), _NONE,
         (*_CARE, "skin"), ("200 мл", "400 мл")),
    Kind("Крем под подгузник", "Pişik Kremi", ("Аптека > Уход за малышом", "Eczane > Bebek Bakımı"), _NONE, _CARE,
         ("75 мл", "100 мл")),
    Kind("Зубная паста", "Diş Macunu", ("Аптека > Гигиена полости рта", "Eczane > Ağız Bakımı"), _NONE, _CARE,
         ("75 мл", "100 мл")),
)  # fmt: skip

#: Names of attributes as the two sources write them.
LABELS: Mapping[str, tuple[str, str]] = {
    "material": ("Состав", "Materyal"), "color": ("Цвет", "Renk"), "season": ("Сезон", "Mevsim"),
    "pattern": ("Рисунок", "Desen"), "closure": ("Застёжка", "Kapama"), "fit": ("Крой", "Kalıp"),
    "sleeve": ("Рукав", "Kol Tipi"), "skin": ("Тип кожи", "Cilt Tipi"), "ingredient": ("Состав", "İçerik"),
    "without": ("Не содержит", "İçermez"), "sizes": ("Размеры", "Beden"), "amount": ("Объём", "Hacim"),
    "country": ("Страна", "Menşei"),
}  # fmt: skip

BRANDS: tuple[str, ...] = (
    "Lalezar", "Nehirce", "Kardelya", "Altunova", "Ege Boyut", "Marmaris Tekstil", "Zeytinli", "Dervent", "Safirya",
    "Anatolia Care", "Defne Lab", "Pera Botanik", "Yasemin Özü", "Kuzeyden", "Boncuklu", "Turunç",
)  # fmt: skip
SIZES: tuple[str, ...] = ("S, M, L", "M, L, XL", "S, M, L, XL", "XS, S, M", "L, XL, XXL", "42-50")
#: What sellers say that is no fact: whoever writes of the product should not repeat it.
PUFF: tuple[tuple[str, str], ...] = (
    ("Хит продаж!", "Çok satan ürün!"), ("Успейте купить по выгодной цене.", "Fırsatı kaçırmayın."),
    ("Пишите нам в сообщения.", "Bize mesaj yazın."), ("Отличное качество.", "Kaliteli ürün."),
)  # fmt: skip
