"""Products of our own making for the content tests: pharmacy, cosmetics, clothing in three languages."""

from __future__ import annotations

from vitrina.content.contract import Description
from vitrina.content.facts import ProductFacts

DRESS_FACTS = (
    "Платье составляет образ само по себе, к нему остаётся подобрать обувь и сумку.",
    "Перед первой стиркой прочитайте символы на ярлыке, на них указаны температура и режим.",
    "Выверните изделие наизнанку и застегните все застёжки перед стиркой.",
    "Сушите в расправленном виде, вдали от батарей и прямых солнечных лучей.",
    "Чтобы выбрать размер, снимите мерки груди, талии и бёдер и сравните их с таблицей размеров.",
    "Если мерки попали между соседними размерами, для свободной посадки выбирайте больший.",
)
CREAM_FACTS = (
    "Нанесите небольшое количество средства на чистую сухую кожу и распределите лёгкими движениями.",
    "Перед первым применением попробуйте средство на небольшом участке, например на сгибе локтя.",
    "Если появились покраснение или зуд, смойте средство водой и прекратите использование.",
    "Избегайте попадания в глаза, при попадании промойте их чистой водой.",
    "Храните упаковку плотно закрытой, при комнатной температуре, вдали от солнца.",
    "Обращайте внимание на срок годности, он указан на упаковке.",
)
VITAMIN_FACTS = (
    "Рекомендуемая порция и способ приёма указаны на упаковке, превышать их не следует.",
    "Перед началом приёма посоветуйтесь с врачом и учтите другие комплексы, которые вы принимаете.",
    "Добавка не заменяет разнообразное питание, поэтому привычные продукты остаются в меню.",
    "Полный состав напечатан на этикетке, проверьте его, если у вас есть чувствительность к компонентам.",
    "Держите упаковку плотно закрытой, в сухом прохладном месте, где её не достанут дети.",
    "Добавка дополняет обычный рацион и не является лекарственным средством.",
)

DRESS_RU = ProductFacts(
    1,
    "Платье женское летнее с цветочным принтом",
    "Lale",
    "Лёгкое платье из вискозы с расклешённой юбкой. Длина изделия ниже колена, на поясе есть мягкая резинка. Сзади "
    "вшита потайная молния, по бокам расположены два кармана. Успейте купить со скидкой на www.shop.example!",
    "platya",
    "Одежда > Женщинам > Платья",
    {
        "Цвет": "голубой", "Состав": "вискоза 95%, эластан 5%", "Размер": "42-50", "Страна производства": "Турция",
        "Длина изделия": "115 см", "Рукав": "короткий", "Вид застежки": "молния", "Артикул": "L-2231",
    },
    DRESS_FACTS,
)  # fmt: skip
DRESS_TR = ProductFacts(
    2,
    "Kadın Siyah V Yaka Uzun Kollu Midi Elbise",
    "Nehir",
    "Yumuşak dokulu, rahat kalıplı elbise.",
    "platya",
    "Одежда > Женщинам > Платья",
    {
        "Renk": "Siyah", "Kumaş": "%95 Pamuk %5 Elastan", "Beden": "S, M, L, XL", "Menşei": "Türkiye", "Mevsim": "Kış",
        "Kol Boyu": "Uzun Kol", "Yaka": "V Yaka", "Stok Kodu": "NH-77",
    },
    DRESS_FACTS,
)  # fmt: skip
CREAM_RU = ProductFacts(
    3,
    "Крем для рук с алоэ вера 75 мл",
    "Derma Anatolia",
    "<p>Крем для рук с экстрактом алоэ вера быстро впитывается и не оставляет плёнки. Тюбик с крышкой удобно носить в "
    "сумке. Отдушка лёгкая, без красителей.</p>",
    "kremy-dlya-ruk",
    "Косметика > Уход за телом > Кремы для рук",
    {"Объём": "75 мл", "Тип кожи": "сухая", "Состав": "вода, глицерин, алоэ", "Страна производства": "Турция",
     "Назначение": "увлажнение", "Упаковка": "тюбик"},
    CREAM_FACTS,
)  # fmt: skip
VITAMIN_TR = ProductFacts(
    4, "Omega 3 Balık Yağı 1000 mg 60 Yumuşak Kapsül", "Deniz", None, "vitaminy", "Аптека > Витамины и добавки",
    {"Etken Madde": "Balık yağı", "Menşei": "Türkiye", "Yaş Grubu": "Yetişkin"}, VITAMIN_FACTS,
)  # fmt: skip
SHIRT_EN = ProductFacts(
    5, "Women's Long Sleeve Cotton Shirt", "Bozkir", "A shirt with two chest pockets and a straight hem.", "shirts",
    "Одежда > Женщинам > Рубашки",
    {"Color": "White", "Material": "100% Cotton", "Size": "S, M, L", "Country of origin": "Turkey"},
    ("Wash at the temperature that the label states.", "Compare bust and waist with the size chart.",
     "It is worn alone or over a shirt."), "en",
)  # fmt: skip
BARE = ProductFacts(6, "Bornoz")

RICH = (DRESS_RU, CREAM_RU)
ALL = (*RICH, DRESS_TR, VITAMIN_TR, SHIRT_EN, BARE)


def description(**changes: object) -> Description:
    """A description that breaks no rule, with changes."""
    sentence = "Платье сшито из мягкой ткани и хорошо сидит на фигуре, его носят в тёплые дни. "
    values: dict[str, object] = {
        "product_id": 1,
        "language": "ru",
        "title": "Платье женское летнее",
        "body": f"<p>{(sentence * 11).strip()}</p><ul><li>Мягкая ткань</li><li>Карманы</li><li>Пояс</li></ul>",
        "benefits": ["Мягкая ткань", "Свободный крой", "Карманы"],
        "material_care": "",
        "size_advice": "",
        "seo_title": "Платье женское летнее из мягкой ткани с карманами Лале",
        "seo_description": "Платье женское летнее из мягкой ткани с карманами. " * 3 + "Два",
        "keywords": ["платье", "летнее платье", "женское платье", "платье с карманами", "платье Лале"],
    }
    return Description.model_validate({**values, **changes})
