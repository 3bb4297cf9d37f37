"""Preference files of our own making: a rubric that a model can learn, and one that only counts characters."""

import json
import random
from pathlib import Path

#: What a report has at least.
PROMISED = {
    "n_train", "n_test", "set_aside", "accuracy", "accuracy_low", "accuracy_high",
    "log_loss", "log_loss_calibrated", "ece_calibrated", "baselines",
}  # fmt: skip
ATTRIBUTES = [
    "цвет белый",
    "вес 540 г",
    "объём 1,7 л",
    "материал сталь",
    "сезон лето",
    "длина 30 см",
    "мощность 900 Вт",
]
PRAISE = ["лучший в мире", "невероятно крутой", "просто супер", "самый модный", "хит продаж", "вам понравится"]
FILLER = ["Подходит на каждый день", "Можно взять с собой", "Легко хранить дома", "Удобно держать в руке"]


def answer(rng: random.Random) -> tuple[str, float]:
    """A description and what it is worth: facts count for it, praise against it."""
    facts = rng.sample(ATTRIBUTES, rng.randint(0, 4))
    praise = rng.sample(PRAISE, rng.randint(0, 3))
    filler = rng.sample(FILLER, rng.randint(0, 3))
    parts = facts + praise + filler
    rng.shuffle(parts)
    return ". ".join(part.capitalize() for part in parts or ["Товар"]) + ".", len(facts) - len(praise)


def pairs(count: int, seed: int = 0, *, judge: str = "rubric", ties: float = 0.0) -> list[dict[str, object]]:
    """Records of our own format; `judge` is what decides: rubric, longer, or coin."""
    rng = random.Random(seed)
    records: list[dict[str, object]] = []
    while len(records) < count:
        (a, worth_a), (b, worth_b) = answer(rng), answer(rng)
        gain = {"rubric": worth_a - worth_b, "longer": len(a) - len(b), "coin": rng.choice([-1, 1])}[judge]
        if gain == 0:
            continue
        preferred = rng.choice(["tie", "both_bad"]) if rng.random() < ties else "a" if gain > 0 else "b"
        number = seed * 1_000_000 + len(records)
        prompt = f"Опиши товар {rng.choice(['чайник', 'куртка', 'лампа'])} номер {number}"
        category = rng.choice(["дом", "одежда"])
        record = {"id": number, "prompt": prompt, "response_a": a, "response_b": b, "preferred": preferred}
        records.append(record | {"category": category})
    return records


def write(path: Path, records: list[dict[str, object]]) -> Path:
    """JSON Lines."""
    path.write_text("".join(json.dumps(record, ensure_ascii=False) + "\n" for record in records), encoding="utf-8")
    return path


def made(folder: Path, count: int, seed: int = 0, *, judge: str = "rubric", ties: float = 0.0) -> Path:
    """A file of such pairs."""
    return write(folder / f"{judge}-{count}-{seed}.jsonl", pairs(count, seed, judge=judge, ties=ties))
