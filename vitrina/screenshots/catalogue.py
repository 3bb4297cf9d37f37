"""Planted sources, drops, products, texts and cases: rows of all stages, so that no page is empty.

Belongs here: the catalogue and what moderators decided. Stays out: people and their votes (``voting``), the ledger.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

DAYS = 30
_SOURCES = {"eczane": "Аптека у моря", "giyim": "Одежда Измира"}
#: Title, category, its path, paragraphs of a text, points of its list, words that nothing bears with their kind.
_GOODS = (
    ("Крем для рук с оливковым маслом, 75 мл", "bakim-krem", "Аптека > Уход > Кремы",
     ("Крем для рук Defne с оливковым маслом и пантенолом. Смягчает сухую кожу и быстро впитывается: после него можно "
      "сразу взяться за дела. Не оставляет липкой плёнки и подходит для частого применения.",
      "Удобен дома и в дороге: тюбик на 75 мл помещается в небольшую сумку. Экстракт алоэ успокаивает раздражение."),
     ("Объём: 75 мл", "В составе: оливковое масло, пантенол", "Без отдушек"), ("алоэ", "ingredient")),
    ("Шампунь с экстрактом крапивы, 400 мл", "sampun", "Аптека > Уход > Шампуни",
     ("Мягкий шампунь Defne для ежедневного мытья с экстрактом крапивы. Хорошо пенится, легко смывается и не "
      "утяжеляет волосы.",
      "Нейтральный pH не сушит кожу головы. Лечит перхоть и подходит всей семье."),
     ("Объём: 400 мл", "Для всех типов волос", "Нейтральный pH"), ("Лечит перхоть", "medical")),
    ("Платье льняное с поясом, синее", "platya", "Одежда > Женщинам > Платья",
     ("Свободное платье Defne из льна длиной до колена. Пояс в комплекте подчёркивает талию; без него платье держит "
      "прямой силуэт.",
      "Лён пропускает воздух и быстро сохнет, поэтому платье удобно в жару. Подкладка из шёлка приятна к телу."),
     ("Материал: лён", "Цвет: синий", "Пояс в комплекте"), ("шёлка", "material")),
    ("Рубашка хлопковая мужская, белая", "rubashki", "Одежда > Мужчинам > Рубашки",
     ("Прямая рубашка Defne из плотного хлопка с длинным рукавом. Держит форму, не просвечивает и сочетается с "
      "костюмом и с джинсами.",
      "Пуговицы из перламутра, манжеты на двух пуговицах, удлинённая спинка."),
     ("Материал: хлопок", "Рукав длинный", "Цвет: белый"), ("перламутра", "material")),
)  # fmt: skip
_RULES = (
    ("unsupported_claim", "Утверждения, которых нет в данных", "Claims that the data do not support"),
    ("category_confidence", "Категория под вопросом", "The category is doubtful"),
    ("short", "Короткое описание", "The description is short"),
)


class Catalogue:
    """Sources, drops, products with texts at all stages, cases, decisions about them."""

    def __init__(self, chance: random.Random, moment: datetime, people: dict[str, Any]) -> None:
        self.chance = chance
        self.moment = moment
        self.people = people
        self.ids: dict[str, int] = {}
        self.products: list[Any] = []
        self.versions: list[Any] = []

    def fill(self, count: int) -> None:
        drops = self._drops()
        categories = self._categories()
        for number in range(count):
            slug = _GOODS[number % len(_GOODS)][1]
            self._product(number, drops[number % len(drops)], categories[slug])
        self.ids |= {
            "drop_id": drops[0].pk,
            "product_id": self.versions[0].product_id,
            "version_id": self.versions[0].pk,
        }

    def _drops(self) -> list[Any]:
        from vitrina.catalog.models import Drop, QuarantinedRow, Source

        sources = [Source.objects.create(slug=slug, name=name) for slug, name in _SOURCES.items()]
        found = []
        for number in range(12):
            at = self.moment - timedelta(days=number * DAYS / 12, hours=1)
            source = sources[number % 2]
            bad = number % 3
            found.append(
                Drop.objects.create(
                    key=f"{source.slug}__list-{number}.csv__{number:012x}", source=source, name=f"list-{number}.csv",
                    path=f"drops/{source.slug}/list-{number}.csv", digest=f"{number:064x}", stamp=f"{number:016x}",
                    modified_at=at, parsed_at=at + timedelta(minutes=2), state="parsed", format="csv",
                    encoding="utf-8", rows=10 + bad, accepted=10, quarantined=bad, new_products=10,
                    reasons={"no_title": bad} if bad else {}, files=[{"key": f"list-{number}.csv", "size": 2048}],
                )
            )  # fmt: skip
            for row in range(bad):
                QuarantinedRow.objects.create(
                    drop=found[-1], ordinal=row + 1, file=f"list-{number}.csv", number=row + 3, reason="no_title",
                    message="The row has no title.", raw='{"code": "7", "name": "", "price": "120,00"}',
                )  # fmt: skip
        Drop.objects.create(
            key="giyim__broken.xlsx__ffffffffffff", source=sources[1], name="broken.xlsx", digest="f" * 64,
            path="drops/giyim/broken.xlsx", stamp="f" * 16, modified_at=self.moment, state="unreadable",
            message="The workbook is encrypted. Save it without a password and drop it again.",
        )  # fmt: skip
        return found

    def _categories(self) -> dict[str, Any]:
        from vitrina.categories.models import Category
        from vitrina.content.models import DescriptionTemplate

        found = {
            slug: Category.objects.create(slug=slug, name_ru=path.rsplit(" > ", 1)[-1], name_en=slug, path_ru=path)
            for _title, slug, path, *_texts in _GOODS
        }
        for slug, category in found.items():
            DescriptionTemplate.objects.create(
                name=f"{slug}: стиль", category=category, content="Пример описания.", usage_count=30, success_rate=0.8
            )
        return found

    def _product(self, number: int, drop: Any, category: Any) -> None:
        from vitrina.catalog.models import Product, Publication
        from vitrina.categories.models import ProductCategory
        from vitrina.content.models import ContentVersion, ProcessingLog, Verdict

        at = drop.parsed_at + timedelta(minutes=5)
        title, _slug, _path, paragraphs, points, (doubted, kind) = _GOODS[number % len(_GOODS)]
        product = Product.objects.create(
            source=drop.source, external_id=str(1000 + number), identity="id", title=f"{title} №{number}",
            brand="Defne", price=Decimal(300 + 7 * number), currency="RUB", drop=drop, drop_time=drop.modified_at,
            attributes=dict(point.split(": ") for point in points if ": " in point) | {"Страна": "Турция"},
            row_hash=uuid.uuid4(), content_hash=uuid.uuid4(),
        )  # fmt: skip
        self.products.append(product)
        sure = min(1.0, max(0.3, self.chance.gauss(0.86, 0.12)))
        ProductCategory.objects.create(
            product=product, category=category, confidence=sure, decided_by="classifier", fingerprint="f"
        )
        supported = self.chance.random() < 0.75
        finding = {"kind": kind, "surface": doubted, "start": 0, "end": 0, "explanation": "not in the data"}
        if number % 3 == 0:
            self._version(product, number, 1, paragraphs[:1], points[:2], origin="offline", model="vitrina-offline")
        version = self._version(
            product, number, 2 if number % 3 == 0 else 1, paragraphs, points, origin="llm", model="sample-model",
            grounding={"score": 1.0 if supported else 0.8, "findings": [] if supported else [finding]},
            templates=[f"{category.slug}: стиль"],
        )  # fmt: skip
        ContentVersion.objects.filter(product=product).update(created_at=at)
        self.versions.append(version)
        passed = supported and sure > 0.7
        state = "completed" if passed else "moderation"
        if not passed:
            state = self._case(number, version, at, state)
        approved = state in {"completed", "approved"}
        by = "rules" if passed or state == "moderation" else "person"
        Verdict.objects.create(version=version, approved=approved, decided_by=by, fingerprint="f")
        log = ProcessingLog.objects.create(
            product=product, version=version, processing_type="description_only", status=state, model="sample-model",
            cost_usd=Decimal("0.0004"), processing_time_ms=self.chance.randint(700, 2600),
        )  # fmt: skip
        ProcessingLog.objects.filter(pk=log.pk).update(created_at=at)
        if approved:
            Publication.objects.create(
                product=product, version=version, category=category, price=product.price, currency="RUB",
                fingerprint=f"p{number}", published_at=at + timedelta(minutes=20),
            )  # fmt: skip

    @staticmethod
    def _version(
        product: Any, number: int, version: int, paragraphs: Sequence[str], points: Sequence[str], **fields: Any
    ) -> Any:
        from vitrina.content.models import ContentVersion

        body = "".join(f"<p>{text}</p>" for text in paragraphs)
        listed = "".join(f"<li>{point}</li>" for point in points)
        mark = f"{number}-{version}"
        return ContentVersion.objects.create(
            product=product, number=version, title=product.title, body=f"{body}<ul>{listed}</ul>", prompt_version="1",
            input_hash=f"i{mark}", fingerprint=f"f{mark}", text_hash=f"t{mark}", **fields,
        )  # fmt: skip

    def _case(self, number: int, version: Any, at: datetime, state: str) -> str:
        """A case about a text; most of the older ones are decided."""
        from vitrina.review.models import Decision, ReviewItem

        rule, ru, en = _RULES[0] if version.grounding["findings"] else _RULES[1 + number % 2]
        item = ReviewItem.objects.create(
            kind="text", key=f"version:{version.pk}", product=version.product, version=version,
            priority=1 if rule == "unsupported_claim" else 2 + number % 2,
            reasons=[{"rule": rule, "message": en, "message_ru": ru, "message_en": en, "details": []}],
        )  # fmt: skip
        self.ids["item_id"] = item.pk
        if self.chance.random() < 0.4:
            return state
        action = self.chance.choices(["approve", "reject", "reprocess"], [6, 3, 1])[0]
        reasons = [self.chance.choice(["wrong_fact", "invented", "poor", "language"])] if action == "reject" else []
        decision = Decision.objects.create(
            item=item, action=action, decided_by=self.people["moderator"], reasons=reasons,
            active_ms=self.chance.randint(6_000, 60_000),
        )  # fmt: skip
        Decision.objects.filter(pk=decision.pk).update(created_at=at + timedelta(hours=2))
        closed = {"approve": "approved", "reject": "rejected", "reprocess": "reprocess"}[action]
        ReviewItem.objects.filter(pk=item.pk).update(state=closed, done=1, resolved_at=at + timedelta(hours=2))
        return {"approve": "approved", "reject": "rejected", "reprocess": "moderation"}[action]
